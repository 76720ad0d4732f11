#include "core/json_value.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <functional>

namespace kith {

JsonObject::JsonObject() = default;
JsonObject::~JsonObject() = default;
JsonObject::JsonObject(const JsonObject& other) = default;
JsonObject::JsonObject(JsonObject&& other) noexcept = default;
JsonObject& JsonObject::operator=(const JsonObject& other) = default;
JsonObject& JsonObject::operator=(JsonObject&& other) noexcept = default;

std::size_t JsonObject::size() const { return members_.size(); }
std::span<const JsonMember> JsonObject::members() const { return members_; }
const JsonMember* JsonObject::begin() const { return members_.data(); }
const JsonMember* JsonObject::end() const { return members_.data() + members_.size(); }

std::size_t JsonObject::PositionOf(std::string_view key) const {
  if (members_.size() <= kScanMax) {
    return static_cast<std::size_t>(
        std::find_if(members_.begin(), members_.end(),
                     [&](const JsonMember& member) { return member.key == key; }) -
        members_.begin());
  }
  const std::size_t mask = table_.size() - 1;
  for (std::size_t at = std::hash<std::string_view>()(key) & mask;; at = (at + 1) & mask) {
    if (table_[at] == kFree) return members_.size();
    if (members_[table_[at]].key == key) return table_[at];
  }
}

void JsonObject::Rehash() {
  if (members_.size() <= kScanMax) {
    table_.clear();
    return;
  }
  const std::size_t size = std::bit_ceil(members_.size() * 4);
  table_.assign(size, kFree);
  for (std::size_t i = 0; i < members_.size(); ++i) {
    std::size_t at = std::hash<std::string_view>()(members_[i].key) & (size - 1);
    while (table_[at] != kFree) at = (at + 1) & (size - 1);
    table_[at] = static_cast<std::uint32_t>(i);
  }
}

const JsonValue* JsonObject::Find(std::string_view key) const {
  const std::size_t position = PositionOf(key);
  return position == members_.size() ? nullptr : &members_[position].value;
}

JsonValue* JsonObject::Find(std::string_view key) {
  const std::size_t position = PositionOf(key);
  return position == members_.size() ? nullptr : &members_[position].value;
}

JsonValue& JsonObject::Set(std::string_view key, JsonValue value) {
  const std::size_t position = PositionOf(key);
  if (position < members_.size()) return members_[position].value = std::move(value);
  members_.push_back({.key = std::string(key), .value = std::move(value)});
  if (members_.size() > kScanMax) {
    if (table_.size() < members_.size() * 2) {
      Rehash();
    } else {
      const std::size_t mask = table_.size() - 1;
      std::size_t at = std::hash<std::string_view>()(key) & mask;
      while (table_[at] != kFree) at = (at + 1) & mask;
      table_[at] = static_cast<std::uint32_t>(members_.size() - 1);
    }
  }
  return members_.back().value;
}

bool JsonObject::Erase(std::string_view key) {
  const std::size_t position = PositionOf(key);
  if (position == members_.size()) return false;
  members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(position));
  Rehash();
  return true;
}

JsonValue::JsonValue() = default;
JsonValue::~JsonValue() = default;
JsonValue::JsonValue(const JsonValue& other) = default;
JsonValue::JsonValue(JsonValue&& other) noexcept = default;
JsonValue& JsonValue::operator=(const JsonValue& other) = default;
JsonValue& JsonValue::operator=(JsonValue&& other) noexcept = default;

std::optional<std::int64_t> JsonValue::AsInt64() const {
  if (kind() != Kind::kInt) return std::nullopt;
  return Get<2>();
}

std::optional<std::uint64_t> JsonValue::AsUint64() const {
  if (kind() == Kind::kUint) return Get<3>();
  if (kind() == Kind::kInt && Get<2>() >= 0) return static_cast<std::uint64_t>(Get<2>());
  return std::nullopt;
}

std::optional<double> JsonValue::AsDouble() const {
  switch (kind()) {
    case Kind::kInt:
      return static_cast<double>(Get<2>());
    case Kind::kUint:
      return static_cast<double>(Get<3>());
    case Kind::kDouble:
      return Get<4>();
    default:
      return std::nullopt;
  }
}

