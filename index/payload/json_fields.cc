#include "index/payload/json_fields.h"

#include <algorithm>

namespace kith {
namespace {

constexpr std::size_t kShownBytes = 64;

}  // namespace

Result<JsonFields> JsonFields::Of(const JsonValue& json, std::string where) {
  if (!json.is_object()) return WrongKind(where, "an object", json);
  return JsonFields(json.object(), std::move(where));
}

const JsonValue* JsonFields::Take(std::string_view key) {
  known_.push_back(key);
  const JsonValue* value = object_->Find(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

Result<const JsonValue*> JsonFields::Need(std::string_view key) {
  const JsonValue* value = Take(key);
  if (value != nullptr) return value;
  return Error{ErrorCode::kInvalidArgument, where_ + ": missing '" + std::string(key) + "'"};
}

Status JsonFields::Done() const {
  for (const JsonMember& member : *object_) {
    if (std::find(known_.begin(), known_.end(), member.key) != known_.end()) continue;
    std::string message =
        where_ + ": unknown key '" + member.key.substr(0, kShownBytes) + "', expected ";
    const char* separator = "";
    for (const std::string_view key : known_) {
      message += std::exchange(separator, ", ");
      message += key;
    }
    return Error{ErrorCode::kInvalidArgument, std::move(message)};
  }
  return {};
}

Error WrongKind(const std::string& where, std::string_view expected, const JsonValue& found) {
  return Error{ErrorCode::kInvalidArgument, where + ": expected " + std::string(expected) +
                                                ", found " + std::string(JsonKindName(found))};
}

Result<std::string> StringAt(const JsonValue& json, const std::string& where) {
  if (!json.is_string()) return WrongKind(where, "a string", json);
  return json.string();
}

Result<bool> BoolAt(const JsonValue& json, const std::string& where) {
  if (!json.is_bool()) return WrongKind(where, "a bool", json);
  return json.boolean();
}

Result<std::uint64_t> UnsignedAt(const JsonValue& json, const std::string& where) {
  const std::optional<std::uint64_t> value = json.AsUint64();
  if (!value) return WrongKind(where, "an unsigned integer", json);
  return *value;
}

Result<double> NumberAt(const JsonValue& json, const std::string& where) {
  const std::optional<double> value = json.AsDouble();
  if (!value) return WrongKind(where, "a number", json);
  return *value;
}

}  // namespace kith
