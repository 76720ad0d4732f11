// A filter is turned into sets from the inside out.  Each part gives a superset of its slots, or
// nothing when it may be any slot, and says whether it is exact:
//
//   must       the supersets intersect; exact when all parts are
//   should     the supersets unite; exact when all parts are
//   must_not   only exact parts can be taken away; others make the result inexact
//   min_should sets of "at least j parts hold", folded over the parts
//
// Below a nested condition one element of an array has to satisfy all of the inner filter, and the
// indexes know of all elements together.  A test that holds for one element holds for all of them
// together, so supersets remain supersets; what asks for the absence of something (must_not,
// is_empty) says nothing there, and nothing is exact.
#include "index/payload/filter_selection.h"

#include <algorithm>
#include <cassert>

namespace kith {
namespace {

// Sets folded for one min_should; more of them are left to Matches.
constexpr std::size_t kMinShouldWorkMax = 4096;

struct Part {
  std::optional<SlotSet> slots;  // nothing: any slot
  bool exact = false;
};

class Selector {
 public:
  Selector(const FilterContext& context, const FindField& find, const SlotSet& live)
      : context_(context), find_(find), live_(live) {}

  // `above` is the path of the nested conditions around the filter, empty outside.
  Part Of(const Filter& filter, const JsonPath& above) const {
    Part result{.slots = std::nullopt, .exact = true};
    for (const Condition& condition : filter.must) Intersect(Of(condition, above), result);
    if (!filter.should.empty()) Intersect(Union(filter.should, above), result);
    if (filter.min_should) Intersect(AtLeast(*filter.min_should, above), result);
    for (const Condition& condition : filter.must_not) Exclude(condition, above, result);
    return result;
  }

 private:
  static void Intersect(Part part, Part& result) {
    result.exact &= part.exact;
    if (!part.slots) return;
    if (result.slots) {
      result.slots->And(*part.slots);
    } else {
      result.slots = std::move(part.slots);
    }
  }

  void Exclude(const Condition& condition, const JsonPath& above, Part& result) const {
    if (!above.empty()) {
      result.exact = false;
      return;
    }
    Part part = Of(condition, above);
    if (!part.exact) {
      result.exact = false;
    } else if (!part.slots) {
      result.slots = SlotSet();
    } else {
      if (!result.slots) result.slots = live_;
      result.slots->AndNot(*part.slots);
    }
  }

  Part Union(const std::vector<Condition>& conditions, const JsonPath& above) const {
    Part result{.slots = SlotSet(), .exact = true};
    for (const Condition& condition : conditions) {
      const Part part = Of(condition, above);
      if (!part.slots && part.exact) return part;  // all slots
      result.exact &= part.exact;
      if (!part.slots) result.slots.reset();
      if (result.slots && part.slots) result.slots->Or(*part.slots);
    }
    return result;
  }

  Part AtLeast(const MinShould& min_should, const JsonPath& above) const {
    if (min_should.min_count > min_should.conditions.size()) {
      return {.slots = SlotSet(), .exact = true};
    }
    std::size_t wanted = min_should.min_count;  // of the parts that are sets
    std::vector<SlotSet> sets;
    bool exact = true;
    for (const Condition& condition : min_should.conditions) {
      Part part = Of(condition, above);
      exact &= part.exact;
      if (part.slots) {
        sets.push_back(std::move(*part.slots));
      } else if (wanted > 0) {
        --wanted;  // holds for any slot, or may
      }
    }
    if (wanted == 0) return {.slots = std::nullopt, .exact = exact};
    assert(wanted <= sets.size());
    if (wanted * sets.size() > kMinShouldWorkMax) return {.slots = std::nullopt, .exact = false};
    std::vector<SlotSet> at_least(wanted + 1);  // by the number of sets that hold the slots
    for (const SlotSet& set : sets) {
      for (std::size_t count = wanted; count > 1; --count) {
        SlotSet both = at_least[count - 1];
        both.And(set);
        at_least[count].Or(both);
      }
      at_least[1].Or(set);
    }
    return {.slots = std::move(at_least[wanted]), .exact = exact};
  }

  Part Of(const Condition& condition, const JsonPath& above) const {
    return std::visit([&](const auto& test) { return OfTest(test, above); }, condition.test);
  }

  Part OfTest(const Filter& filter, const JsonPath& above) const { return Of(filter, above); }

