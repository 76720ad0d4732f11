// Strings by value: match value, any, except and prefix; facets.
#pragma once

#include <string>

#include "index/payload/field_index.h"
#include "index/payload/value_postings.h"

namespace kith {

class KeywordIndex final : public FieldIndex {
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
  ValuePostings<std::string> postings_;
};

}  // namespace kith
