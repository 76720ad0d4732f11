#include "engine/jobs/text_search_job.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "core/matrix.h"
#include "core/resource_usage.h"
#include "engine/jobs/query_runner.h"
#include "engine/jobs/recall.h"
#include "storage/jsonl.h"

namespace kith {
namespace {

constexpr std::size_t kTextsPerBlock = 4096;
constexpr std::size_t kBytesPerBlock = std::size_t{4} << 20;

bool IsJsonl(std::string_view path) {
  return path.ends_with(".jsonl") || path.ends_with(".ndjson") || path.ends_with(".json");
}

// Tells answers that want to know what their row says, row by row.
class FieldFiller {
 public:
  explicit FieldFiller(std::vector<TextSearchResult>& results) {
    for (TextSearchResult& result : results) {
      for (TextAnswer& answer : result.answers) wanted_.push_back(&answer);
    }
    std::ranges::stable_sort(wanted_, {}, [](const TextAnswer* answer) { return answer->id; });
  }

  // Reads until the last wanted row and appends one field to every answer.
  Status Fill(TextReader& reader, const std::string& path, const Cancellation& cancellation) {
    std::uint64_t row = 0;
    auto next = wanted_.begin();
    while (next != wanted_.end()) {
      TRY(cancellation.Check());
      const TextBlock block = TRY(reader.Next(kTextsPerBlock, kBytesPerBlock));
      if (block.empty()) {
        return Error{ErrorCode::kInvalidArgument,
                     path + " holds " + std::to_string(row) + " texts, but an answer is row " +
                         std::to_string((*next)->id) + ": are these the texts of the index?"};
      }
      for (; next != wanted_.end() && (*next)->id < row + block.size(); ++next) {
        (*next)->fields.emplace_back(block.text((*next)->id - row));
      }
      row += block.size();
    }
    return {};
  }

 private:
  std::vector<TextAnswer*> wanted_;  // by id
};

Status FillFields(const TextSearchParams& params, const Cancellation& cancellation,
                  std::vector<TextSearchResult>& results) {
  FieldFiller filler(results);
  if (!IsJsonl(params.documents)) {
    const std::unique_ptr<TextReader> reader =
        TRY(OpenPlainLines(params.documents, kJsonlLineBytesMax));
    return filler.Fill(*reader, params.documents, cancellation);
  }
  const std::vector<std::string> text = {"text"};
  for (const std::string& field : params.show.empty() ? text : params.show) {
    const std::unique_ptr<TextReader> reader =
        TRY(OpenJsonl(params.documents, {.fields = {field}, .allow_missing = true}));
    TRY(filler.Fill(*reader, params.documents, cancellation));
  }
  return {};
}

Status CheckParams(const TextSearchParams& params, const HashedEncoder& encoder,
                   const IndexInfo& index) {
  const auto invalid = [](std::string message) {
    return Error{ErrorCode::kInvalidArgument, std::move(message)};
  };
  if (params.texts.empty() || params.texts.size() > kSearchTextsMax) {
    return invalid(std::to_string(params.texts.size()) + " texts: expected 1 to " +
                   std::to_string(kSearchTextsMax));
  }
  if (encoder.dim() != index.dim) {
    return invalid("the encoder " + params.encoder + " has dim " + std::to_string(encoder.dim()) +
                   ", but the index " + params.index + " has dim " + std::to_string(index.dim));
  }
  if (!params.show.empty() && params.documents.empty()) {
    return invalid("fields to show, but no documents to read them from");
  }
  return CheckK(params.search.k, index.rows);
}

// Embeds and searches one text after another.
class TextSearcher {
 public:
  TextSearcher(const HashedEncoder& encoder, const VectorIndex& index,
               const TextSearchParams& params)
      : encoder_(encoder),
        info_(index.info()),
        searcher_(index.NewSearcher()),
        params_(params),
        scratch_(encoder),
        vector_(encoder.dim()),
        answers_(1, params.search.k) {}

  Result<TextSearchResult> Search(const std::string& text) {
    TextSearchResult result;
    result.text = text;
    std::size_t found = 0;
    for (int round = 0; round < 2; ++round) {
      const double start_seconds = WallSeconds();
      result.found = encoder_.Encode(text, vector_, scratch_);
      const double embedded_seconds = WallSeconds();
      found = TRY(searcher_->Search(vector_, params_.search, answers_.row(0)));
      result.search_us = (WallSeconds() - embedded_seconds) * 1e6;
      result.embed_us = (embedded_seconds - start_seconds) * 1e6;
    }
    ef_search_ = std::max(ef_search_, searcher_->stats().ef_search);
    for (const Neighbor& answer : answers_.row(0).first(found)) {
      result.answers.push_back({.id = answer.id, .distance = answer.distance, .fields = {}});
    }
    if (params_.check_recall) result.recall = TRY(Recall());
    return result;
  }

  std::uint32_t ef_search() const { return ef_search_; }

 private:
  Result<double> Recall() {
    Matrix<Neighbor> exact(1, params_.search.k);
    TRY(searcher_->Search(vector_, {.k = params_.search.k, .exact = true}, exact.row(0)));
    const Matrix<std::int32_t> truth = IdsOf(std::as_const(exact).view());
    return RecallAt(params_.search.k, std::as_const(answers_).view(), truth.view(),
                    AnswersAreExact(info_));
  }

  const HashedEncoder& encoder_;
  const IndexInfo info_;
  const std::unique_ptr<Searcher> searcher_;
  const TextSearchParams& params_;
  HashedEncoder::Scratch scratch_;
  std::vector<float> vector_;
  Matrix<Neighbor> answers_;
  std::uint32_t ef_search_ = 0;
};

}  // namespace

Result<TextSearchReport> SearchTexts(const TextSearchParams& params,
                                     const Cancellation& cancellation) {
  const HashedEncoder encoder = TRY(HashedEncoder::Load(params.encoder));
  const std::unique_ptr<VectorIndex> index = TRY(OpenIndex(params.index, params.load));
  TextSearchReport report;
  report.index = index->info();
  TRY(CheckParams(params, encoder, report.index));
  TextSearcher searcher(encoder, *index, params);
  for (const std::string& text : params.texts) {
    TRY(cancellation.Check());
    report.results.push_back(TRY(searcher.Search(text)));
  }
  report.ef_search = searcher.ef_search();
  if (!params.documents.empty()) TRY(FillFields(params, cancellation, report.results));
  return report;
}

}  // namespace kith
