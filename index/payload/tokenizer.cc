// Behind the wall of utf8proc, which knows letters, digits and their small forms.
#include "index/payload/tokenizer.h"

#include <utf8proc.h>

namespace kith {
namespace {

struct Character {
  std::int32_t code;
  std::size_t bytes;
};

// The first character; code -1 for a byte that starts none.  REQUIRES: !text.empty().
Character Decode(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return {first, 1};
  utf8proc_int32_t code = -1;
  const auto bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                      static_cast<utf8proc_ssize_t>(text.size()), &code);
  if (bytes <= 0) return {-1, 1};
  return {code, static_cast<std::size_t>(bytes)};
}

bool IsAlphanumeric(std::int32_t code) {
  if (code < 0) return false;
  if (code < 0x80) {
    return (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z') ||
           (code >= 'A' && code <= 'Z');
  }
  switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:  // vowel signs and accents stay with their letter
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return true;
    default:
      return false;
  }
}

bool IsBlank(std::int32_t code) {
  if (code < 0x80) return code == ' ' || (code >= '\t' && code <= '\r');
  const auto category = utf8proc_category(code);
  return code == 0x85 || category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP;
}

void AppendLower(std::int32_t code, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code >= 'A' && code <= 'Z' ? code + 32 : code);
    return;
  }
  utf8proc_uint8_t bytes[4];
  const auto count = utf8proc_encode_char(utf8proc_tolower(code), bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
}

struct Word {
  std::string text;
  std::vector<std::uint32_t> ends;  // of its characters, in bytes
};

// Calls visit(word) for every word; it may move the text away.
template <typename Visit>
void ForEachWord(std::string_view text, const TextParams& params, Visit visit) {
  const bool words = params.tokenizer != Tokenizer::kWhitespace;
  Word word;
  const auto flush = [&] {
    if (!word.ends.empty()) visit(word);
    word.text.clear();
    word.ends.clear();
  };
  while (!text.empty()) {
    const Character character = Decode(text);
    const bool belongs = words ? IsAlphanumeric(character.code) : !IsBlank(character.code);
    if (!belongs) {
      flush();
    } else {
      if (params.lowercase && character.code >= 0) {
        AppendLower(character.code, word.text);
      } else {
        word.text += text.substr(0, character.bytes);
      }
      word.ends.push_back(static_cast<std::uint32_t>(word.text.size()));
    }
    text.remove_prefix(character.bytes);
  }
  flush();
}

bool IsWanted(const Word& word, const TextParams& params) {
  return word.ends.size() >= params.min_token_len.value_or(0) &&
         word.ends.size() <= params.max_token_len.value_or(~std::uint32_t{0});
}

}  // namespace

std::vector<std::string> TokenizeDocument(std::string_view text, const TextParams& params) {
  std::vector<std::string> tokens;
  ForEachWord(text, params, [&](Word& word) {
    if (params.tokenizer != Tokenizer::kPrefix) {
      if (IsWanted(word, params)) tokens.push_back(std::move(word.text));
      return;
    }
    const std::size_t longest =
        std::min<std::size_t>(word.ends.size(), params.max_token_len.value_or(kPrefixLenMax));
    const std::size_t shortest = std::max(params.min_token_len.value_or(1), std::uint32_t{1});
    for (std::size_t length = shortest; length <= longest; ++length) {
      tokens.push_back(word.text.substr(0, word.ends[length - 1]));
    }
  });
  return tokens;
}

std::vector<std::string> TokenizeQuery(std::string_view text, const TextParams& params) {
  if (params.tokenizer != Tokenizer::kPrefix) return TokenizeDocument(text, params);
  std::vector<std::string> tokens;
  ForEachWord(text, params, [&](Word& word) {
    const std::size_t length =
        std::min<std::size_t>(word.ends.size(), params.max_token_len.value_or(kPrefixLenMax));
    if (length > 0 && length >= params.min_token_len.value_or(1)) {
      tokens.push_back(word.text.substr(0, word.ends[length - 1]));
    }
  });
  return tokens;
}

void TextFields::Set(const JsonPath& path, const TextParams& params) {
  for (auto& [known, known_params] : fields_) {
    if (known == path) {
      known_params = params;
      return;
    }
  }
  fields_.emplace_back(path, params);
}

void TextFields::Remove(const JsonPath& path) {
  std::erase_if(fields_, [&](const auto& field) { return field.first == path; });
}

const TextParams* TextFields::Find(const JsonPath& path) const {
  for (const auto& [known, params] : fields_) {
    if (known == path) return &params;
  }
  return nullptr;
}

}  // namespace kith