  Part OfTest(const Nested& nested, const JsonPath& above) const {
    Part part = Of(nested.filter, above.Join(nested.key.Elements()));
    part.exact = false;
    return part;
  }

  Part OfTest(const HasId& test, const JsonPath& above) const {
    std::vector<Slot> slots;
    if (above.empty() && context_.slot_of) {
      for (const PointId& id : test.ids) {
        if (const std::optional<Slot> slot = context_.slot_of(id)) slots.push_back(*slot);
      }
    }
    return {.slots = SlotSet::Of(slots), .exact = true};
  }

  Part OfTest(const HasVector& test, const JsonPath& above) const {
    const SlotSet* slots = above.empty() && context_.slots_with_vector
                               ? context_.slots_with_vector(test.name)
                               : nullptr;
    return {.slots = slots == nullptr ? SlotSet() : *slots, .exact = true};
  }

  Part OfTest(const FieldCondition& field, const JsonPath& above) const {
    const IndexedField found = find_(above.empty() ? field.key : above.Join(field.key));
    if (found.index == nullptr) return {};
    std::optional<SlotSet> slots;
    if (const auto* empty = std::get_if<IsEmpty>(&field.test)) {
      if (!above.empty()) return {};
      slots = found.presence->Filled();
      if (empty->expected) slots = Without(std::move(*slots));
    } else if (const auto* null = std::get_if<IsNull>(&field.test)) {
      if (!above.empty() && !null->expected) return {};
      slots = found.presence->WithNull();
      if (!null->expected) slots = Without(std::move(*slots));
    } else if (const auto* count = std::get_if<ValuesCount>(&field.test)) {
      slots = found.presence->Match(*count);
    } else {
      slots = found.index->Match(field.test, *found.presence);
    }
    const bool exact = slots.has_value() && above.empty();
    return {.slots = std::move(slots), .exact = exact};
  }

  SlotSet Without(SlotSet slots) const {
    SlotSet others = live_;
    others.AndNot(slots);
    return others;
  }

  const FilterContext& context_;
  const FindField& find_;
  const SlotSet& live_;
};

// The same with numbers: conditions are taken to be independent for what is expected, and as they
// may fall out at best and at worst for the bounds.
class Estimator {
 public:
  Estimator(const FilterContext& context, const FindField& find, std::uint64_t live)
      : context_(context), find_(find), live_(live) {}

  CardinalityEstimate Of(const Filter& filter, const JsonPath& above) const {
    CardinalityEstimate result = All();
    for (const Condition& condition : filter.must) Intersect(Of(condition, above), result);
    if (!filter.should.empty()) Intersect(Union(filter.should, above), result);
    if (filter.min_should) Intersect(AtLeast(*filter.min_should, above), result);
    for (const Condition& condition : filter.must_not) {
      Intersect(above.empty() ? Not(Of(condition, above)) : Unknown(), result);
    }
    return result;
  }

 private:
  CardinalityEstimate All() const { return {.min = live_, .expected = live_, .max = live_}; }
  CardinalityEstimate Unknown() const { return {.min = 0, .expected = live_ / 2, .max = live_}; }

  CardinalityEstimate Not(const CardinalityEstimate& one) const {
    return {.min = live_ - one.max, .expected = live_ - one.expected, .max = live_ - one.min};
  }

  // Within the bounds there can be.
  CardinalityEstimate Bounded(CardinalityEstimate one) const {
    one.max = std::min(one.max, live_);
    one.min = std::min(one.min, one.max);
    one.expected = std::clamp(one.expected, one.min, one.max);
    return one;
  }

  double PartOf(std::uint64_t count) const {
    return live_ == 0 ? 0 : static_cast<double>(count) / static_cast<double>(live_);
  }

  void Intersect(const CardinalityEstimate& one, CardinalityEstimate& result) const {
    const std::uint64_t both = result.min + one.min;
    result = Bounded({.min = both > live_ ? both - live_ : 0,
                      .expected = static_cast<std::uint64_t>(static_cast<double>(result.expected) *
                                                             PartOf(one.expected)),
                      .max = std::min(result.max, one.max)});
  }

  CardinalityEstimate Union(const std::vector<Condition>& conditions, const JsonPath& above) const {
    CardinalityEstimate result;
    double none = 1;
    for (const Condition& condition : conditions) {
      const CardinalityEstimate one = Of(condition, above);
      result.min = std::max(result.min, one.min);
      result.max = std::min(result.max + one.max, live_);
      none *= 1 - PartOf(one.expected);
    }
    result.expected = static_cast<std::uint64_t>(static_cast<double>(live_) * (1 - none));
    return Bounded(result);
  }

