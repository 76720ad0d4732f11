#include "engine/query/query_engine.h"

#include <cmath>
#include <string>

#include "engine/query/answer_records.h"
#include "engine/query/query_stages.h"

namespace kith {
namespace {

Error Invalid(std::string message) {
  return Error{ErrorCode::kInvalidArgument, std::move(message)};
}

class Validation {
 public:
  Status Check(const QueryRequest& request) {
    if (request.offset > kQueryLimitMax || request.offset + request.limit > kQueryLimitMax) {
      return Invalid("limit and offset are " + std::to_string(request.limit) + " and " +
                     std::to_string(request.offset) + ", expected at most " +
                     std::to_string(kQueryLimitMax) + " together");
    }
    return CheckStage(request, "", 0);
  }

 private:
  Status CheckStage(const QueryStage& stage, const std::string& where, std::size_t depth) {
    if (depth > kQueryDepthMax) {
      return Invalid(where + "prefetch: more than " + std::to_string(kQueryDepthMax) +
                     " prefetches inside one another");
    }
    if (++stages_ > kQueryStagesMax) {
      return Invalid("prefetch: a query has at most " + std::to_string(kQueryStagesMax - 1) +
                     " prefetches");
    }
    TRY(CheckRange(stage.limit, where + "limit"));
    if (!(stage.params.target_recall > 0 && stage.params.target_recall <= 1)) {
      return Invalid(where + "params.target_recall: expected a number in (0, 1]");
    }
    if (stage.params.ef_search > kEfSearchMax) {
      return Invalid(where + "params.hnsw_ef is " + std::to_string(stage.params.ef_search) +
                     ", expected at most " + std::to_string(kEfSearchMax));
    }
    if (stage.score_threshold && std::isnan(*stage.score_threshold)) {
      return Invalid(where + "score_threshold: expected a number");
    }
    TRY(CheckExamples(stage, where));
    for (std::size_t i = 0; i < stage.prefetch.size(); ++i) {
      TRY(CheckStage(stage.prefetch[i], where + "prefetch[" + std::to_string(i) + "].", depth + 1));
    }
    return {};
  }

  static Status CheckRange(std::size_t limit, const std::string& where) {
    if (limit >= 1 && limit <= kQueryLimitMax) return {};
    return Invalid(where + " is " + std::to_string(limit) + ", expected 1 to " +
                   std::to_string(kQueryLimitMax));
  }

  static Status CheckExamples(const QueryStage& stage, const std::string& where) {
    std::size_t examples = 0;
    if (const auto* nearest = std::get_if<NearestQuery>(&stage.query)) {
      if (!nearest->mmr) return {};
      if (!(nearest->mmr->diversity >= 0 && nearest->mmr->diversity <= 1)) {
        return Invalid(where + "query.mmr.diversity: expected a number from 0 to 1");
      }
      if (nearest->mmr->candidates_max == 0) return {};
      return CheckRange(nearest->mmr->candidates_max, where + "query.mmr.candidates_limit");
    }
    if (const auto* recommend = std::get_if<RecommendQuery>(&stage.query)) {
      examples = recommend->positive.size() + recommend->negative.size();
    } else if (const auto* discover = std::get_if<DiscoverQuery>(&stage.query)) {
      examples = 1 + 2 * discover->context.size();
    } else if (const auto* context = std::get_if<ContextQuery>(&stage.query)) {
      examples = 2 * context->context.size();
    }
    if (examples <= kQueryExamplesMax) return {};
    return Invalid(where + "query: " + std::to_string(examples) + " examples, expected at most " +
                   std::to_string(kQueryExamplesMax));
  }

  std::size_t stages_ = 0;
};

}  // namespace

Status ValidateQuery(const QueryRequest& request) { return Validation().Check(request); }

Result<QueryAnswer> RunQuery(const QueryContext& context, const QueryRequest& request) {
  TRY(ValidateQuery(request));
  QueryStages stages(context);
  RankedPoints ranked = TRY(stages.Run(request, nullptr, request.limit + request.offset));
  DropFirst(request.offset, ranked);
  QueryAnswer answer;
  answer.points = TRY(RecordsOf(context.collection, ranked,
                                {.payload = request.payload, .vectors = request.vectors}));
  answer.partial = stages.partial();
  return answer;
}

Result<std::vector<QueryAnswer>> RunQueryBatch(const QueryContext& context,
                                               std::span<const QueryRequest> requests) {
  if (requests.size() > kQueryBatchMax) {
    return Invalid("searches: " + std::to_string(requests.size()) + " queries, expected at most " +
                   std::to_string(kQueryBatchMax));
  }
  std::vector<QueryAnswer> answers;
  for (const QueryRequest& request : requests) {
    QueryAnswer answer = TRY(RunQuery(context, request));
    answers.push_back(std::move(answer));
  }
  return answers;
}

}  // namespace kith
