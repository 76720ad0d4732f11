#include "index/payload/datetime.h"

#include <chrono>
#include <cstdio>

namespace kith {
namespace {

constexpr std::int64_t kMicros = 1'000'000;

class Scanner {
 public:
  explicit Scanner(std::string_view left) : left_(left) {}

  bool done() const { return left_.empty(); }
  bool Take(std::string_view any_of) {
    if (left_.empty() || any_of.find(left_[0]) == std::string_view::npos) return false;
    taken_ = left_[0];
    left_.remove_prefix(1);
    return true;
  }
  char taken() const { return taken_; }

  // Exactly `digits` digits; -1 when there are fewer.
  int Number(int digits) {
    int value = 0;
    for (int i = 0; i < digits; ++i) {
      if (!Take("0123456789")) return -1;
      value = value * 10 + (taken_ - '0');
    }
    return value;
  }

 private:
  std::string_view left_;
  char taken_ = '\0';
};

std::optional<std::int64_t> Days(Scanner& in) {
  const int year = in.Number(4);
  if (year < 0 || !in.Take("-")) return std::nullopt;
  const int month = in.Number(2);
  if (month < 0 || !in.Take("-")) return std::nullopt;
  const int day = in.Number(2);
  if (day < 0) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

// Microseconds since midnight.
std::optional<std::int64_t> TimeOfDay(Scanner& in) {
  const int hour = in.Number(2);
  if (hour < 0 || hour > 23 || !in.Take(":")) return std::nullopt;
  const int minute = in.Number(2);
  if (minute < 0 || minute > 59) return std::nullopt;
  std::int64_t micros = (hour * std::int64_t{60} + minute) * 60 * kMicros;
  if (!in.Take(":")) return micros;
  const int second = in.Number(2);
  if (second < 0 || second > 60) return std::nullopt;
  micros += second * kMicros;
  if (!in.Take(".")) return micros;
  if (!in.Take("0123456789")) return std::nullopt;
  std::int64_t unit = kMicros;
  do {
    unit /= 10;
    micros += unit * (in.taken() - '0');
  } while (in.Take("0123456789"));
  return micros;
}

// Microseconds that local time is ahead of UTC.
std::optional<std::int64_t> Zone(Scanner& in) {
  if (in.done() || in.Take("Zz")) return 0;
  if (!in.Take("+-")) return std::nullopt;
  const std::int64_t sign = in.taken() == '-' ? -1 : 1;
  const int hours = in.Number(2);
  if (hours < 0 || hours > 23) return std::nullopt;
  int minutes = 0;
  if (in.Take(":") || !in.done()) minutes = in.Number(2);
  if (minutes < 0 || minutes > 59) return std::nullopt;
  return sign * (hours * 60 + minutes) * 60 * kMicros;
}

}  // namespace

std::optional<std::int64_t> ParseDatetime(std::string_view text) {
  Scanner in(text);
  const std::optional<std::int64_t> days = Days(in);
  if (!days) return std::nullopt;
  const std::int64_t midnight = *days * 24 * 60 * 60 * kMicros;
  if (in.done()) return midnight;
  if (!in.Take("Tt ")) return std::nullopt;
  const std::optional<std::int64_t> time = TimeOfDay(in);
  if (!time) return std::nullopt;
  const std::optional<std::int64_t> zone = Zone(in);
  if (!zone || !in.done()) return std::nullopt;
  return midnight + *time - *zone;
}

std::string DatetimeText(std::int64_t microseconds) {
  namespace chrono = std::chrono;
  const chrono::sys_time<chrono::microseconds> time{chrono::microseconds(microseconds)};
  const auto day = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(day);
  const std::int64_t of_day = (time - day).count(), seconds = of_day / kMicros;
  char text[64];
  std::snprintf(text, sizeof(text), "%04d-%02u-%02uT%02d:%02d:%02d.%06d",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(seconds / 3600),
                static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60),
                static_cast<int>(of_day % kMicros));
  std::string out(text);
  out.resize(out.find_last_not_of('0') + 1);
  if (out.ends_with('.')) out.pop_back();
  return out + "Z";
}

}  // namespace kith
