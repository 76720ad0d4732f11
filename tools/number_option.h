// Options whose value is a number, read strictly: CLI11 alone takes "010" for 8, "-1" for 2^64 - 1
// and nothing for 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace kith {

// Add an option to `app`; `value`, which must outlive the parsing, holds and shows the default.
// Whole numbers are digits only and fit the type; reals are finite decimals of at least 0.
CLI::Option* AddNumber(CLI::App& app, const std::string& name, std::uint32_t& value,
                       const std::string& description);
CLI::Option* AddNumber(CLI::App& app, const std::string& name, std::uint64_t& value,
                       const std::string& description);
CLI::Option* AddNumber(CLI::App& app, const std::string& name, double& value,
                       const std::string& description);
// One to `count_max` numbers after the name.
CLI::Option* AddNumbers(CLI::App& app, const std::string& name, std::vector<std::uint32_t>& values,
                        int count_max, const std::string& description);
CLI::Option* AddNumbers(CLI::App& app, const std::string& name, std::vector<double>& values,
                        int count_max, const std::string& description);

// --threads: 0 to kThreadsMax (core/thread_pool.h).
CLI::Option* AddThreads(CLI::App& app, std::size_t& value, const std::string& description);

}  // namespace kith
