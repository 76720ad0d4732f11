// Any JSON as a request of every kind: it is refused with a place, or answered from a small
// collection, within its limits, each point once.
#include <set>

#include "engine/query/groups.h"
#include "engine/query/legacy_requests.h"
#include "engine/query/matrix.h"
#include "engine/query/query_engine.h"
#include "engine/query/query_parser.h"
#include "engine/query/read_parser.h"
#include "index/payload/field_schema.h"
#include "storage/json_parser.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/temporary_folder.h"

namespace kith {
namespace {

constexpr std::uint32_t kPoints = 12;

std::unique_ptr<Collection> NewCollection(const TemporaryFolder& folder) {
  CollectionConfig config;
  config.vectors[""] = {.size = 2, .metric = Metric::kL2};
  config.vectors["c"] = {.size = 2, .metric = Metric::kCosine};
  config.vectors["d"] = {.size = 2, .metric = Metric::kInnerProduct};
  NumberFields(config);
  auto created = Collection::Create(folder / "c", config, {.background = false});
  KITH_FUZZ_CHECK(created.ok());
  std::unique_ptr<Collection> collection = std::move(created).value();
  for (const auto& [path, kind] : {std::pair{"n", "integer"}, {"k", "keyword"}}) {
    KITH_FUZZ_CHECK(
        collection
            ->CreateIndex(JsonPath::Parse(path).value(), ParseFieldSchema(JsonValue(kind)).value())
            .ok());
  }
  UpsertPoints upsert;
  for (std::uint32_t i = 0; i < kPoints; ++i) {
    const float x = static_cast<float>(i);
    Point point{.id = PointId(i), .vectors = {}, .payload = {}};
    if (i % 4 != 0) point.vectors[""] = {x, 1};
    if (i % 4 != 1) point.vectors["c"] = {x + 1, 3};
    if (i % 4 != 2) point.vectors["d"] = {-x, 2};
    point.payload =
        ParseJson(R"({"n":[1,2],"k":"a","g":{"lon":1,"lat":2},"t":"2024-01-01"})").value().object();
    if (i % 2 == 0) point.payload.Set("n", i);
    if (i % 3 == 0) point.payload.Set("k", "b");
    upsert.points.push_back(std::move(point));
  }
  KITH_FUZZ_CHECK(collection->Write(upsert, Durability::kLog).ok());
  return collection;
}

const Collection& TheCollection() {
  static const TemporaryFolder folder;
  static const std::unique_ptr<Collection> collection = NewCollection(folder);
  return *collection;
}

void CheckError(const Error& error) {
  KITH_FUZZ_CHECK(error.code == ErrorCode::kInvalidArgument || error.code == ErrorCode::kNotFound ||
                  error.code == ErrorCode::kUnsupported);
  KITH_FUZZ_CHECK(!error.message.empty());
}

// A parsed request, or nothing; an error names a place.
template <class T>
const T* Parsed(const Result<T>& result) {
  if (result.ok()) return &result.value();
  CheckError(result.error());
  KITH_FUZZ_CHECK(result.error().message.starts_with("request"));
  return nullptr;
}

template <class T>
const T* Answered(const Result<T>& result) {
  if (result.ok()) return &result.value();
  CheckError(result.error());
  return nullptr;
}

void CheckPoints(const std::vector<ScoredPoint>& points, std::size_t limit) {
  KITH_FUZZ_CHECK(points.size() <= limit && points.size() <= kPoints);
  std::set<PointId> ids;
  for (const ScoredPoint& point : points) {
    KITH_FUZZ_CHECK(ids.insert(point.id).second);
    KITH_FUZZ_CHECK(point.score == point.score);
  }
}

void CheckQuery(const QueryContext& context, const JsonValue& json) {
  const auto query = ParseQueryRequest(json);
  if (const QueryRequest* request = Parsed(query)) {
    const auto answer = RunQuery(context, *request);
    if (const QueryAnswer* found = Answered(answer)) CheckPoints(found->points, request->limit);
  }
}

void Check(const JsonValue& json) {
  const Collection& collection = TheCollection();
  const QueryContext context{.collection = collection};
  CheckQuery(context, json);
  for (const LegacyForm form :
       {LegacyForm::kSearch, LegacyForm::kRecommend, LegacyForm::kDiscover}) {
    const auto translated = QueryOfLegacy(form, json);
    if (const JsonValue* body = Parsed(translated)) CheckQuery(context, *body);
    const auto batch = QueryBatchOfLegacy(form, json);
    if (const JsonValue* body = Parsed(batch)) Parsed(ParseQueryBatch(*body));
  }
  const auto batch = ParseQueryBatch(json);
  if (const auto* requests = Parsed(batch); requests != nullptr && requests->size() < 8) {
    const auto answers = RunQueryBatch(context, *requests);
    if (const auto* all = Answered(answers)) KITH_FUZZ_CHECK(all->size() == requests->size());
  }
  const auto groups = ParseGroupsRequest(json);
  if (const GroupsRequest* request = Parsed(groups)) {
    const auto answer = RunGroups(context, *request);
    if (const GroupsAnswer* found = Answered(answer)) {
      KITH_FUZZ_CHECK(found->groups.size() <= request->query.limit);
      for (const PointGroup& group : found->groups) {
        KITH_FUZZ_CHECK(!group.hits.empty());
        CheckPoints(group.hits, request->group_size);
      }
    }
  }
  const auto matrix = ParseMatrixRequest(json);
  if (const MatrixRequest* request = Parsed(matrix)) {
    const auto answer = RunMatrix(context, *request);
    if (const MatrixAnswer* found = Answered(answer)) KITH_FUZZ_CHECK(found->ids.size() <= kPoints);
  }
  const auto scroll = ParseScrollRequest(json);
  if (const ScrollRequest* request = Parsed(scroll)) {
    const auto answer = RunScroll(collection, *request);
    if (const ScrollAnswer* found = Answered(answer)) CheckPoints(found->points, request->limit);
  }
  Parsed(ParseRetrieveRequest(json));
  Parsed(ParseCountRequest(json));
  Parsed(ParseFacetRequest(json));
}

std::vector<std::string> Seeds() {
  return {
      R"({"query":[1,2],"using":"c","limit":3,"offset":1,"with_payload":["n"],"with_vector":true})",
      R"({"query":{"nearest":3,"mmr":{"diversity":0.5,"candidates_limit":9}},"using":"d"})",
      R"({"query":{"recommend":{"positive":[1,[0,1]],"negative":[2],"strategy":"best_score"}}})",
      R"({"query":{"recommend":{"negative":[[3e38,3e38]],"strategy":"sum_scores"}},"using":"d"})",
      R"({"query":{"discover":{"target":3,"context":[{"positive":1,"negative":[5,5]}]}}})",
      R"({"query":{"context":{"positive":1,"negative":2}},"params":{"exact":true,"hnsw_ef":9}})",
      R"({"query":{"order_by":{"key":"n","direction":"desc","start_from":5}}})",
      R"({"query":{"sample":"random"},"filter":{"must":[{"key":"k","match":{"value":"a"}}]}})",
      R"({"prefetch":[{"query":[1,2],"limit":5},{"query":[2,1],"using":"d","prefetch":{}}],)"
      R"("query":{"rrf":{"k":3,"weights":[1,2]}},"score_threshold":0.1})",
      R"({"prefetch":{"query":[1,2]},"query":{"fusion":"dbsf"}})",
      R"({"prefetch":{},"query":{"formula":{"sum":["$score",{"mult":[2,{"key":"k","match":)"
      R"({"value":"a"}}]},{"div":{"left":"n","right":3,"by_zero_default":1}}]},"defaults":{"n":1}}})",
      R"({"prefetch":{},"query":{"formula":{"exp_decay":{"x":{"geo_distance":{"origin":{"lon":1,)"
      R"("lat":2},"to":"g"}},"target":{"neg":{"sqrt":4}},"scale":3,"midpoint":0.2}}}})",
      R"({"prefetch":{},"query":{"formula":{"gauss_decay":{"x":{"datetime_key":"t"},"target":)"
      R"({"datetime":"2024-01-02"}}}}})",
      R"({"query":[1,2],"group_by":"k","group_size":2,"limit":5,"with_lookup":"c"})",
      R"({"searches":[{"query":1},{"limit":2}]})",
      R"({"searches":[{"vector":[1,2]},{"vector":{"name":"c","vector":[2,1]},"limit":2}]})",
      R"({"vector":{"name":"c","vector":[2,1]},"limit":2,"score_threshold":0.5})",
      R"({"positive":[1,2],"negative":[3],"strategy":"best_score","using":"d"})",
      R"({"target":1,"context":[{"positive":2,"negative":3}],"limit":4})",
      R"({"sample":5,"limit":2,"using":"c"})",
      R"({"offset":4,"limit":3,"order_by":"n"})",
      R"({"ids":[1,"0f8fad5b-d9cb-469f-a165-70867728950e"]})",
      R"({"key":"k","limit":3,"exact":true})"};
}

}  // namespace
}  // namespace kith

KITH_FUZZ_SEEDS(kith::Seeds)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto json = kith::ParseJson(text);
  if (json.ok()) kith::Check(json.value());
  return 0;
}
