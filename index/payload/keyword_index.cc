#include "index/payload/keyword_index.h"

#include <algorithm>

namespace kith {
namespace {

CardinalityEstimate Exactly(std::uint64_t count) {
  return {.min = count, .expected = count, .max = count};
}

}  // namespace

void KeywordIndex::Put(Slot slot, std::span<const JsonValue* const> elements) {
  std::vector<std::string_view> values;
  bool others = false;
  for (const JsonValue* element : elements) {
    if (element->is_string()) {
      values.push_back(element->string());
    } else {
      others |= !element->is_null();
    }
  }
  postings_.Put(slot, values, others);
}

std::optional<SlotSet> KeywordIndex::Match(const FieldTest& test,
                                           const FieldPresence& presence) const {
  if (const auto* match = std::get_if<MatchValue>(&test)) {
    const auto* text = std::get_if<std::string>(&match->value);
    if (text == nullptr) return std::nullopt;
    const Posting* posting = postings_.Find(*text);
    return posting == nullptr ? SlotSet() : posting->ToSet();
  }
  if (const auto* match = std::get_if<MatchAny>(&test)) {
    if (!match->integers.empty()) return std::nullopt;
    const std::span<const std::string> strings = match->strings;
    return match->except ? postings_.Except(strings, presence) : postings_.Any(strings);
  }
  if (const auto* match = std::get_if<MatchPrefix>(&test)) {
    PostingUnion slots;
    postings_.ForEach([&](const std::string& key, const Posting& posting) {
      if (key.starts_with(match->prefix)) slots.Add(posting);
    });
    return slots.Take();
  }
  return std::nullopt;
}

std::optional<CardinalityEstimate> KeywordIndex::Estimate(const FieldTest& test,
                                                          const FieldPresence& presence) const {
  if (const auto* match = std::get_if<MatchValue>(&test)) {
    const auto* text = std::get_if<std::string>(&match->value);
    if (text == nullptr) return std::nullopt;
    const Posting* posting = postings_.Find(*text);
    return Exactly(posting == nullptr ? 0 : posting->count());
  }
  if (const auto* match = std::get_if<MatchAny>(&test)) {
    if (!match->integers.empty()) return std::nullopt;
    const std::span<const std::string> strings = match->strings;
    return match->except ? postings_.EstimateExcept(strings, presence)
                         : postings_.EstimateAny(strings);
  }
  if (std::holds_alternative<MatchPrefix>(test)) {
    return CardinalityEstimate{
        .min = 0, .expected = postings_.slots() / 2, .max = postings_.slots()};
  }
  return std::nullopt;
}

std::optional<std::vector<FacetHit>> KeywordIndex::Facet(const SlotSet& within) const {
  return postings_.Facet(within, [](const std::string& key) { return JsonValue(key); });
}

}  // namespace kith
