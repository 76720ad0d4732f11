#include "index/payload/text_index.h"

#include <algorithm>
#include <cassert>

namespace kith {

void TextIndex::Put(Slot slot, std::span<const JsonValue* const> elements) {
  Ids ids;
  for (const JsonValue* element : elements) {
    if (!element->is_string()) continue;
    for (const std::string& token : TokenizeDocument(element->string(), params_)) {
      ids.push_back(tokens_.Intern(token));
    }
    ids.push_back(kTextEnd);
  }
  if (!ids.empty()) PutIds(slot, std::move(ids));
}

void TextIndex::PutIds(Slot slot, Ids ids) {
  postings_.resize(std::max(postings_.size(), tokens_.ids_end()));
  Ids distinct = ids;
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  for (const std::uint32_t id : distinct) {
    if (id != kTextEnd) postings_[id].Add(slot);
  }
  if (std::count(ids.begin(), ids.end(), kTextEnd) > 1) several_.Add(slot);
  text_tokens_ += ids.size();
  std::vector<Ids> one;
  one.push_back(std::move(ids));
  texts_.Put(slot, std::move(one));
}

void TextIndex::Erase(Slot slot) {
  std::vector<Ids> texts = texts_.Erase(slot);
  if (texts.empty()) return;
  Ids& ids = texts[0];
  text_tokens_ -= ids.size();
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  for (const std::uint32_t id : ids) {
    if (id == kTextEnd) continue;
    postings_[id].Remove(slot);
    if (postings_[id].count() == 0) tokens_.Remove(id);
  }
  several_.Remove(slot);
}

TextIndex::Ids TextIndex::QueryIds(const MatchText& test) const {
  Ids ids;
  for (const std::string& token : TokenizeQuery(test.text, params_)) {
    ids.push_back(tokens_.Find(token));
  }
  return ids;
}

bool TextIndex::HoldsAt(Slot slot, MatchText::Mode mode,
                        std::span<const std::uint32_t> query) const {
  std::span<const std::uint32_t> left = texts_.Values(slot)[0];
  while (!left.empty()) {
    const auto length =
        static_cast<std::size_t>(std::find(left.begin(), left.end(), kTextEnd) - left.begin());
    if (TokensMatch<std::uint32_t>(mode, query, left.first(length))) return true;
    left = left.subspan(length + 1);
  }
  return false;
}

std::optional<SlotSet> TextIndex::Match(const FieldTest& test, const FieldPresence&) const {
  const auto* match = std::get_if<MatchText>(&test);
  if (match == nullptr) return std::nullopt;
  const Ids query = QueryIds(*match);
  if (match->mode == MatchText::Mode::kAny) {
    PostingUnion slots;
    for (const std::uint32_t id : query) {
      if (id != kTextEnd) slots.Add(postings_[id]);
    }
    return slots.Take();
  }
  if (query.empty() || std::count(query.begin(), query.end(), kTextEnd) > 0) return SlotSet();
  Ids rarest_first = query;
  std::sort(rarest_first.begin(), rarest_first.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::pair(postings_[a].count(), a) < std::pair(postings_[b].count(), b);
  });
  SlotSet slots = postings_[rarest_first[0]].ToSet();
  for (const std::uint32_t id : rarest_first) postings_[id].AndInto(slots);
  // All tokens are there: side by side, or in different texts of the slot?
  const bool phrase = match->mode == MatchText::Mode::kPhrase;
  if (query.size() == 1 || (!phrase && !slots.Intersects(several_))) return slots;
  SlotSet checked;
  slots.ForEach([&](Slot slot) {
    const bool sure = !phrase && !several_.Contains(slot);
    if (sure || HoldsAt(slot, match->mode, query)) checked.Add(slot);
  });
  return checked;
}

