#include "index/payload/json_path.h"

#include <algorithm>
#include <charconv>

namespace kith {
namespace {

using Kind = JsonPath::Step::Kind;

bool IsPlain(char c) {
  // Bytes from 0x80 are letters of other scripts, or nearly all of them are.
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || static_cast<unsigned char>(c) >= 0x80;
}

class PathParser {
 public:
  explicit PathParser(std::string_view text) : text_(text), left_(text) {}

  Result<std::vector<JsonPath::Step>> Parse() {
    if (text_.size() > kJsonPathBytesMax) return Wrong("more than 1024 bytes");
    std::vector<JsonPath::Step> steps;
    TRY(ParseKey(steps));
    while (!left_.empty()) {
      if (steps.size() == kJsonPathStepsMax) return Wrong("more than 32 steps");
      const char mark = left_[0];
      left_.remove_prefix(1);
      if (mark == '.') {
        TRY(ParseKey(steps));
      } else if (mark == '[') {
        TRY(ParsePosition(steps));
      } else {
        return Wrong("expected '.' or '[' at byte " + std::to_string(at() - 1));
      }
    }
    return steps;
  }

 private:
  std::size_t at() const { return text_.size() - left_.size(); }

  Error Wrong(const std::string& what) const {
    return Error{ErrorCode::kInvalidArgument,
                 "path '" + std::string(text_.substr(0, 64)) + "': " + what};
  }

  Status ParseKey(std::vector<JsonPath::Step>& steps) {
    std::string_view key;
    if (left_.starts_with('"')) {
      const std::size_t end = left_.find_first_of("\"\\", 1);
      if (end == std::string_view::npos || left_[end] == '\\') {
        return Wrong("expected a closing '\"' for the one at byte " + std::to_string(at()));
      }
      key = left_.substr(1, end - 1);
      left_.remove_prefix(end + 1);
    } else {
      const std::size_t end = static_cast<std::size_t>(
          std::find_if_not(left_.begin(), left_.end(), IsPlain) - left_.begin());
      if (end == 0) {
        return Wrong("expected a key of letters, digits, '_' and '-', or in quotes, at byte " +
                     std::to_string(at()));
      }
      key = left_.substr(0, end);
      left_.remove_prefix(end);
    }
    steps.push_back({.kind = Kind::kKey, .key = std::string(key)});
    return {};
  }

  Status ParsePosition(std::vector<JsonPath::Step>& steps) {
    std::uint64_t position = 0;
    const auto [end, error] = std::from_chars(left_.begin(), left_.end(), position);
    const bool every = left_.starts_with(']');
    if (!every && error != std::errc()) {
      return Wrong("expected a number or ']' at byte " + std::to_string(at()));
    }
    if (!every) left_.remove_prefix(static_cast<std::size_t>(end - left_.begin()));
    if (!left_.starts_with(']')) return Wrong("expected ']' at byte " + std::to_string(at()));
    left_.remove_prefix(1);
    steps.push_back(
        {.kind = every ? Kind::kEvery : Kind::kPosition, .key = {}, .position = position});
    return {};
  }

  const std::string_view text_;
  std::string_view left_;
};

void CollectFrom(const JsonPath::Step* step, const JsonPath::Step* end, const JsonValue& value,
                 std::vector<const JsonValue*>& out) {
  for (; step != end; ++step) {
    if (step->kind == Kind::kKey) {
      const JsonValue* member = value.Find(step->key);
      if (member != nullptr) CollectFrom(step + 1, end, *member, out);
      return;
    }
    if (!value.is_array()) return;
    if (step->kind == Kind::kPosition) {
      if (step->position < value.array().size()) {
        CollectFrom(step + 1, end, value.array()[step->position], out);
      }
      return;
    }
    for (const JsonValue& element : value.array()) CollectFrom(step + 1, end, element, out);
    return;
  }
  out.push_back(&value);
}

}  // namespace

Result<JsonPath> JsonPath::Parse(std::string_view text) {
  JsonPath path;
  path.steps_ = TRY(PathParser(text).Parse());
  return path;
}

std::string JsonPath::ToString() const {
  std::string text;
  for (const Step& step : steps_) {
    if (step.kind == Kind::kEvery) {
      text += "[]";
    } else if (step.kind == Kind::kPosition) {
      text += "[" + std::to_string(step.position) + "]";
    } else {
      if (!text.empty()) text += '.';
      const bool plain =
          !step.key.empty() && std::all_of(step.key.begin(), step.key.end(), IsPlain);
      text += plain ? step.key : '"' + step.key + '"';
    }
  }
  return text;
}

JsonPath JsonPath::Elements() const {
  JsonPath path = *this;
  if (path.empty() || path.steps_.back().kind != Kind::kEvery) {
    path.steps_.push_back({.kind = Kind::kEvery, .key = {}});
  }
  return path;
}

JsonPath JsonPath::Join(const JsonPath& below) const {
  JsonPath path = *this;
  path.steps_.insert(path.steps_.end(), below.steps_.begin(), below.steps_.end());
  return path;
}

void JsonPath::Collect(const JsonValue& payload, std::vector<const JsonValue*>& out) const {
  CollectFrom(steps_.data(), steps_.data() + steps_.size(), payload, out);
}

}  // namespace kith
