// Text to words: lower case, compatibility forms and Latin accents folded (Unicode NFKD and case
// folding), letters, marks and digits kept, everything else a separator.
//
//   "Café-Ordner\u00B2"  ->  "cafe" "ordner2"
//
// Han, Hiragana and Katakana characters are words of one character: those scripts put no space
// between words.  Soft hyphens and joiners vanish.  Bytes that are not UTF-8 separate.  A run of
// more than kWordCharactersMax characters is cut into words of that many.  Of a text of more than
// kTextWordsMax words, some 6 MB, the first so many are taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kith {

inline constexpr std::size_t kWordCharactersMax = 64;
inline constexpr std::size_t kTextWordsMax = std::size_t{1} << 20;

// Words back to back.  Reuse one for many texts: it keeps its memory.
class WordList {
 public:
  std::size_t size() const { return ends_.size(); }
  bool empty() const { return ends_.empty(); }
  // Borrows.  REQUIRES: i < size().
  std::string_view word(std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(begin, ends_[i] - begin);
  }

  // Replaces the words by those of `text`.
  void Split(std::string_view text);

 private:
  void EndWord();
  void AppendAscii(char lower_case);
  void AppendCodePoint(std::int32_t code_point);
  // Takes one character from `text` at `position`, not ASCII; returns its bytes.
  std::size_t AppendCharacter(std::string_view text, std::size_t position);

  std::string bytes_;
  std::vector<std::size_t> ends_;
  std::size_t open_characters_ = 0;  // of the word under way
};

}  // namespace kith
