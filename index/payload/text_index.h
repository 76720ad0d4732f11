// Texts by token: match text, text_any, phrase.
//
// An inverted list for each token, and the tokens of each text in order: what a slot has to lose
// when it is erased, and what decides for phrases and for slots with several texts.
#pragma once

#include <string>
#include <vector>

#include "index/payload/field_index.h"
#include "index/payload/key_table.h"
#include "index/payload/posting.h"
#include "index/payload/slot_column.h"
#include "index/payload/tokenizer.h"

namespace kith {

class TextIndex final : public FieldIndex {
 public:
  explicit TextIndex(const TextParams& params) : params_(params) {}

  void Put(Slot slot, std::span<const JsonValue* const> elements) override;
  void Erase(Slot slot) override;
  std::optional<SlotSet> Match(const FieldTest& test, const FieldPresence& presence) const override;
  std::optional<CardinalityEstimate> Estimate(const FieldTest& test,
                                              const FieldPresence& presence) const override;
  std::uint64_t points() const override { return texts_.slots(); }
  std::size_t memory_bytes() const override;
  void Save(ByteWriter& out) const override;
  Status Load(ByteReader& in) override;

 private:
  using Ids = std::vector<std::uint32_t>;
  static constexpr std::uint32_t kTextEnd = KeyTable<std::string>::kNone;

  void PutIds(Slot slot, Ids ids);
  // The ids of the query's tokens; kTextEnd for one that no text has.
  Ids QueryIds(const MatchText& test) const;
  bool HoldsAt(Slot slot, MatchText::Mode mode, std::span<const std::uint32_t> query) const;

  TextParams params_;
  KeyTable<std::string> tokens_;
  std::vector<Posting> postings_;  // by token id
  SlotColumn<Ids> texts_;          // token ids in order, each text ended by kTextEnd
  SlotSet several_;                // slots with more than one text
  std::uint64_t text_tokens_ = 0;  // of all texts, ends included
};

}  // namespace kith
