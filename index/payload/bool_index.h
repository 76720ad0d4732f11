// true and false: match value; facets.
#pragma once

#include "index/payload/field_index.h"

namespace kith {

class BoolIndex final : public FieldIndex {
 public:
  void Put(Slot slot, std::span<const JsonValue* const> elements) override;
  void Erase(Slot slot) override;
  std::optional<SlotSet> Match(const FieldTest& test, const FieldPresence& presence) const override;
  std::optional<CardinalityEstimate> Estimate(const FieldTest& test,
                                              const FieldPresence& presence) const override;
  std::optional<std::vector<FacetHit>> Facet(const SlotSet& within) const override;
  std::uint64_t points() const override;
  std::size_t memory_bytes() const override;
  void Save(ByteWriter& out) const override;
  Status Load(ByteReader& in) override;

 private:
  SlotSet slots_[2];  // with false, with true
};

}  // namespace kith
