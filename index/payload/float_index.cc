#include "index/payload/float_index.h"

#include <cmath>
#include <string>

namespace kith {

void FloatIndex::Put(Slot slot, std::span<const JsonValue* const> elements) {
  std::vector<double> numbers;
  for (const JsonValue* element : elements) {
    if (const std::optional<double> number = element->AsDouble()) numbers.push_back(*number);
  }
  column_.Put(slot, std::move(numbers));
}

std::optional<SlotSet> FloatIndex::Match(const FieldTest& test, const FieldPresence&) const {
  const auto* range = std::get_if<NumberRange>(&test);
  if (range == nullptr) return std::nullopt;
  return column_.Match(*range);
}

std::optional<CardinalityEstimate> FloatIndex::Estimate(const FieldTest& test,
                                                        const FieldPresence&) const {
  const auto* range = std::get_if<NumberRange>(&test);
  if (range == nullptr) return std::nullopt;
  return column_.Estimate(*range);
}

std::optional<Result<std::vector<OrderedSlot>>> FloatIndex::Ordered(const OrderParams& params,
                                                                    const SlotSet& within) const {
  const std::optional<double> start = params.start.AsDouble();
  if (!start && !params.start.is_null()) {
    return Error{ErrorCode::kInvalidArgument, "order_by.start_from: expected a number, found " +
                                                  std::string(JsonKindName(params.start))};
  }
  return column_.Ordered<double>(params, start, within);
}

Status FloatIndex::Load(ByteReader& in) {
  return column_.Load(in, [](double number) { return std::isfinite(number); });
}

}  // namespace kith
