// Where in a payload a condition or an index looks: "a.b", "a[].b", "a[0].b", "a.\"b.c\"".
//
//   path := key (("." key) | "[" digits "]" | "[]")*
//   key  := (letter | digit | "_" | "-")+ | '"' any but '"' and '\' '"'
//
// Letters and digits are those of Unicode; as in Qdrant, a key of anything else needs quotes.  "[]"
// is every element of an array.  A value; thread-compatible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/json_value.h"
#include "core/result.h"

namespace kith {

inline constexpr std::size_t kJsonPathBytesMax = 1024;
inline constexpr std::size_t kJsonPathStepsMax = 32;

class JsonPath {
 public:
  struct Step {
    enum class Kind : std::uint8_t { kKey, kPosition, kEvery };
    Kind kind = Kind::kKey;
    std::string key;             // kKey
    std::uint64_t position = 0;  // kPosition
    friend bool operator==(const Step&, const Step&) = default;
  };

  JsonPath() = default;  // the payload itself
  // Errors: kInvalidArgument.
  static Result<JsonPath> Parse(std::string_view text);

  // What Parse reads as the same path; keys are quoted only where they must be.
  std::string ToString() const;
  const std::vector<Step>& steps() const { return steps_; }
  bool empty() const { return steps_.empty(); }

  // This path as the key of a nested condition, every element of the array: with "[]" at its end.
  JsonPath Elements() const;
  JsonPath Join(const JsonPath& below) const;

  // Appends the values at the path, in order; nothing where a key is missing or a value is of
  // another kind.  The pointers last as long as `payload` is not changed.
  void Collect(const JsonValue& payload, std::vector<const JsonValue*>& out) const;

  friend bool operator==(const JsonPath&, const JsonPath&) = default;

 private:
  std::vector<Step> steps_;
};

}  // namespace kith
