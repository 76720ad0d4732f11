// The members of a closed JSON object, taken one by one, for parsers of requests.
//
//   JsonFields fields = TRY(JsonFields::Of(json, "filter.must[2].range"));
//   const JsonValue* lt = fields.Take("lt");
//   TRY(fields.Done());                       // "... : unknown key 'gtt', expected lt"
//
// Borrows the value.  Thread-compatible.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/json_value.h"
#include "core/result.h"

namespace kith {

class JsonFields {
 public:
  // Errors: kInvalidArgument when `json` is no object.
  static Result<JsonFields> Of(const JsonValue& json, std::string where);

  // The member, or null when it is missing or null.
  const JsonValue* Take(std::string_view key);
  // The same, or kInvalidArgument.
  Result<const JsonValue*> Need(std::string_view key);
  // kInvalidArgument when there is a key that nobody took.
  Status Done() const;

  const std::string& where() const { return where_; }
  std::string Where(std::string_view key) const { return where_ + "." + std::string(key); }

 private:
  JsonFields(const JsonObject& object, std::string where)
      : object_(&object), where_(std::move(where)) {}

  const JsonObject* object_;
  std::string where_;
  std::vector<std::string_view> known_;
};

// "WHERE: expected EXPECTED, found a number".
Error WrongKind(const std::string& where, std::string_view expected, const JsonValue& found);
// Errors: kInvalidArgument.
Result<std::string> StringAt(const JsonValue& json, const std::string& where);
Result<bool> BoolAt(const JsonValue& json, const std::string& where);
Result<std::uint64_t> UnsignedAt(const JsonValue& json, const std::string& where);
Result<double> NumberAt(const JsonValue& json, const std::string& where);

}  // namespace kith
