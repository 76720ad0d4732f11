#include "engine/query/query_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/query/read_parser.h"
#include "storage/json_parser.h"

namespace kith {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

QueryRequest Parse(const std::string& text) {
  auto parsed = ParseQueryRequest(ParseJson(text).value());
  EXPECT_TRUE(parsed.ok()) << parsed.error().message;
  return parsed.ok() ? std::move(parsed).value() : QueryRequest();
}

std::string ErrorOf(const std::string& text) {
  const auto parsed = ParseQueryRequest(ParseJson(text).value());
  return parsed.ok() ? "no error" : parsed.error().message;
}

template <class T>
T Form(const std::string& query) {
  const QueryRequest request = Parse(R"({"query":)" + query + "}");
  EXPECT_TRUE(std::holds_alternative<T>(request.query)) << query;
  return std::holds_alternative<T>(request.query) ? *std::get_if<T>(&request.query) : T();
}

TEST(QueryParserTest, DefaultsAreThoseOfQdrant) {
  const QueryRequest request = Parse("{}");
  EXPECT_TRUE(std::holds_alternative<ByIdQuery>(request.query));
  EXPECT_EQ(request.limit, 10u);
  EXPECT_EQ(request.offset, 0u);
  EXPECT_FALSE(request.payload.enabled);
  EXPECT_FALSE(request.vectors.enabled);
  EXPECT_FALSE(request.params.exact);
  EXPECT_EQ(request.using_vector, "");
}

TEST(QueryParserTest, NearestHasThreeSpellings) {
  EXPECT_EQ(Form<NearestQuery>("[0.5,-1]").vector, VectorInput(std::vector<float>{0.5F, -1}));
  EXPECT_EQ(Form<NearestQuery>("18446744073709551615").vector,
            VectorInput(PointId(18446744073709551615u)));
  const NearestQuery query =
      Form<NearestQuery>(R"({"nearest":"0f8fad5b-d9cb-469f-a165-70867728950e",
                             "mmr":{"diversity":0.25,"candidates_limit":70}})");
  EXPECT_EQ(query.vector,
            VectorInput(PointId::ParseUuid("0f8fad5bd9cb469fa16570867728950e").value()));
  EXPECT_EQ(query.mmr->diversity, 0.25F);
  EXPECT_EQ(query.mmr->candidates_max, 70u);
  EXPECT_EQ(Form<NearestQuery>(R"({"nearest":[1],"mmr":{}})").mmr->diversity, 0.5F);
}

TEST(QueryParserTest, ReadsEachForm) {
  const RecommendQuery recommend = Form<RecommendQuery>(
      R"({"recommend":{"positive":[1,[2,3]],"negative":[4],"strategy":"sum_scores"}})");
  EXPECT_EQ(recommend.positive.size(), 2u);
  EXPECT_EQ(recommend.negative, std::vector<VectorInput>{PointId(4)});
  EXPECT_EQ(recommend.strategy, RecommendQuery::Strategy::kSumScores);
  EXPECT_EQ(Form<RecommendQuery>(R"({"recommend":{"positive":[1]}})").strategy,
            RecommendQuery::Strategy::kAverageVector);
  const DiscoverQuery discover =
      Form<DiscoverQuery>(R"({"discover":{"target":1,"context":[{"positive":2,"negative":3}]}})");
  EXPECT_EQ(discover.target, VectorInput(PointId(1)));
  EXPECT_EQ(discover.context[0].negative, VectorInput(PointId(3)));
  EXPECT_EQ(Form<ContextQuery>(R"({"context":{"positive":2,"negative":3}})").context.size(), 1u);
  const OrderByQuery order = Form<OrderByQuery>(
      R"({"order_by":{"key":"a.b","direction":"desc","start_from":"2024-01-01"}})");
  EXPECT_EQ(order.key.ToString(), "a.b");
  EXPECT_TRUE(order.descending);
  EXPECT_EQ(order.start, JsonValue("2024-01-01"));
  EXPECT_FALSE(Form<OrderByQuery>(R"({"order_by":"n"})").descending);
  Form<SampleQuery>(R"({"sample":"random"})");
  Form<DbsfQuery>(R"({"fusion":"dbsf"})");
  EXPECT_EQ(Form<RrfQuery>(R"({"fusion":"rrf"})").params.k, 2u);
  const RrfQuery rrf = Form<RrfQuery>(R"({"rrf":{"k":60,"weights":[1,0.5]}})");
  EXPECT_EQ(rrf.params.k, 60u);
  EXPECT_THAT(rrf.params.weights, ElementsAre(1, 0.5F));
  EXPECT_EQ(Form<FormulaQuery>(R"({"formula":"$score","defaults":{"$score":1}})")
                .formula.score_defaults.size(),
            1u);
}

