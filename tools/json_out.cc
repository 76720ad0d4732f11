#include "tools/json_out.h"

#include <cassert>
#include <charconv>
#include <cmath>

namespace kith {
namespace {

template <typename T>
void AppendNumber(std::string& out, T value) {
  char digits[64];
  const auto end = std::to_chars(digits, digits + sizeof digits, value);
  assert(end.ec == std::errc());
  out.append(digits, end.ptr);
}

// With a point or an exponent: readers refuse whole numbers above 64 bits.
template <typename T>
void AppendReal(std::string& out, T value) {
  const std::size_t start = out.size();
  AppendNumber(out, value);
  if (out.find_first_of(".e", start) == std::string::npos) out += ".0";
}

// Length of the UTF-8 sequence that starts `text`, 0 when it is not one (RFC 3629: no overlong
// forms, no surrogates, nothing above U+10FFFF).
std::size_t Utf8SequenceBytes(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned first = byte(0), second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool fits = first == 0xe0 ? second >= 0xa0 : first == 0xed ? second <= 0x9f : true;
    return fits && continues(1) && continues(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool fits = first == 0xf0 ? second >= 0x90 : first == 0xf4 ? second <= 0x8f : true;
    return fits && continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

void AppendString(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  while (!text.empty()) {
    const char c = text.front();
    const std::size_t bytes = Utf8SequenceBytes(text);
    if (bytes == 0) {
      out += "\xef\xbf\xbd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
    } else {
      out.append(text.substr(0, bytes));
    }
    text.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  out += '"';
}

}  // namespace

void JsonWriter::Open(std::string_view name, char open, char close) {
  Separate(name);
  out_ += open;
  closers_.push_back(close);
  first_ = true;
}

void JsonWriter::End() {
  assert(!closers_.empty());
  out_ += closers_.back();
  closers_.pop_back();
  first_ = false;
}

void JsonWriter::Separate(std::string_view name) {
  const bool in_object = !closers_.empty() && closers_.back() == '}';
  assert(in_object == !name.empty());
  if (!first_) out_ += ',';
  first_ = false;
  if (in_object) {
    AppendString(out_, name);
    out_ += ':';
  }
}

void JsonWriter::Put(std::string_view text) { AppendString(out_, text); }

void JsonWriter::Put(double value) {
  if (!std::isfinite(value)) {
    out_ += "null";
    return;
  }
  AppendReal(out_, value);
}

void JsonWriter::Put(float value) {
  if (!std::isfinite(value)) {
    out_ += "null";
    return;
  }
  AppendReal(out_, value);
}

void JsonWriter::PutUnsigned(std::uint64_t value) { AppendNumber(out_, value); }
void JsonWriter::PutSigned(std::int64_t value) { AppendNumber(out_, value); }

}  // namespace kith
