// The wall around utf8proc.  ASCII, nearly all of most texts, goes through a table and never gets
// there.
#include "embeddings/text/word_splitter.h"

#include <utf8proc.h>

#include <array>
#include <cassert>

namespace kith {
namespace {

// Lower-case letter or digit for each ASCII byte, 0 for separators.
constexpr std::array<char, 128> kAsciiWordCharacter = [] {
  std::array<char, 128> table{};
  for (unsigned c = '0'; c <= '9'; ++c) table[c] = static_cast<char>(c);
  for (unsigned c = 'a'; c <= 'z'; ++c) {
    table[c] = static_cast<char>(c);
    table[c - 'a' + 'A'] = static_cast<char>(c);
  }
  return table;
}();

bool IsWordCategory(utf8proc_category_t category) {
  switch (category) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return true;
    default:
      return false;
  }
}

// Accents of Latin, Greek and Cyrillic once a character is decomposed.
bool IsCombiningDiacritic(utf8proc_int32_t code_point) {
  return code_point >= 0x0300 && code_point <= 0x036F;
}

bool IsWordOfItsOwn(utf8proc_int32_t code_point) {
  return (code_point >= 0x3041 && code_point <= 0x30FF) ||  // Hiragana, Katakana
         (code_point >= 0x31F0 && code_point <= 0x31FF) ||  // Katakana extensions
         (code_point >= 0x3400 && code_point <= 0x4DBF) ||  // Han, extension A
         (code_point >= 0x4E00 && code_point <= 0x9FFF) ||  // Han
         (code_point >= 0x20000 && code_point <= 0x3FFFF);  // Han, supplementary planes
}

// Voicing marks follow a kana when decomposed.
bool IsKanaVoicingMark(utf8proc_int32_t code_point) {
  return code_point == 0x3099 || code_point == 0x309A;
}

// The longest decomposition of a character has 18 code points (U+FDFA).
constexpr std::size_t kDecompositionMax = 32;

}  // namespace

void WordList::EndWord() {
  if (open_characters_ == 0) return;
  ends_.push_back(bytes_.size());
  open_characters_ = 0;
}

void WordList::AppendAscii(char lower_case) {
  if (open_characters_ == kWordCharactersMax) EndWord();
  bytes_ += lower_case;
  ++open_characters_;
}

void WordList::AppendCodePoint(std::int32_t code_point) {
  if (code_point < 128) {
    const char c = kAsciiWordCharacter[static_cast<std::size_t>(code_point)];
    c != 0 ? AppendAscii(c) : EndWord();
    return;
  }
  if (IsCombiningDiacritic(code_point) || IsKanaVoicingMark(code_point)) return;
  const utf8proc_category_t category = utf8proc_category(code_point);
  if (category == UTF8PROC_CATEGORY_CF) return;  // soft hyphen, zero-width joiners
  if (!IsWordCategory(category)) return EndWord();
  const bool alone = IsWordOfItsOwn(code_point);
  if (alone || open_characters_ == kWordCharactersMax) EndWord();
  utf8proc_uint8_t encoded[4];
  const utf8proc_ssize_t bytes = utf8proc_encode_char(code_point, encoded);
  bytes_.append(reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(bytes));
  ++open_characters_;
  if (alone) EndWord();
}

std::size_t WordList::AppendCharacter(std::string_view text, std::size_t position) {
  utf8proc_int32_t code_point = -1;
  const auto* const bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + position;
  const utf8proc_ssize_t length =
      utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size() - position), &code_point);
  if (length <= 0) {
    EndWord();
    return 1;
  }
  utf8proc_int32_t parts[kDecompositionMax];
  int last_boundary_class = 0;
  const utf8proc_ssize_t count = utf8proc_decompose_char(
      code_point, parts, kDecompositionMax,
      static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD),
      &last_boundary_class);
  if (count < 0 || count > static_cast<utf8proc_ssize_t>(kDecompositionMax)) {
    EndWord();  // an unassigned code point
  } else {
    for (utf8proc_ssize_t i = 0; i < count; ++i) AppendCodePoint(parts[i]);
  }
  return static_cast<std::size_t>(length);
}

void WordList::Split(std::string_view text) {
  bytes_.clear();
  ends_.clear();
  assert(open_characters_ == 0);
  std::size_t position = 0;
  while (position < text.size() && ends_.size() < kTextWordsMax) {
    const auto byte = static_cast<unsigned char>(text[position]);
    if (byte < 128) {
      const char c = kAsciiWordCharacter[byte];
      c != 0 ? AppendAscii(c) : EndWord();
      ++position;
    } else {
      position += AppendCharacter(text, position);
    }
  }
  EndWord();
  // The last character may have brought several words.
  if (ends_.size() > kTextWordsMax) ends_.resize(kTextWordsMax);
}

}  // namespace kith