TEST(QueryParserTest, ReadsAllOfAStage) {
  const QueryRequest request = Parse(
      R"({"query":1,"using":"text","filter":{"must":{"key":"a","match":{"value":1}}},
          "params":{"hnsw_ef":77,"exact":true,"target_recall":0.9,"indexed_only":false,
                    "quantization":{"ignore":false,"rescore":true,"oversampling":2.0}},
          "score_threshold":0.5,"limit":3,"offset":4,"with_payload":{"exclude":["b"]},
          "with_vector":["x","y"],"lookup_from":{"collection":"c","vector":"v"},
          "prefetch":{"query":2,"limit":7,"prefetch":[{},{}]},"shard_key":null})");
  EXPECT_EQ(request.using_vector, "text");
  EXPECT_EQ(request.filter->must.size(), 1u);
  EXPECT_EQ(request.params.ef_search, 77u);
  EXPECT_TRUE(request.params.exact);
  EXPECT_EQ(request.params.target_recall, 0.9);
  EXPECT_EQ(request.score_threshold, 0.5F);
  EXPECT_EQ(request.limit, 3u);
  EXPECT_EQ(request.offset, 4u);
  EXPECT_TRUE(request.payload.enabled);
  EXPECT_EQ(request.payload.exclude.size(), 1u);
  EXPECT_THAT(request.vectors.names, ElementsAre("x", "y"));
  EXPECT_EQ(request.lookup_from->collection, "c");
  EXPECT_EQ(request.lookup_from->vector, "v");
  ASSERT_EQ(request.prefetch.size(), 1u);
  EXPECT_EQ(request.prefetch[0].limit, 7u);
  EXPECT_EQ(request.prefetch[0].prefetch.size(), 2u);
}

TEST(QueryParserTest, RefusesWithThePlace) {
  EXPECT_THAT(ErrorOf(R"({"querry":1})"), HasSubstr("request: unknown key 'querry', expected"));
  EXPECT_THAT(ErrorOf(R"({"prefetch":[{},{"offset":1}]})"),
              HasSubstr("request.prefetch[1]: unknown key 'offset'"));
  EXPECT_EQ(ErrorOf(R"({"query":[1,"a"]})"), "request.query[1]: expected a number, found a string");
  EXPECT_THAT(ErrorOf(R"({"query":[1e300]})"), HasSubstr("range of float32"));
  EXPECT_THAT(ErrorOf(R"({"query":-1})"), HasSubstr("expected a vector or a point id"));
  EXPECT_THAT(ErrorOf(R"({"query":true})"), HasSubstr("found a bool"));
  EXPECT_THAT(ErrorOf(R"({"query":{"nearest":1,"fusion":"rrf"}})"),
              HasSubstr("expected one form of query"));
  EXPECT_THAT(ErrorOf(R"({"query":{}})"), HasSubstr("found 0"));
  EXPECT_THAT(ErrorOf(R"({"query":{"fusion":"sum"}})"), HasSubstr("expected rrf or dbsf"));
  EXPECT_THAT(ErrorOf(R"({"query":{"rrf":{"k":0}}})"), HasSubstr("request.query.rrf.k"));
  EXPECT_THAT(ErrorOf(R"({"query":{"recommend":{"strategy":"x"}}})"),
              HasSubstr("expected average_vector, best_score or sum_scores"));
  EXPECT_THAT(ErrorOf(R"({"query":{"nearest":1,"mmr":{"diversity":1.5}}})"),
              HasSubstr("from 0 to 1"));
  EXPECT_THAT(ErrorOf(R"({"query":{"fusion":"rrf","mmr":{}}})"), HasSubstr("unknown key 'mmr'"));
  EXPECT_THAT(ErrorOf(R"({"filter":{"must":[{"key":"a"}]}})"),
              HasSubstr("request: filter.must[0]: expected exactly one test"));
  EXPECT_THAT(ErrorOf(R"({"params":{"hnsw_ef":0}})"), HasSubstr("request.params.hnsw_ef"));
  EXPECT_THAT(ErrorOf(R"({"params":{"target_recall":1.5}})"), HasSubstr("(0, 1]"));
  EXPECT_THAT(ErrorOf(R"({"params":{"quantization":{"oversampling":0.5}}})"), HasSubstr("from 1"));
  EXPECT_THAT(ErrorOf(R"({"limit":1.5})"), HasSubstr("request.limit: expected an unsigned"));
  EXPECT_THAT(ErrorOf(R"({"with_payload":{"include":["a"],"exclude":["b"]}})"),
              HasSubstr("expected one of include and exclude"));
  EXPECT_THAT(ErrorOf(R"({"lookup_from":{}})"), HasSubstr("missing 'collection'"));
  EXPECT_EQ(ErrorOf("[]"), "request: expected an object, found an array");
}

