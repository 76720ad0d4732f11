#include "tools/number_option.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

#include "core/thread_pool.h"

namespace kith {
namespace {

// Checks a value and drops leading zeros, which CLI11 would take for octal.  CLI11 puts the
// option's name before the message and reads an empty message as success.
template <typename T>
CLI::Validator WholeNumber(T max = std::numeric_limits<T>::max()) {
  return CLI::Validator(
      [max](std::string& text) -> std::string {
        T number = 0;
        const char* end = text.data() + text.size();
        const auto parsed = std::from_chars(text.data(), end, number);
        if (text.empty() || parsed.ec != std::errc() || parsed.ptr != end || number > max) {
          return "expected a whole number from 0 to " + std::to_string(max) + ", found \"" + text +
                 "\"";
        }
        text = std::to_string(number);
        return {};
      },
      "");
}

CLI::Validator RealNumber() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        double number = 0;
        const char* end = text.data() + text.size();
        const auto parsed = std::from_chars(text.data(), end, number);
        if (text.empty() || parsed.ec != std::errc() || parsed.ptr != end ||
            !std::isfinite(number) || number < 0) {
          return "expected a number of at least 0, such as 0.95, found \"" + text + "\"";
        }
        return {};
      },
      "");
}

}  // namespace

CLI::Option* AddNumber(CLI::App& app, const std::string& name, std::uint32_t& value,
                       const std::string& description) {
  return app.add_option(name, value, description)
      ->capture_default_str()
      ->transform(WholeNumber<std::uint32_t>());
}

CLI::Option* AddNumber(CLI::App& app, const std::string& name, std::uint64_t& value,
                       const std::string& description) {
  return app.add_option(name, value, description)
      ->capture_default_str()
      ->transform(WholeNumber<std::uint64_t>());
}

CLI::Option* AddNumber(CLI::App& app, const std::string& name, double& value,
                       const std::string& description) {
  return app.add_option(name, value, description)->capture_default_str()->transform(RealNumber());
}

CLI::Option* AddNumbers(CLI::App& app, const std::string& name, std::vector<std::uint32_t>& values,
                        int count_max, const std::string& description) {
  return app.add_option(name, values, description)
      ->expected(1, count_max)
      ->transform(WholeNumber<std::uint32_t>());
}

CLI::Option* AddNumbers(CLI::App& app, const std::string& name, std::vector<double>& values,
                        int count_max, const std::string& description) {
  return app.add_option(name, values, description)->expected(1, count_max)->transform(RealNumber());
}

CLI::Option* AddThreads(CLI::App& app, std::size_t& value, const std::string& description) {
  return app.add_option("--threads", value, description)
      ->capture_default_str()
      ->transform(WholeNumber<std::uint64_t>(kThreadsMax));
}

}  // namespace kith
