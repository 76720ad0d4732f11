#include "engine/collection/payload_edit.h"

#include <span>
#include <utility>

namespace kith {
namespace {

using Step = JsonPath::Step;

void Merge(JsonObject& object, const JsonObject& members) {
  for (const JsonMember& member : members) object.Set(member.key, member.value);
}

// Calls visit(element) for the elements a step names.
template <class Visit>
void ForElements(JsonValue& value, const Step& step, const Visit& visit) {
  if (!value.is_array()) return;
  JsonArray& array = value.array();
  if (step.kind == Step::Kind::kEvery) {
    for (JsonValue& element : array) visit(element);
  } else if (step.position < array.size()) {
    visit(array[step.position]);
  }
}

void SetBelow(JsonValue& value, std::span<const Step> steps, const JsonObject& members) {
  if (steps.empty()) {
    if (!value.is_object()) value = JsonObject();
    Merge(value.object(), members);
    return;
  }
  if (steps[0].kind != Step::Kind::kKey) {
    ForElements(value, steps[0],
                [&](JsonValue& element) { SetBelow(element, steps.subspan(1), members); });
    return;
  }
  if (!value.is_object()) value = JsonObject();
  JsonValue* member = value.object().Find(steps[0].key);
  if (member == nullptr) member = &value.object().Set(steps[0].key, JsonValue());
  SetBelow(*member, steps.subspan(1), members);
}

void EraseBelow(JsonValue& value, std::span<const Step> steps) {
  if (steps[0].kind != Step::Kind::kKey) {
    if (steps.size() == 1) return;  // elements stay: the others would change their places
    ForElements(value, steps[0],
                [&](JsonValue& element) { EraseBelow(element, steps.subspan(1)); });
    return;
  }
  if (!value.is_object()) return;
  if (steps.size() == 1) {
    value.object().Erase(steps[0].key);
  } else if (JsonValue* member = value.object().Find(steps[0].key)) {
    EraseBelow(*member, steps.subspan(1));
  }
}

// Copies the member that the leading keys of `steps` name from one object to another.
void CopyMember(const JsonObject& from, std::span<const Step> steps, JsonObject& to) {
  const JsonValue* member = from.Find(steps[0].key);
  if (member == nullptr) return;
  if (steps.size() == 1 || steps[1].kind != Step::Kind::kKey) {
    to.Set(steps[0].key, *member);
    return;
  }
  if (!member->is_object()) return;
  JsonObject below;
  JsonValue* there = to.Find(steps[0].key);
  if (there != nullptr && there->is_object()) below = std::move(there->object());
  CopyMember(member->object(), steps.subspan(1), below);
  if (there != nullptr || !below.empty()) to.Set(steps[0].key, std::move(below));
}

}  // namespace

JsonObject MembersAt(const JsonObject& payload, std::span<const JsonPath> paths) {
  JsonObject members;
  for (const JsonPath& path : paths) {
    if (!path.empty()) CopyMember(payload, path.steps(), members);
  }
  return members;
}

void SetMembersAt(JsonObject& payload, const JsonPath& path, const JsonObject& members) {
  JsonValue value(std::move(payload));
  SetBelow(value, path.steps(), members);
  payload = std::move(value.object());
}

void EraseAt(JsonObject& payload, const JsonPath& path) {
  if (path.empty()) {
    payload = JsonObject();
    return;
  }
  JsonValue value(std::move(payload));
  EraseBelow(value, path.steps());
  payload = std::move(value.object());
}

}  // namespace kith