  CardinalityEstimate AtLeast(const MinShould& min_should, const JsonPath& above) const {
    const std::size_t wanted = min_should.min_count;
    if (wanted > min_should.conditions.size()) return {};
    if (wanted == 1) return Union(min_should.conditions, above);
    std::uint64_t sum_max = 0, sum_expected = 0, sum_min = 0;
    for (const Condition& condition : min_should.conditions) {
      const CardinalityEstimate one = Of(condition, above);
      sum_max += one.max;
      sum_expected += one.expected;
      sum_min += one.min;
    }
    // Each point counts for at most all conditions, and for fewer than wanted if it does not match.
    const std::uint64_t missed = (wanted - 1) * live_;
    const std::uint64_t surplus = min_should.conditions.size() - wanted + 1;
    return Bounded({.min = sum_min > missed ? (sum_min - missed) / surplus : 0,
                    .expected = sum_expected / min_should.conditions.size(),
                    .max = sum_max / wanted});
  }

  CardinalityEstimate Of(const Condition& condition, const JsonPath& above) const {
    return std::visit([&](const auto& test) { return Bounded(OfTest(test, above)); },
                      condition.test);
  }

  CardinalityEstimate OfTest(const Filter& filter, const JsonPath& above) const {
    return Of(filter, above);
  }

  CardinalityEstimate OfTest(const Nested& nested, const JsonPath& above) const {
    CardinalityEstimate inner = Of(nested.filter, above.Join(nested.key.Elements()));
    inner.min = 0;
    return inner;
  }

  CardinalityEstimate Exactly(std::uint64_t count) const {
    return {.min = count, .expected = count, .max = count};
  }

  CardinalityEstimate OfTest(const HasId& test, const JsonPath& above) const {
    if (!above.empty() || !context_.slot_of) return {};
    return Exactly(static_cast<std::uint64_t>(
        std::count_if(test.ids.begin(), test.ids.end(),
                      [&](const PointId& id) { return context_.slot_of(id).has_value(); })));
  }

  CardinalityEstimate OfTest(const HasVector& test, const JsonPath& above) const {
    if (!above.empty() || !context_.slots_with_vector) return {};
    const SlotSet* slots = context_.slots_with_vector(test.name);
    return Exactly(slots == nullptr ? 0 : slots->count());
  }

  CardinalityEstimate OfTest(const FieldCondition& field, const JsonPath& above) const {
    const IndexedField found = find_(above.empty() ? field.key : above.Join(field.key));
    if (found.index == nullptr) return Unknown();
    const FieldPresence& presence = *found.presence;
    if (const auto* empty = std::get_if<IsEmpty>(&field.test)) {
      if (!above.empty()) return Unknown();
      const CardinalityEstimate filled = Bounded(Exactly(presence.filled_count()));
      return empty->expected ? Not(filled) : filled;
    }
    CardinalityEstimate estimate;
    if (const auto* null = std::get_if<IsNull>(&field.test)) {
      if (!above.empty() && !null->expected) return Unknown();
      estimate = Bounded(Exactly(presence.null_count()));
      if (!null->expected) estimate = Not(estimate);
    } else if (std::holds_alternative<ValuesCount>(field.test)) {
      estimate = {.min = 0, .expected = presence.points() / 2, .max = presence.points()};
    } else {
      estimate = found.index->Estimate(field.test, presence).value_or(Unknown());
    }
    if (!above.empty()) estimate.min = 0;
    return estimate;
  }

  const FilterContext& context_;
  const FindField& find_;
  const std::uint64_t live_;
};

}  // namespace

Selection SelectSlots(const Filter& filter, const SlotSet& live, const FilterContext& context,
                      const FindField& find) {
  Part part = Selector(context, find, live).Of(filter, JsonPath());
  if (!part.slots) return {.candidates = live, .exact = part.exact};
  part.slots->And(live);
  // Where nothing is left, there is nothing to check.
  const bool exact = part.exact || part.slots->empty();
  return {.candidates = std::move(*part.slots), .exact = exact};
}

CardinalityEstimate EstimateSlots(const Filter& filter, std::uint64_t live_count,
                                  const FilterContext& context, const FindField& find) {
  return Estimator(context, find, live_count).Of(filter, JsonPath());
}

}  // namespace kith
