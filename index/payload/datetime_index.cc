#include "index/payload/datetime_index.h"

#include <string>

#include "index/payload/datetime.h"

namespace kith {

void DatetimeIndex::Put(Slot slot, std::span<const JsonValue* const> elements) {
  std::vector<std::int64_t> times;
  for (const JsonValue* element : elements) {
    if (!element->is_string()) continue;
    if (const std::optional<std::int64_t> time = ParseDatetime(element->string())) {
      times.push_back(*time);
    }
  }
  column_.Put(slot, std::move(times));
}

std::optional<SlotSet> DatetimeIndex::Match(const FieldTest& test, const FieldPresence&) const {
  const auto* range = std::get_if<DatetimeRange>(&test);
  if (range == nullptr) return std::nullopt;
  return column_.Match(*range);
}

std::optional<CardinalityEstimate> DatetimeIndex::Estimate(const FieldTest& test,
                                                           const FieldPresence&) const {
  const auto* range = std::get_if<DatetimeRange>(&test);
  if (range == nullptr) return std::nullopt;
  return column_.Estimate(*range);
}

std::optional<Result<std::vector<OrderedSlot>>> DatetimeIndex::Ordered(
    const OrderParams& params, const SlotSet& within) const {
  std::optional<std::int64_t> start = params.start.AsInt64();
  if (params.start.is_string()) start = ParseDatetime(params.start.string());
  if (!start && !params.start.is_null()) {
    return Error{ErrorCode::kInvalidArgument,
                 "order_by.start_from: expected a datetime or microseconds, found " +
                     ToJson(params.start).substr(0, 64)};
  }
  return column_.Ordered<std::int64_t>(params, start, within);
}

Status DatetimeIndex::Load(ByteReader& in) {
  return column_.Load(in, [](std::int64_t) { return true; });
}

}  // namespace kith
