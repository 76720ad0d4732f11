// Strings that are datetimes (index/payload/datetime.h), as microseconds, by range; order.
#pragma once

#include "index/payload/field_index.h"
#include "index/payload/range_column.h"

namespace kith {

class DatetimeIndex final : public FieldIndex {
 public:
  void Put(Slot slot, std::span<const JsonValue* const> elements) override;
  void Erase(Slot slot) override { column_.Erase(slot); }
  std::optional<SlotSet> Match(const FieldTest& test, const FieldPresence& presence) const override;
  std::optional<CardinalityEstimate> Estimate(const FieldTest& test,
                                              const FieldPresence& presence) const override;
  std::optional<Result<std::vector<OrderedSlot>>> Ordered(const OrderParams& params,
                                                          const SlotSet& within) const override;
  std::uint64_t points() const override { return column_.slots(); }
  std::size_t memory_bytes() const override { return column_.memory_bytes(); }
  void Save(ByteWriter& out) const override { column_.Save(out); }
  Status Load(ByteReader& in) override;

 private:
  RangeColumn<std::int64_t> column_;
};

}  // namespace kith