TEST(QueryParserTest, SaysWhatIsNotSupported) {
  for (const char* text :
       {R"({"query":{"indices":[1],"values":[2]}})", R"({"query":[[1,2],[3,4]]})",
        R"({"query":{"text":"x","model":"y"}})", R"({"query":{"nearest":{"indices":[1]}}})",
        R"({"shard_key":"a"})", R"({"query":{"relevance_feedback":{}}})"}) {
    const auto parsed = ParseQueryRequest(ParseJson(text).value());
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kUnsupported) << parsed.error().message;
  }
}

TEST(QueryParserTest, BoundsWhatItReads) {
  std::string deep = "{}";
  for (int i = 0; i < 9; ++i) deep = R"({"prefetch":)" + deep + "}";
  EXPECT_THAT(ErrorOf(deep), HasSubstr("more than 8 prefetches inside one another"));
  std::string wide = R"({"prefetch":[{})";
  for (int i = 0; i < 63; ++i) wide += ",{}";
  EXPECT_THAT(ErrorOf(wide + "]}"), HasSubstr("at most 63 prefetches"));
  std::string examples = R"({"query":{"recommend":{"positive":[1)";
  for (int i = 0; i < 1024; ++i) examples += ",1";
  EXPECT_THAT(ErrorOf(examples + "]}}}"), HasSubstr("at most 1024 examples"));
  std::string vector = R"({"query":[1)";
  for (int i = 0; i < 4096; ++i) vector += ",1";
  EXPECT_THAT(ErrorOf(vector + "]}"), HasSubstr("a vector of 4097 numbers, expected at most 4096"));
}

TEST(ReadParserTest, ReadsEachRequest) {
  const auto json = [](const char* text) { return ParseJson(text).value(); };
  const ScrollRequest scroll =
      ParseScrollRequest(json(R"({"offset":5,"limit":3,"with_vector":true,"order_by":"n"})"))
          .value();
  EXPECT_EQ(scroll.offset, PointId(5));
  EXPECT_EQ(scroll.limit, 3u);
  EXPECT_TRUE(scroll.payload.enabled && scroll.vectors.enabled && scroll.order_by);
  EXPECT_EQ(ParseRetrieveRequest(json(R"({"ids":[1,2]})")).value().ids.size(), 2u);
  EXPECT_TRUE(ParseCountRequest(json("{}")).value().exact);
  EXPECT_FALSE(ParseCountRequest(json(R"({"exact":false,"filter":{}})")).value().exact);
  EXPECT_EQ(ParseFacetRequest(json(R"({"key":"a"})")).value().limit, 10u);
  const MatrixRequest matrix =
      ParseMatrixRequest(json(R"({"sample":7,"limit":2,"using":"v"})")).value();
  EXPECT_EQ(matrix.sample, 7u);
  EXPECT_EQ(matrix.using_vector, "v");
  const GroupsRequest groups =
      ParseGroupsRequest(json(R"({"query":[1],"group_by":"a","group_size":2,"limit":4,
                                  "with_lookup":{"collection":"c","with_payload":["t"]}})"))
          .value();
  EXPECT_EQ(groups.query.limit, 4u);
  EXPECT_EQ(groups.group_size, 2u);
  EXPECT_EQ(groups.lookup->collection, "c");
  EXPECT_EQ(groups.lookup->payload.include.size(), 1u);
}

TEST(ReadParserTest, Refuses) {
  const auto json = [](const char* text) { return ParseJson(text).value(); };
  EXPECT_THAT(ParseScrollRequest(json(R"({"query":1})")).error().message,
              HasSubstr("unknown key 'query'"));
  EXPECT_THAT(ParseScrollRequest(json(R"({"offset":-1})")).error().message,
              HasSubstr("request.offset"));
  EXPECT_THAT(ParseRetrieveRequest(json("{}")).error().message, HasSubstr("missing 'ids'"));
  EXPECT_THAT(ParseFacetRequest(json("{}")).error().message, HasSubstr("missing 'key'"));
  EXPECT_THAT(ParseGroupsRequest(json(R"({"group_by":"a","offset":1})")).error().message,
              HasSubstr("unknown key 'offset'"));
  EXPECT_THAT(ParseGroupsRequest(json("{}")).error().message, HasSubstr("missing 'group_by'"));
  EXPECT_THAT(ParseMatrixRequest(json(R"({"sample":"a"})")).error().message,
              HasSubstr("request.sample"));
}

}  // namespace
}  // namespace kith
