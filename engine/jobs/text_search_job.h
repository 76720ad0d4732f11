// Words against an index of embedded texts: `kith search --text`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/result.h"
#include "embeddings/text/hashed_encoder.h"
#include "index/index_directory.h"
#include "index/vector_index.h"

namespace kith {

inline constexpr std::size_t kSearchTextsMax = 1024;

struct TextSearchParams {
  std::string index;
  std::string encoder;  // the one that embedded the texts of the index
  std::vector<std::string> texts;
  SearchParams search;
  LoadMode load = LoadMode::kResident;
  // The texts that were embedded, line i being row i: JSONL (.jsonl, .ndjson, .json), of which
  // the string fields `show` are told (none: "text"), or plain lines.  Empty: answers are row
  // numbers alone.
  std::string documents;
  std::vector<std::string> show;
  bool check_recall = false;  // compare with an exact scan
};

struct TextAnswer {
  std::uint32_t id = 0;
  float distance = 0;
  std::vector<std::string> fields;  // one for each of `show`, or the line; empty where missing
};

struct TextSearchResult {
  std::string text;
  EncodedText found;  // what the encoder knows of it; if nothing, the answers mean nothing
  // Of a repetition: a first call pays for cold caches.
  double embed_us = 0, search_us = 0;
  std::vector<TextAnswer> answers;
  std::optional<double> recall;  // recall@k
};

struct TextSearchReport {
  IndexInfo index;
  std::uint32_t ef_search = 0;            // in effect, the largest; 0 for an exact scan
  std::vector<TextSearchResult> results;  // in the order of the texts
};

// Errors: kInvalidArgument for no texts, an encoder of another dim than the index, documents with
// fewer lines than the index has rows (as far as an answer needs them), `show` without documents,
// k outside 1 to the number of vectors; otherwise those of reading and searching.
Result<TextSearchReport> SearchTexts(const TextSearchParams& params,
                                     const Cancellation& cancellation);

}  // namespace kith
