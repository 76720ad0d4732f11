#include "index/payload/uuid_index.h"

#include <algorithm>

namespace kith {
namespace {

// The UUID that is written as `text`, to the letter.
std::optional<PointId::Uuid> CanonicalUuid(std::string_view text) {
  constexpr std::size_t kCanonicalBytes = 36;
  if (text.size() != kCanonicalBytes) return std::nullopt;
  const Result<PointId> id = PointId::ParseUuid(text);
  if (!id.ok() || id.value().ToString() != text) return std::nullopt;
  return id.value().uuid();
}

// The values a test compares with, sorted; nothing when it is not about UUIDs.
std::optional<std::vector<PointId::Uuid>> ListOf(const FieldTest& test) {
  std::vector<PointId::Uuid> list;
  const auto add = [&](const std::string& text) {
    const std::optional<PointId::Uuid> uuid = CanonicalUuid(text);
    if (uuid) list.push_back(*uuid);
    return uuid.has_value();
  };
  if (const auto* match = std::get_if<MatchValue>(&test)) {
    const auto* text = std::get_if<std::string>(&match->value);
    if (text == nullptr || !add(*text)) return std::nullopt;
  } else if (const auto* match_any = std::get_if<MatchAny>(&test)) {
    const bool all = match_any->integers.empty() &&
                     std::all_of(match_any->strings.begin(), match_any->strings.end(), add);
    if (!all) return std::nullopt;
  } else {
    return std::nullopt;
  }
  std::sort(list.begin(), list.end());
  return list;
}

bool IsExcept(const FieldTest& test) {
  const auto* match = std::get_if<MatchAny>(&test);
  return match != nullptr && match->except;
}

}  // namespace

void UuidIndex::Put(Slot slot, std::span<const JsonValue* const> elements) {
  std::vector<PointId::Uuid> values;
  bool others = false;
  for (const JsonValue* element : elements) {
    std::optional<PointId::Uuid> uuid;
    if (element->is_string()) uuid = CanonicalUuid(element->string());
    if (uuid) {
      values.push_back(*uuid);
    } else {
      others |= !element->is_null();
    }
  }
  postings_.Put(slot, values, others);
}

std::optional<SlotSet> UuidIndex::Match(const FieldTest& test,
                                        const FieldPresence& presence) const {
  const std::optional<std::vector<PointId::Uuid>> list = ListOf(test);
  if (!list) return std::nullopt;
  const std::span<const PointId::Uuid> uuids = *list;
  return IsExcept(test) ? postings_.Except(uuids, presence) : postings_.Any(uuids);
}

std::optional<CardinalityEstimate> UuidIndex::Estimate(const FieldTest& test,
                                                       const FieldPresence& presence) const {
  const std::optional<std::vector<PointId::Uuid>> list = ListOf(test);
  if (!list) return std::nullopt;
  const std::span<const PointId::Uuid> uuids = *list;
  return IsExcept(test) ? postings_.EstimateExcept(uuids, presence) : postings_.EstimateAny(uuids);
}

std::optional<std::vector<FacetHit>> UuidIndex::Facet(const SlotSet& within) const {
  return postings_.Facet(
      within, [](const PointId::Uuid& uuid) { return JsonValue(PointId(uuid).ToString()); });
}

}  // namespace kith
