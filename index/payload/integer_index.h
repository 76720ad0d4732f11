// Integers by value (lookup) and by range: match value, any and except, ranges; facets, order.
//
// A range holds for any number, so numbers that are no 64-bit signed integers are kept too, in a
// column of their own that is mostly empty; order_by knows the integers only.
#pragma once

#include "index/payload/field_index.h"
#include "index/payload/range_column.h"
#include "index/payload/value_postings.h"

namespace kith {

class IntegerIndex final : public FieldIndex {
 public:
  // REQUIRES: lookup or range.
  IntegerIndex(bool lookup, bool range) : lookup_(lookup), range_(range) {}

  void Put(Slot slot, std::span<const JsonValue* const> elements) override;
  void Erase(Slot slot) override;
  std::optional<SlotSet> Match(const FieldTest& test, const FieldPresence& presence) const override;
  std::optional<CardinalityEstimate> Estimate(const FieldTest& test,
                                              const FieldPresence& presence) const override;
  std::optional<Result<std::vector<OrderedSlot>>> Ordered(const OrderParams& params,
                                                          const SlotSet& within) const override;
  std::optional<std::vector<FacetHit>> Facet(const SlotSet& within) const override;
  std::uint64_t points() const override { return range_ ? column_.slots() : postings_.slots(); }
  std::size_t memory_bytes() const override;
  void Save(ByteWriter& out) const override;
  Status Load(ByteReader& in) override;

 private:
  const bool lookup_, range_;
  ValuePostings<std::int64_t> postings_;  // empty without lookup_
  RangeColumn<std::int64_t> column_;      // empty without range_, as the next
  RangeColumn<double> others_;            // numbers that are no integers
};

}  // namespace kith
