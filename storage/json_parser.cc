// Behind simdjson's wall, as storage/jsonl.cc, and with its document parser too: the on-demand
// parser is faster but has no run-time choice of the instruction set, and without it is slower.
//
// Two things that simdjson reads otherwise than serde_json are mended in the text before it is
// parsed: an integer beyond 64 bits is an error to it, and -0 is the integer 0.  Both get ".0"
// appended.  The first is looked for only after an error, the second by its few bytes.
#include "storage/json_parser.h"

#include <simdjson.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <string>

namespace kith {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kFirstBytes = 4096;
constexpr std::size_t kLongDigits = 19;  // integers of fewer digits fit 64 bits

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Whether a number ends before text[at].
bool EndsNumber(std::string_view text, std::size_t at) {
  return at >= text.size() ||
         (!IsDigit(text[at]) && text[at] != '.' && text[at] != 'e' && text[at] != 'E');
}

bool HasMinusZero(std::string_view text) {
  for (std::size_t at = text.find('-'); at != std::string_view::npos; at = text.find('-', at + 1)) {
    if (at + 1 < text.size() && text[at + 1] == '0' && EndsNumber(text, at + 2)) return true;
  }
  return false;
}

// The text with ".0" behind every -0 and every integer that may not fit 64 bits.
std::string Mended(std::string_view text) {
  std::string out;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (quoted || (!IsDigit(c) && c != '-')) {
      if (c == '"') quoted = !quoted;
      const std::size_t taken = quoted && c == '\\' && at + 1 < text.size() ? 2 : 1;
      out += text.substr(at, taken);
      at += taken;
      continue;
    }
    std::size_t end = at + 1;
    while (end < text.size() && (IsDigit(text[end]) || std::string_view("+-.eE").find(text[end]) !=
                                                           std::string_view::npos)) {
      ++end;
    }
    const std::string_view token = text.substr(at, end - at);
    std::string_view digits = token.substr(c == '-' ? 1 : 0);
    out += token;
    const bool integer = digits.find_first_not_of("0123456789") == std::string_view::npos;
    std::int64_t fits = 0;
    std::uint64_t fits_unsigned = 0;
    const bool beyond =
        integer && digits.size() >= kLongDigits &&
        std::from_chars(token.begin(), token.end(), fits).ec != std::errc() &&
        std::from_chars(token.begin(), token.end(), fits_unsigned).ec != std::errc();
    if (beyond || token == "-0") out += ".0";
    at = end;
  }
  return out;
}

class Parser {
 public:
  Result<JsonValue> Parse(std::string_view text, const JsonLimits& limits) {
    if (HasMinusZero(text)) {
      const std::string mended = Mended(text);
      return ParseMended(mended, limits, TryParse(mended));
    }
    const simdjson::error_code error = TryParse(text);
    if (error != simdjson::NUMBER_ERROR) return ParseMended(text, limits, error);
    const std::string mended = Mended(text);
    return ParseMended(mended, limits, TryParse(mended));
  }

  void DropLargeBuffers() {
    if (buffer_.capacity() <= kJsonKeptBytes) return;
    buffer_ = std::string();
    parser_ = dom::parser();
  }

 private:
  simdjson::error_code TryParse(std::string_view text) {
    buffer_.clear();
    buffer_.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    buffer_ += text;
    if (parser_.capacity() == 0) {
      const auto error = parser_.allocate(std::max(text.size(), kFirstBytes), kJsonDepthMax + 1);
      if (error != simdjson::SUCCESS) return error;
    }
    return parser_.parse(buffer_.data(), text.size(), false).get(root_);
  }

  Result<JsonValue> ParseMended(std::string_view text, const JsonLimits& limits,
                                simdjson::error_code error) {
    depth_max_ = limits.depth_max;
    JsonValue value;
    if (error == simdjson::MEMALLOC || error == simdjson::CAPACITY) {
      return Error{ErrorCode::kResourceExhausted,
                   "JSON: no memory for " + std::to_string(text.size()) + " bytes"};
    }
    const bool too_deep =
        error == simdjson::DEPTH_ERROR || (error == simdjson::SUCCESS && !Read(root_, 0, value));
    if (too_deep) {
      return Wrong("nested deeper than " + std::to_string(limits.depth_max) + " levels");
    }
    if (error != simdjson::SUCCESS) return Wrong(Message(error));
    return value;
  }

  // False: nested too deep.
  bool Read(dom::element element, std::size_t depth, JsonValue& out) const {
    switch (element.type()) {
      case dom::element_type::ARRAY: {
        if (depth == depth_max_) return false;
        const dom::array array = element.get_array().value_unsafe();
        JsonArray elements;
        elements.reserve(array.size());
        for (const dom::element item : array) {
          if (!Read(item, depth + 1, elements.emplace_back())) return false;
        }
        out = JsonValue(std::move(elements));
        return true;
      }
      case dom::element_type::OBJECT: {
        if (depth == depth_max_) return false;
        const dom::object object = element.get_object().value_unsafe();
        JsonObject members;
        for (const dom::key_value_pair item : object) {
          if (!Read(item.value, depth + 1, members.Set(item.key, JsonValue()))) return false;
        }
        out = JsonValue(std::move(members));
        return true;
      }
      case dom::element_type::STRING:
        out = JsonValue(element.get_string().value_unsafe());
        return true;
      case dom::element_type::INT64:
        out = JsonValue(element.get_int64().value_unsafe());
        return true;
      case dom::element_type::UINT64:
        out = JsonValue(element.get_uint64().value_unsafe());
        return true;
      case dom::element_type::DOUBLE:
        out = JsonValue(element.get_double().value_unsafe());
        return true;
      case dom::element_type::BOOL:
        out = JsonValue(element.get_bool().value_unsafe());
        return true;
      case dom::element_type::NULL_VALUE:
        break;
    }
    out = JsonValue();
    return true;
  }

  static Error Wrong(const std::string& message) {
    return Error{ErrorCode::kInvalidArgument, "not valid JSON: " + message};
  }

  static std::string Message(simdjson::error_code code) {
    switch (code) {
      case simdjson::UTF8_ERROR:
        return "invalid UTF-8";
      case simdjson::EMPTY:
        return "expected a value, found none";
      case simdjson::NUMBER_ERROR:
        return "a number that is none, or beyond the doubles";
      case simdjson::STRING_ERROR:
        return "a string with a wrong escape";
      case simdjson::UNCLOSED_STRING:
        return "a string without end";
      case simdjson::UNESCAPED_CHARS:
        return "a control character in a string";
      default:
        return simdjson::error_message(code);
    }
  }

  dom::parser parser_;
  dom::element root_;
  std::string buffer_;
  std::size_t depth_max_ = 0;
};

}  // namespace

Result<JsonValue> ParseJson(std::string_view text, const JsonLimits& limits) {
  assert(limits.depth_max <= kJsonDepthMax && limits.bytes_max <= kJsonBytesMax);
  if (text.size() > limits.bytes_max) {
    return Error{ErrorCode::kResourceExhausted, "JSON of " + std::to_string(text.size()) +
                                                    " bytes, at most " +
                                                    std::to_string(limits.bytes_max) + " allowed"};
  }
  thread_local Parser parser;
  Result<JsonValue> value = parser.Parse(text, limits);
  parser.DropLargeBuffers();
  return value;
}

}  // namespace kith