std::optional<CardinalityEstimate> TextIndex::Estimate(const FieldTest& test,
                                                       const FieldPresence&) const {
  const auto* match = std::get_if<MatchText>(&test);
  if (match == nullptr) return std::nullopt;
  const Ids query = QueryIds(*match);
  CardinalityEstimate estimate;
  if (query.empty()) return estimate;
  const std::uint64_t all = texts_.slots();
  const auto count_of = [&](std::uint32_t id) {
    return id == kTextEnd ? 0 : postings_[id].count();
  };
  double every = static_cast<double>(all), none = every;
  std::uint64_t least = all, most = 0, sum = 0;
  for (const std::uint32_t id : query) {
    const std::uint64_t count = count_of(id);
    const double part = all == 0 ? 0 : static_cast<double>(count) / static_cast<double>(all);
    every *= part;
    none *= 1 - part;
    least = std::min(least, count);
    most = std::max(most, count);
    sum += count;
  }
  if (match->mode == MatchText::Mode::kAny) {
    const auto expected = static_cast<std::uint64_t>(static_cast<double>(all) - none);
    estimate = {.min = most, .expected = expected, .max = std::min(sum, all)};
  } else {
    const bool exact = query.size() == 1;
    estimate = {.min = exact ? least : 0,
                .expected = exact ? least : static_cast<std::uint64_t>(every),
                .max = least};
  }
  estimate.expected = std::clamp(estimate.expected, estimate.min, estimate.max);
  return estimate;
}

std::size_t TextIndex::memory_bytes() const {
  std::size_t bytes = tokens_.memory_bytes() + texts_.memory_bytes() + several_.memory_bytes() +
                      postings_.capacity() * sizeof(Posting) + text_tokens_ * sizeof(std::uint32_t);
  for (const Posting& posting : postings_) bytes += posting.memory_bytes();
  return bytes;
}

//   text := u32 token_count | u32 bytes[token_count] | bytes of all |
//           column of u32 (positions in tokens in order, 0xffffffff behind each text)
void TextIndex::Save(ByteWriter& out) const {
  Ids numbers(postings_.size());
  std::vector<const std::string*> used;
  for (std::uint32_t id = 0; id < postings_.size(); ++id) {
    if (postings_[id].count() == 0) continue;
    numbers[id] = static_cast<std::uint32_t>(used.size());
    used.push_back(&tokens_.key(id));
  }
  out.Put(static_cast<std::uint32_t>(used.size()));
  for (const std::string* token : used) out.Put(static_cast<std::uint32_t>(token->size()));
  for (const std::string* token : used) out.PutArray(std::span<const char>(*token));
  out.Put(text_tokens_);
  texts_.ForEach([&](Slot slot, std::span<const Ids> texts) {
    for (std::size_t i = 0; i < texts[0].size(); ++i) out.Put(slot);
  });
  texts_.ForEach([&](Slot, std::span<const Ids> texts) {
    for (const std::uint32_t id : texts[0]) out.Put(id == kTextEnd ? id : numbers[id]);
  });
}

Status TextIndex::Load(ByteReader& in) {
  const auto corrupt = [](const std::string& what) {
    return Error{ErrorCode::kCorruption, "text: " + what};
  };
  const auto count = TRY(in.Get<std::uint32_t>());
  const std::vector<std::uint32_t> sizes = TRY(in.GetArray<std::uint32_t>(count));
  for (const std::uint32_t size : sizes) {
    const std::vector<char> bytes = TRY(in.GetArray<char>(size));
    tokens_.Intern(std::string_view(bytes.data(), bytes.size()));
  }
  if (tokens_.count() != count) return corrupt("a token is there twice");
  TRY(SlotColumn<std::uint32_t>::Load(in, kPayloadSlotsMax, [&](Slot slot, Ids ids) {
    const bool known = std::all_of(ids.begin(), ids.end(),
                                   [&](std::uint32_t id) { return id < count || id == kTextEnd; });
    if (!known || ids.back() != kTextEnd) {
      return Status(corrupt("expected tokens below " + std::to_string(count) +
                            " and an end at slot " + std::to_string(slot)));
    }
    PutIds(slot, std::move(ids));
    return Status();
  }));
  postings_.resize(count);
  for (const Posting& posting : postings_) {
    if (posting.count() == 0) return corrupt("a token that no text has");
  }
  return {};
}

}  // namespace kith
