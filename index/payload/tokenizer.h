// Texts of payloads as words, for text indexes and the conditions on them.
//
// Thread-safe: pure functions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "index/payload/filter.h"

namespace kith {

// Prefixes are no longer than this unless max_token_len says otherwise.
inline constexpr std::uint32_t kPrefixLenMax = 32;

enum class Tokenizer : std::uint8_t {
  kWord,        // runs of letters and digits
  kWhitespace,  // runs of anything but white space
  kPrefix,      // words, of a document all their prefixes
};

struct TextParams {
  Tokenizer tokenizer = Tokenizer::kWord;
  bool lowercase = true;
  // Characters; shorter and longer words are left out.  Of the prefix tokenizer: lengths of the
  // prefixes (from 1 where nothing is said); longer words of a query are cut.
  std::optional<std::uint32_t> min_token_len, max_token_len;
  bool phrase_matching = false;  // phrases are matched either way
  friend bool operator==(const TextParams&, const TextParams&) = default;
};

// The tokens in order, repetitions included.  `text` is valid UTF-8; what is not is taken byte by
// byte as no letter.
std::vector<std::string> TokenizeDocument(std::string_view text, const TextParams& params);
std::vector<std::string> TokenizeQuery(std::string_view text, const TextParams& params);

// What a text condition says about one text.  A query without tokens matches nothing.
template <typename Token>
bool TokensMatch(MatchText::Mode mode, std::span<const Token> query,
                 std::span<const Token> document) {
  const auto found = [&](const Token& token) {
    return std::find(document.begin(), document.end(), token) != document.end();
  };
  if (query.empty()) return false;
  switch (mode) {
    case MatchText::Mode::kAll:
      return std::all_of(query.begin(), query.end(), found);
    case MatchText::Mode::kAny:
      return std::any_of(query.begin(), query.end(), found);
    case MatchText::Mode::kPhrase:
      break;
  }
  return std::search(document.begin(), document.end(), query.begin(), query.end()) !=
         document.end();
}

// The fields that have a text index: conditions on them compare tokens, on all others substrings,
// as in Qdrant.  A value; few entries.
class TextFields {
 public:
  void Set(const JsonPath& path, const TextParams& params);  // adds or replaces
  void Remove(const JsonPath& path);
  const TextParams* Find(const JsonPath& path) const;  // null: no text index
  bool empty() const { return fields_.empty(); }

 private:
  std::vector<std::pair<JsonPath, TextParams>> fields_;
};

}  // namespace kith
