#include "index/payload/bool_index.h"

namespace kith {

void BoolIndex::Put(Slot slot, std::span<const JsonValue* const> elements) {
  for (const JsonValue* element : elements) {
    if (element->is_bool()) slots_[element->boolean() ? 1 : 0].Add(slot);
  }
}

void BoolIndex::Erase(Slot slot) {
  for (SlotSet& slots : slots_) slots.Remove(slot);
}

std::optional<SlotSet> BoolIndex::Match(const FieldTest& test, const FieldPresence&) const {
  const auto* match = std::get_if<MatchValue>(&test);
  const bool* value = match == nullptr ? nullptr : std::get_if<bool>(&match->value);
  if (value == nullptr) return std::nullopt;
  return slots_[*value ? 1 : 0];
}

std::optional<CardinalityEstimate> BoolIndex::Estimate(const FieldTest& test,
                                                       const FieldPresence&) const {
  const auto* match = std::get_if<MatchValue>(&test);
  const bool* value = match == nullptr ? nullptr : std::get_if<bool>(&match->value);
  if (value == nullptr) return std::nullopt;
  const std::uint64_t count = slots_[*value ? 1 : 0].count();
  return CardinalityEstimate{.min = count, .expected = count, .max = count};
}

std::optional<std::vector<FacetHit>> BoolIndex::Facet(const SlotSet& within) const {
  std::vector<FacetHit> hits;
  for (const bool value : {false, true}) {
    const std::uint64_t count = slots_[value ? 1 : 0].IntersectCount(within);
    if (count > 0) hits.push_back({.value = JsonValue(value), .count = count});
  }
  return hits;
}

std::uint64_t BoolIndex::points() const {
  return slots_[0].count() + slots_[1].count() - slots_[0].IntersectCount(slots_[1]);
}

std::size_t BoolIndex::memory_bytes() const {
  return slots_[0].memory_bytes() + slots_[1].memory_bytes();
}

void BoolIndex::Save(ByteWriter& out) const {
  for (const SlotSet& slots : slots_) slots.Serialize(out);
}

Status BoolIndex::Load(ByteReader& in) {
  for (SlotSet& slots : slots_) slots = TRY(SlotSet::Deserialize(in));
  return {};
}

}  // namespace kith
