// A JSON document in memory: payloads of points, requests and answers.
//
// Numbers keep what was written: an integer that fits std::int64_t is kInt, one that fits only
// std::uint64_t is kUint, everything else is kDouble, so that equal integers are of equal kind.
// 1 and 1.0 are different values, as in serde_json.
//
// A value owns all below it.  Thread-compatible: many readers or one writer.  Copying, comparing,
// writing and destroying recurse, so whoever builds values from outside input bounds their depth
// (storage/json_parser.h does).
#pragma once

#include <cassert>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace kith {

class JsonValue;
struct JsonMember;

using JsonArray = std::vector<JsonValue>;

// Members in the order in which their keys came first.  Lookup scans up to kScanMax members and
// hashes beyond, so that large objects from outside cost no quadratic time.
class JsonObject {
 public:
  JsonObject();
  ~JsonObject();
  JsonObject(const JsonObject& other);
  JsonObject(JsonObject&& other) noexcept;
  JsonObject& operator=(const JsonObject& other);
  JsonObject& operator=(JsonObject&& other) noexcept;

  std::size_t size() const;
  bool empty() const { return size() == 0; }
  std::span<const JsonMember> members() const;
  const JsonMember* begin() const;
  const JsonMember* end() const;

  const JsonValue* Find(std::string_view key) const;  // null: no such member
  JsonValue* Find(std::string_view key);
  // Adds the member or replaces the value of the one that is there: the last one counts.
  JsonValue& Set(std::string_view key, JsonValue value);
  bool Erase(std::string_view key);  // false: no such member

 private:
  static constexpr std::size_t kScanMax = 16;
  static constexpr std::uint32_t kFree = ~std::uint32_t{0};

  std::size_t PositionOf(std::string_view key) const;  // size(): no such member
  void Rehash();

  std::vector<JsonMember> members_;
  std::vector<std::uint32_t> table_;  // positions by hash, linear probing; empty up to kScanMax
};

class JsonValue {
  template <std::size_t I>
  const auto& Get() const {
    assert(value_.index() == I);
    return *std::get_if<I>(&value_);
  }
  template <std::size_t I>
  auto& Get() {
    assert(value_.index() == I);
    return *std::get_if<I>(&value_);
  }

 public:
  enum class Kind : std::uint8_t { kNull, kBool, kInt, kUint, kDouble, kString, kArray, kObject };

  // Defined out of line: GCC 12 warns of uninitialised reads where the variant's moves are inlined.
  JsonValue();  // null
  ~JsonValue();
  JsonValue(const JsonValue& other);
  JsonValue(JsonValue&& other) noexcept;
  JsonValue& operator=(const JsonValue& other);
  JsonValue& operator=(JsonValue&& other) noexcept;
  JsonValue(std::nullptr_t) {}
  template <std::same_as<bool> T>
  JsonValue(T value) : value_(std::in_place_index<1>, value) {}
  template <std::integral T>
  requires(!std::same_as<T, bool>) JsonValue(T value) {
    if (std::in_range<std::int64_t>(value)) {
      value_.emplace<2>(static_cast<std::int64_t>(value));
    } else {
      value_.emplace<3>(static_cast<std::uint64_t>(value));
    }
  }
  JsonValue(double value) : value_(std::in_place_index<4>, value) {}
  JsonValue(std::string value) : value_(std::in_place_index<5>, std::move(value)) {}
  JsonValue(std::string_view value) : value_(std::in_place_index<5>, value) {}
  JsonValue(const char* value) : value_(std::in_place_index<5>, value) {}
  JsonValue(JsonArray value) : value_(std::in_place_index<6>, std::move(value)) {}
  JsonValue(JsonObject value) : value_(std::in_place_index<7>, std::move(value)) {}

  Kind kind() const { return static_cast<Kind>(value_.index()); }
  bool is_null() const { return kind() == Kind::kNull; }
  bool is_bool() const { return kind() == Kind::kBool; }
  bool is_number() const { return kind() >= Kind::kInt && kind() <= Kind::kDouble; }
  bool is_string() const { return kind() == Kind::kString; }
  bool is_array() const { return kind() == Kind::kArray; }
  bool is_object() const { return kind() == Kind::kObject; }

  // REQUIRES: the value is of that kind.
  bool boolean() const { return Get<1>(); }
  const std::string& string() const { return Get<5>(); }
  const JsonArray& array() const { return Get<6>(); }
  JsonArray& array() { return Get<6>(); }
  const JsonObject& object() const { return Get<7>(); }
  JsonObject& object() { return Get<7>(); }

  // Nothing when the value is not an integer of that range: 1.0 is none.
  std::optional<std::int64_t> AsInt64() const;
  std::optional<std::uint64_t> AsUint64() const;
  // Any number, rounded to the nearest double.
  std::optional<double> AsDouble() const;

  // The member of an object; null when there is none or the value is no object.
  const JsonValue* Find(std::string_view key) const;

  // Objects are equal whatever the order of their members.
  friend bool operator==(const JsonValue& a, const JsonValue& b);

 private:
  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, JsonArray,
               JsonObject>
      value_;
};

struct JsonMember {
  std::string key;
  JsonValue value;
};

// "null", "a bool", "a number", "a string", "an array", "an object": for messages.
std::string_view JsonKindName(const JsonValue& value);

// Compact JSON: no blanks, members in order, doubles in the shortest form that reads back as the
// same double (always with a point or an exponent, so that it reads back as one), control
// characters escaped.  A double that is not finite becomes null.
void AppendJson(const JsonValue& value, std::string& out);
std::string ToJson(const JsonValue& value);

}  // namespace kith
