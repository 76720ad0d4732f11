#include "tools/size_argument.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cstdio>

namespace kith {
namespace {

struct Unit {
  std::string_view name;
  double bytes;
};

constexpr double kKibi = 1024, kKilo = 1000;
constexpr std::array<Unit, 14> kUnits = {{
    {"", 1},
    {"b", 1},
    {"k", kKibi},
    {"kib", kKibi},
    {"m", kKibi* kKibi},
    {"mib", kKibi* kKibi},
    {"g", kKibi* kKibi* kKibi},
    {"gib", kKibi* kKibi* kKibi},
    {"t", kKibi* kKibi* kKibi* kKibi},
    {"tib", kKibi* kKibi* kKibi* kKibi},
    {"kb", kKilo},
    {"mb", kKilo* kKilo},
    {"gb", kKilo* kKilo* kKilo},
    {"tb", kKilo* kKilo* kKilo* kKilo},
}};

Error BadSize(std::string_view text) {
  return {ErrorCode::kInvalidArgument, "\"" + std::string(text) +
                                           "\" is not a size: expected a number with an optional "
                                           "unit, such as 2GiB, 512MiB, 1.5G or 1000000 (bytes)"};
}

}  // namespace

Result<std::uint64_t> ParseSize(std::string_view text) {
  // std::from_chars would also take "inf", "1e9" and "-1".
  const std::size_t number_end = std::min(text.find_first_not_of("0123456789."), text.size());
  if (number_end == 0 || text.front() == '.' || text[number_end - 1] == '.') return BadSize(text);
  double number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + number_end, number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + number_end) return BadSize(text);

  std::string unit(text.substr(number_end));
  if (unit.size() > 1 && unit.front() == ' ') unit.erase(0, 1);
  for (char& c : unit) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const Unit& candidate : kUnits) {
    if (candidate.name != unit) continue;
    const double bytes = number * candidate.bytes;
    if (bytes < 1 || bytes >= 9223372036854775808.0) return BadSize(text);
    return static_cast<std::uint64_t>(bytes);
  }
  return BadSize(text);
}

std::string FormatSize(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kNames = {"B", "KiB", "MiB", "GiB", "TiB"};
  double amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (amount >= 1023.5 && unit + 1 < kNames.size()) {
    amount /= 1024;
    ++unit;
  }
  const int decimals = unit == 0 || amount >= 99.95 ? 0 : amount >= 9.995 ? 1 : 2;
  char text[64];
  std::snprintf(text, sizeof text, "%.*f %s", decimals, amount, kNames[unit]);
  return text;
}

}  // namespace kith