const JsonValue* JsonValue::Find(std::string_view key) const {
  return is_object() ? object().Find(key) : nullptr;
}

bool operator==(const JsonValue& a, const JsonValue& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case JsonValue::Kind::kNull:
      return true;
    case JsonValue::Kind::kBool:
      return a.Get<1>() == b.Get<1>();
    case JsonValue::Kind::kInt:
      return a.Get<2>() == b.Get<2>();
    case JsonValue::Kind::kUint:
      return a.Get<3>() == b.Get<3>();
    case JsonValue::Kind::kDouble:
      return a.Get<4>() == b.Get<4>();
    case JsonValue::Kind::kString:
      return a.Get<5>() == b.Get<5>();
    case JsonValue::Kind::kArray:
      return a.array() == b.array();
    case JsonValue::Kind::kObject:
      break;
  }
  if (a.object().size() != b.object().size()) return false;
  return std::all_of(a.object().begin(), a.object().end(), [&](const JsonMember& member) {
    const JsonValue* other = b.object().Find(member.key);
    return other != nullptr && *other == member.value;
  });
}

std::string_view JsonKindName(const JsonValue& value) {
  switch (value.kind()) {
    case JsonValue::Kind::kNull:
      return "null";
    case JsonValue::Kind::kBool:
      return "a bool";
    case JsonValue::Kind::kString:
      return "a string";
    case JsonValue::Kind::kArray:
      return "an array";
    case JsonValue::Kind::kObject:
      return "an object";
    default:
      return "a number";
  }
}

namespace {

void AppendString(std::string_view text, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  std::size_t plain = 0;  // start of what needs no escape
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') [[likely]] {
      continue;
    }
    out.append(text, plain, i - plain);
    plain = i + 1;
    out += '\\';
    switch (c) {
      case '"':
      case '\\':
        out += static_cast<char>(c);
        break;
      case '\n':
        out += 'n';
        break;
      case '\r':
        out += 'r';
        break;
      case '\t':
        out += 't';
        break;
      case '\b':
        out += 'b';
        break;
      case '\f':
        out += 'f';
        break;
      default:
        out += "u00";
        out += kHex[c >> 4];
        out += kHex[c & 15];
    }
  }
  out.append(text, plain, text.size() - plain);
  out += '"';
}

template <typename T>
void AppendNumber(T value, std::string& out) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  out.append(digits, end);
}

void AppendDouble(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  const std::size_t begin = out.size();
  AppendNumber(value, out);
  if (out.find_first_of(".e", begin) == std::string::npos) out += ".0";
}

}  // namespace

void AppendJson(const JsonValue& value, std::string& out) {
  switch (value.kind()) {
    case JsonValue::Kind::kNull:
      out += "null";
      break;
    case JsonValue::Kind::kBool:
      out += value.boolean() ? "true" : "false";
      break;
    case JsonValue::Kind::kInt:
      AppendNumber(*value.AsInt64(), out);
      break;
    case JsonValue::Kind::kUint:
      AppendNumber(*value.AsUint64(), out);
      break;
    case JsonValue::Kind::kDouble:
      AppendDouble(*value.AsDouble(), out);
      break;
    case JsonValue::Kind::kString:
      AppendString(value.string(), out);
      break;
    case JsonValue::Kind::kArray: {
      out += '[';
      const char* separator = "";
      for (const JsonValue& element : value.array()) {
        out += std::exchange(separator, ",");
        AppendJson(element, out);
      }
      out += ']';
      break;
    }
    case JsonValue::Kind::kObject: {
      out += '{';
      const char* separator = "";
      for (const JsonMember& member : value.object()) {
        out += std::exchange(separator, ",");
        AppendString(member.key, out);
        out += ':';
        AppendJson(member.value, out);
      }
      out += '}';
      break;
    }
  }
}

std::string ToJson(const JsonValue& value) {
  std::string out;
  AppendJson(value, out);
  return out;
}

}  // namespace kith
