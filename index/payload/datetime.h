// Dates and times of payloads and filters, as microseconds since 1970-01-01T00:00:00Z.
//
//   datetime := date | date ("T" | "t" | " ") time zone?
//   date     := YYYY "-" MM "-" DD
//   time     := HH ":" MM (":" SS ("." digit+)?)?
//   zone     := "Z" | "z" | ("+" | "-") HH (":"? MM)?
//
// RFC 3339, and what is shorter than it allows: without a zone the time is UTC.  Second 60 is the
// one after 59; what is finer than a microsecond is cut off.  Pure functions, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kith {

// Nothing for any other text: another grammar, or a day or time that does not exist.
std::optional<std::int64_t> ParseDatetime(std::string_view text);

// "2024-02-29T23:59:59.5Z", with as many digits of the second as it needs.
// REQUIRES: a year from 0 to 9999.
std::string DatetimeText(std::int64_t microseconds);

}  // namespace kith
