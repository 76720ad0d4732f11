// Strings that are UUIDs, by value, in 16 bytes each: match value, any and except; facets.
//
// A test compares strings, so the index keeps UUIDs in their canonical form only (lower case with
// hyphens): another spelling is another string, and a test with a string that is no canonical UUID
// is not answered.
#pragma once

#include "core/point_id.h"
#include "index/payload/field_index.h"
#include "index/payload/value_postings.h"

namespace kith {

class UuidIndex final : public FieldIndex {
 public:
  void Put(Slot slot, std::span<const JsonValue* const> elements) override;
  void Erase(Slot slot) override { postings_.Erase(slot); }
  std::optional<SlotSet> Match(const FieldTest& test, const FieldPresence& presence) const override;
  std::optional<CardinalityEstimate> Estimate(const FieldTest& test,
                                              const FieldPresence& presence) const override;
  std::optional<std::vector<FacetHit>> Facet(const SlotSet& within) const override;
  std::uint64_t points() const override { return postings_.slots(); }
  std::size_t memory_bytes() const override { return postings_.memory_bytes(); }
  void Save(ByteWriter& out) const override { postings_.Save(out); }
  Status Load(ByteReader& in) override { return postings_.Load(in); }

 private:
  ValuePostings<PointId::Uuid> postings_;
};

}  // namespace kith
