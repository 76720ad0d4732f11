#include "engine/query/query_parser.h"

#include <array>

#include "engine/query/formula_parser.h"
#include "engine/query/request_values.h"

namespace kith {
namespace {

using Strategy = RecommendQuery::Strategy;

Result<std::vector<VectorInput>> InputsAt(const JsonValue& json, const std::string& where) {
  if (!json.is_array()) return WrongKind(where, "an array of vectors and ids", json);
  std::vector<VectorInput> inputs;
  for (std::size_t i = 0; i < json.array().size(); ++i) {
    if (i == kQueryExamplesMax) {
      return InvalidAt(where,
                       "expected at most " + std::to_string(kQueryExamplesMax) + " examples");
    }
    VectorInput input = TRY(VectorInputAt(json.array()[i], ElementAt(where, i)));
    inputs.push_back(std::move(input));
  }
  return inputs;
}

Result<ContextPair> PairAt(const JsonValue& json, const std::string& where) {
  JsonFields fields = TRY(JsonFields::Of(json, where));
  const JsonValue* positive = TRY(fields.Need("positive"));
  const JsonValue* negative = TRY(fields.Need("negative"));
  TRY(fields.Done());
  ContextPair pair;
  pair.positive = TRY(VectorInputAt(*positive, fields.Where("positive")));
  pair.negative = TRY(VectorInputAt(*negative, fields.Where("negative")));
  return pair;
}

Result<std::vector<ContextPair>> PairsAt(const JsonValue& json, const std::string& where) {
  std::vector<ContextPair> pairs;
  if (!json.is_array()) {
    ContextPair pair = TRY(PairAt(json, where));
    pairs.push_back(std::move(pair));
    return pairs;
  }
  for (std::size_t i = 0; i < json.array().size(); ++i) {
    if (i == kQueryExamplesMax) {
      return InvalidAt(where, "expected at most " + std::to_string(kQueryExamplesMax) + " pairs");
    }
    ContextPair pair = TRY(PairAt(json.array()[i], ElementAt(where, i)));
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

// --- The forms.  Each takes its keys of the query object. ---

Result<Query> ParseNearest(const JsonValue& json, JsonFields& fields) {
  NearestQuery query;
  query.vector = TRY(VectorInputAt(json, fields.Where("nearest")));
  const JsonValue* mmr = fields.Take("mmr");
  if (mmr == nullptr) return Query(std::move(query));
  JsonFields inner = TRY(JsonFields::Of(*mmr, fields.Where("mmr")));
  query.mmr.emplace();
  if (const JsonValue* diversity = inner.Take("diversity")) {
    query.mmr->diversity = TRY(FloatAt(*diversity, inner.Where("diversity")));
    if (query.mmr->diversity < 0 || query.mmr->diversity > 1) {
      return InvalidAt(inner.Where("diversity"), "expected a number from 0 to 1");
    }
  }
  if (const JsonValue* limit = inner.Take("candidates_limit")) {
    query.mmr->candidates_max = TRY(UnsignedAt(*limit, inner.Where("candidates_limit")));
  }
  TRY(inner.Done());
  return Query(std::move(query));
}

Result<Query> ParseRecommend(const JsonValue& json, JsonFields& outer) {
  JsonFields fields = TRY(JsonFields::Of(json, outer.Where("recommend")));
  RecommendQuery query;
  if (const JsonValue* positive = fields.Take("positive")) {
    query.positive = TRY(InputsAt(*positive, fields.Where("positive")));
  }
  if (const JsonValue* negative = fields.Take("negative")) {
    query.negative = TRY(InputsAt(*negative, fields.Where("negative")));
  }
  const JsonValue* strategy = fields.Take("strategy");
  TRY(fields.Done());
  if (strategy == nullptr) return Query(std::move(query));
  const std::string name = TRY(StringAt(*strategy, fields.Where("strategy")));
  constexpr std::array<std::pair<const char*, Strategy>, 3> kStrategies = {
      {{"average_vector", Strategy::kAverageVector},
       {"best_score", Strategy::kBestScore},
       {"sum_scores", Strategy::kSumScores}}};
  for (const auto& [known, value] : kStrategies) {
    if (name != known) continue;
    query.strategy = value;
    return Query(std::move(query));
  }
  return InvalidAt(fields.Where("strategy"), "expected average_vector, best_score or sum_scores");
}

Result<Query> ParseDiscover(const JsonValue& json, JsonFields& outer) {
  JsonFields fields = TRY(JsonFields::Of(json, outer.Where("discover")));
  const JsonValue* target = TRY(fields.Need("target"));
  const JsonValue* context = fields.Take("context");
  TRY(fields.Done());
  DiscoverQuery query;
  query.target = TRY(VectorInputAt(*target, fields.Where("target")));
  if (context != nullptr) query.context = TRY(PairsAt(*context, fields.Where("context")));
  return Query(std::move(query));
}

Result<Query> ParseContext(const JsonValue& json, JsonFields& fields) {
  ContextQuery query;
  query.context = TRY(PairsAt(json, fields.Where("context")));
  return Query(std::move(query));
}

Result<Query> ParseOrderBy(const JsonValue& json, JsonFields& fields) {
  OrderByQuery query = TRY(OrderByAt(json, fields.Where("order_by")));
  return Query(std::move(query));
}

Result<Query> ParseSample(const JsonValue& json, JsonFields& fields) {
  const std::string name = TRY(StringAt(json, fields.Where("sample")));
  if (name != "random") return InvalidAt(fields.Where("sample"), "expected random");
  return Query(SampleQuery());
}

Result<Query> ParseFusion(const JsonValue& json, JsonFields& fields) {
  const std::string name = TRY(StringAt(json, fields.Where("fusion")));
  if (name == "rrf") return Query(RrfQuery());
  if (name == "dbsf") return Query(DbsfQuery());
  return InvalidAt(fields.Where("fusion"), "expected rrf or dbsf");
}

Result<Query> ParseRrf(const JsonValue& json, JsonFields& outer) {
  JsonFields fields = TRY(JsonFields::Of(json, outer.Where("rrf")));
  RrfQuery query;
  if (const JsonValue* k = fields.Take("k")) {
    query.params.k = TRY(UnsignedAt(*k, fields.Where("k")));
    if (query.params.k == 0) return InvalidAt(fields.Where("k"), "expected at least 1, found 0");
  }
  const JsonValue* weights = fields.Take("weights");
  TRY(fields.Done());
  if (weights != nullptr) {
    query.params.weights = TRY(DenseVectorAt(*weights, fields.Where("weights")));
  }
  return Query(std::move(query));
}

Result<Query> ParseFormulaQuery(const JsonValue& json, JsonFields& fields) {
  FormulaQuery query;
  query.formula = TRY(ParseFormula(json, fields.Take("defaults"), fields.where()));
  return Query(std::move(query));
}

Result<Query> RefuseFeedback(const JsonValue&, JsonFields& fields) {
  return Error{ErrorCode::kUnsupported,
               fields.Where("relevance_feedback") + ": relevance feedback is not supported"};
}

// A form of query: one more is a parser and a row.
struct FormRow {
  const char* key;
  Result<Query> (*parse)(const JsonValue&, JsonFields&);
};
constexpr FormRow kForms[] = {
    {"nearest", ParseNearest},      {"recommend", ParseRecommend},
    {"discover", ParseDiscover},    {"context", ParseContext},
    {"order_by", ParseOrderBy},     {"sample", ParseSample},
    {"fusion", ParseFusion},        {"rrf", ParseRrf},
    {"formula", ParseFormulaQuery}, {"relevance_feedback", RefuseFeedback},
};

Result<Query> QueryAt(const JsonValue& json, const std::string& where) {
  if (!json.is_object()) {
    NearestQuery query;
    query.vector = TRY(VectorInputAt(json, where));
    return Query(std::move(query));
  }
  if (json.Find("indices") != nullptr || json.Find("text") != nullptr ||
      json.Find("image") != nullptr || json.Find("model") != nullptr) {
    return DenseVectorAt(json, where).error();
  }
  JsonFields fields = TRY(JsonFields::Of(json, where));
  Query query;
  std::size_t found = 0;
  for (const FormRow& row : kForms) {
    if (const JsonValue* form = fields.Take(row.key)) {
      query = TRY(row.parse(*form, fields));
      ++found;
    }
  }
  TRY(fields.Done());
  if (found == 1) return query;
  return InvalidAt(where,
                   "expected one form of query (nearest, recommend, discover, context, "
                   "order_by, sample, fusion, rrf, formula), found " +
                       std::to_string(found));
}

Status CheckQuantization(const JsonValue& json, const std::string& where) {
  JsonFields fields = TRY(JsonFields::Of(json, where));
  for (const char* key : {"ignore", "rescore"}) {
    if (const JsonValue* value = fields.Take(key)) TRY(BoolAt(*value, fields.Where(key)));
  }
  if (const JsonValue* oversampling = fields.Take("oversampling")) {
    const double factor = TRY(NumberAt(*oversampling, fields.Where("oversampling")));
    if (!(factor >= 1)) {
      return InvalidAt(fields.Where("oversampling"), "expected a number from 1");
    }
  }
  return fields.Done();
}

Status CheckAcorn(const JsonValue& json, const std::string& where) {
  JsonFields fields = TRY(JsonFields::Of(json, where));
  if (const JsonValue* enable = fields.Take("enable")) {
    TRY(BoolAt(*enable, fields.Where("enable")));
  }
  if (const JsonValue* selectivity = fields.Take("max_selectivity")) {
    TRY(NumberAt(*selectivity, fields.Where("max_selectivity")));
  }
  return fields.Done();
}

Result<StageParams> ParamsAt(const JsonValue& json, const std::string& where) {
  JsonFields fields = TRY(JsonFields::Of(json, where));
  StageParams params;
  if (const JsonValue* ef = fields.Take("hnsw_ef")) {
    const std::uint64_t value = TRY(UnsignedAt(*ef, fields.Where("hnsw_ef")));
    if (value == 0 || value > kEfSearchMax) {
      return InvalidAt(fields.Where("hnsw_ef"), "expected 1 to " + std::to_string(kEfSearchMax) +
                                                    ", found " + std::to_string(value));
    }
    params.ef_search = static_cast<std::uint32_t>(value);
  }
  if (const JsonValue* exact = fields.Take("exact")) {
    params.exact = TRY(BoolAt(*exact, fields.Where("exact")));
  }
  if (const JsonValue* recall = fields.Take("target_recall")) {
    params.target_recall = TRY(NumberAt(*recall, fields.Where("target_recall")));
    if (!(params.target_recall > 0 && params.target_recall <= 1)) {
      return InvalidAt(fields.Where("target_recall"), "expected a number in (0, 1]");
    }
  }
  if (const JsonValue* indexed_only = fields.Take("indexed_only")) {
    TRY(BoolAt(*indexed_only, fields.Where("indexed_only")));
  }
  if (const JsonValue* quantization = fields.Take("quantization")) {
    TRY(CheckQuantization(*quantization, fields.Where("quantization")));
  }
  if (const JsonValue* acorn = fields.Take("acorn")) {
    TRY(CheckAcorn(*acorn, fields.Where("acorn")));
  }
  TRY(fields.Done());
  return params;
}

Result<LookupFrom> LookupFromAt(const JsonValue& json, const std::string& where) {
  JsonFields fields = TRY(JsonFields::Of(json, where));
  const JsonValue* collection = TRY(fields.Need("collection"));
  const JsonValue* vector = fields.Take("vector");
  TRY(fields.Done());
  LookupFrom lookup;
  lookup.collection = TRY(StringAt(*collection, fields.Where("collection")));
  if (vector != nullptr) lookup.vector = TRY(StringAt(*vector, fields.Where("vector")));
  return lookup;
}

class StageParser {
 public:
  Status TakeStage(JsonFields& fields, QueryStage& stage) {
    if (const JsonValue* query = fields.Take("query")) {
      stage.query = TRY(QueryAt(*query, fields.Where("query")));
    }
    if (const JsonValue* name = fields.Take("using")) {
      stage.using_vector = TRY(StringAt(*name, fields.Where("using")));
    }
    if (const JsonValue* filter = fields.Take("filter")) {
      stage.filter = TRY(FilterAt(*filter, fields.where()));
    }
    if (const JsonValue* params = fields.Take("params")) {
      stage.params = TRY(ParamsAt(*params, fields.Where("params")));
    }
    if (const JsonValue* threshold = fields.Take("score_threshold")) {
      stage.score_threshold = TRY(FloatAt(*threshold, fields.Where("score_threshold")));
    }
    if (const JsonValue* limit = fields.Take("limit")) {
      stage.limit = TRY(UnsignedAt(*limit, fields.Where("limit")));
    }
    if (const JsonValue* lookup = fields.Take("lookup_from")) {
      stage.lookup_from = TRY(LookupFromAt(*lookup, fields.Where("lookup_from")));
    }
    if (fields.Take("shard_key") != nullptr) {
      return Error{ErrorCode::kUnsupported, fields.Where("shard_key") + ": there are no shards"};
    }
    const JsonValue* prefetch = fields.Take("prefetch");
    return prefetch == nullptr ? Status() : TakePrefetches(*prefetch, fields, stage);
  }

 private:
  Status TakePrefetches(const JsonValue& json, const JsonFields& fields, QueryStage& stage) {
    const std::string where = fields.Where("prefetch");
    if (depth_ == kQueryDepthMax) {
      return InvalidAt(
          where, "more than " + std::to_string(kQueryDepthMax) + " prefetches inside one another");
    }
    ++depth_;
    if (!json.is_array()) TRY(TakePrefetch(json, where, stage));
    for (std::size_t i = 0; json.is_array() && i < json.array().size(); ++i) {
      TRY(TakePrefetch(json.array()[i], ElementAt(where, i), stage));
    }
    --depth_;
    return {};
  }

  Status TakePrefetch(const JsonValue& json, const std::string& where, QueryStage& stage) {
    if (++stages_ == kQueryStagesMax) {
      return InvalidAt(
          where, "a query has at most " + std::to_string(kQueryStagesMax - 1) + " prefetches");
    }
    JsonFields fields = TRY(JsonFields::Of(json, where));
    QueryStage prefetch;
    TRY(TakeStage(fields, prefetch));
    TRY(fields.Done());
    stage.prefetch.push_back(std::move(prefetch));
    return {};
  }

  std::size_t depth_ = 0, stages_ = 0;
};

Result<QueryRequest> RequestAt(const JsonValue& json, const std::string& where) {
  JsonFields fields = TRY(JsonFields::Of(json, where));
  QueryRequest request = TRY(TakeQueryRequest(fields));
  if (const JsonValue* offset = fields.Take("offset")) {
    request.offset = TRY(UnsignedAt(*offset, fields.Where("offset")));
  }
  TRY(fields.Done());
  return request;
}

}  // namespace

Result<QueryRequest> TakeQueryRequest(JsonFields& fields) {
  QueryRequest request;
  TRY(StageParser().TakeStage(fields, request));
  if (const JsonValue* selector = fields.Take("with_payload")) {
    request.payload = TRY(PayloadSelectorAt(*selector, fields.Where("with_payload")));
  }
  // Clients send either name.
  for (const char* key : {"with_vector", "with_vectors"}) {
    if (const JsonValue* selector = fields.Take(key)) {
      request.vectors = TRY(VectorSelectorAt(*selector, fields.Where(key)));
    }
  }
  return request;
}

Result<QueryRequest> ParseQueryRequest(const JsonValue& json) { return RequestAt(json, "request"); }

Result<std::vector<QueryRequest>> ParseQueryBatch(const JsonValue& json) {
  JsonFields fields = TRY(JsonFields::Of(json, "request"));
  const JsonValue* searches = TRY(fields.Need("searches"));
  TRY(fields.Done());
  const std::string where = fields.Where("searches");
  if (!searches->is_array()) return WrongKind(where, "an array", *searches);
  const JsonArray& array = searches->array();
  if (array.size() > kQueryBatchMax) {
    return InvalidAt(where, std::to_string(array.size()) + " queries, expected at most " +
                                std::to_string(kQueryBatchMax));
  }
  std::vector<QueryRequest> requests;
  for (std::size_t i = 0; i < array.size(); ++i) {
    QueryRequest request = TRY(RequestAt(array[i], ElementAt(where, i)));
    requests.push_back(std::move(request));
  }
  return requests;
}

}  // namespace kith
