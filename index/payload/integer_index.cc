#include "index/payload/integer_index.h"

#include <cmath>

namespace kith {

void IntegerIndex::Put(Slot slot, std::span<const JsonValue* const> elements) {
  std::vector<std::int64_t> integers;
  std::vector<double> numbers;
  bool others = false;
  for (const JsonValue* element : elements) {
    if (const std::optional<std::int64_t> integer = element->AsInt64()) {
      integers.push_back(*integer);
      continue;
    }
    others |= !element->is_null();
    if (const std::optional<double> number = element->AsDouble()) numbers.push_back(*number);
  }
  if (lookup_) postings_.Put(slot, integers, others);
  if (!range_) return;
  column_.Put(slot, std::move(integers));
  others_.Put(slot, std::move(numbers));
}

void IntegerIndex::Erase(Slot slot) {
  postings_.Erase(slot);
  column_.Erase(slot);
  others_.Erase(slot);
}

std::optional<SlotSet> IntegerIndex::Match(const FieldTest& test,
                                           const FieldPresence& presence) const {
  if (const auto* range = std::get_if<NumberRange>(&test)) {
    if (!range_) return std::nullopt;
    SlotSet slots = column_.Match(*range);
    slots.Or(others_.Match(*range));
    return slots;
  }
  if (!lookup_) return std::nullopt;
  if (const auto* match = std::get_if<MatchValue>(&test)) {
    const auto* integer = std::get_if<std::int64_t>(&match->value);
    if (integer == nullptr) return std::nullopt;
    const Posting* posting = postings_.Find(*integer);
    return posting == nullptr ? SlotSet() : posting->ToSet();
  }
  if (const auto* match = std::get_if<MatchAny>(&test)) {
    if (!match->strings.empty()) return std::nullopt;
    const std::span<const std::int64_t> integers = match->integers;
    return match->except ? postings_.Except(integers, presence) : postings_.Any(integers);
  }
  return std::nullopt;
}

std::optional<CardinalityEstimate> IntegerIndex::Estimate(const FieldTest& test,
                                                          const FieldPresence& presence) const {
  if (const auto* range = std::get_if<NumberRange>(&test)) {
    if (!range_) return std::nullopt;
    const CardinalityEstimate a = column_.Estimate(*range), b = others_.Estimate(*range);
    return CardinalityEstimate{.min = std::max(a.min, b.min),  // a slot may have both
                               .expected = std::max(a.expected, b.expected),
                               .max = a.max + b.max};
  }
  if (!lookup_) return std::nullopt;
  if (const auto* match = std::get_if<MatchValue>(&test)) {
    const auto* integer = std::get_if<std::int64_t>(&match->value);
    if (integer == nullptr) return std::nullopt;
    const Posting* posting = postings_.Find(*integer);
    const std::uint64_t count = posting == nullptr ? 0 : posting->count();
    return CardinalityEstimate{.min = count, .expected = count, .max = count};
  }
  if (const auto* match = std::get_if<MatchAny>(&test)) {
    if (!match->strings.empty()) return std::nullopt;
    const std::span<const std::int64_t> integers = match->integers;
    return match->except ? postings_.EstimateExcept(integers, presence)
                         : postings_.EstimateAny(integers);
  }
  return std::nullopt;
}

std::optional<Result<std::vector<OrderedSlot>>> IntegerIndex::Ordered(const OrderParams& params,
                                                                      const SlotSet& within) const {
  if (!range_) return std::nullopt;
  if (const std::optional<std::int64_t> start = params.start.AsInt64()) {
    return column_.Ordered<std::int64_t>(params, start, within);
  }
  const std::optional<double> start = params.start.AsDouble();
  if (!start && !params.start.is_null()) {
    return Error{ErrorCode::kInvalidArgument, "order_by.start_from: expected a number, found " +
                                                  std::string(JsonKindName(params.start))};
  }
  return column_.Ordered<double>(params, start, within);
}

std::optional<std::vector<FacetHit>> IntegerIndex::Facet(const SlotSet& within) const {
  if (!lookup_) return std::nullopt;
  return postings_.Facet(within, [](std::int64_t key) { return JsonValue(key); });
}

std::size_t IntegerIndex::memory_bytes() const {
  return postings_.memory_bytes() + column_.memory_bytes() + others_.memory_bytes();
}

void IntegerIndex::Save(ByteWriter& out) const {
  if (lookup_) postings_.Save(out);
  if (!range_) return;
  column_.Save(out);
  others_.Save(out);
}

Status IntegerIndex::Load(ByteReader& in) {
  if (lookup_) TRY(postings_.Load(in));
  if (!range_) return {};
  TRY(column_.Load(in, [](std::int64_t) { return true; }));
  return others_.Load(in, [](double number) { return std::isfinite(number); });
}

}  // namespace kith
