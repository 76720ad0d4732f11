// Stages over stages, parameters and limits, asked in JSON as a client does.
#include "engine/query/query_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/query/query_parser.h"
#include "engine/query/read_requests.h"
#include "tests/engine/query/query_model.h"

namespace kith {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Text(const std::vector<float>& vector) {
  std::string text = "[";
  for (const float x : vector) text += (text.size() > 1 ? "," : "") + std::to_string(x);
  return text + "]";
}

class QueryEngineTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { fixture_ = new QueryFixture(5, 400); }
  static void TearDownTestSuite() {
    delete fixture_;
    fixture_ = nullptr;
  }

  static QueryContext Context() { return {.collection = fixture_->collection()}; }
  static QueryRequest Parse(const std::string& text) {
    auto parsed = ParseQueryRequest(ParseJson(text).value());
    EXPECT_TRUE(parsed.ok()) << parsed.error().message;
    return std::move(parsed).value();
  }
  static Result<QueryAnswer> Try(const std::string& text) {
    return RunQuery(Context(), Parse(text));
  }
  static QueryAnswer Run(const std::string& text) {
    auto answer = Try(text);
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    return answer.ok() ? std::move(answer).value() : QueryAnswer();
  }
  static std::string ErrorOf(const std::string& text) {
    const auto answer = Try(text);
    return answer.ok() ? "no error" : answer.error().message;
  }
  static std::vector<PointId> Ids(const std::vector<ScoredPoint>& points) {
    std::vector<PointId> ids;
    for (const ScoredPoint& point : points) ids.push_back(point.id);
    return ids;
  }

  // The ids of a leaf by the definition, best first.
  static std::vector<std::pair<double, PointId>> Ranked(const QueryStage& stage,
                                                        const Filter* filter = nullptr) {
    const QueryModel::Answer all = QueryModel(*fixture_).Run(stage, filter);
    std::vector<std::pair<double, PointId>> ranked;
    for (const auto& [id, score] : all.scores) {
      ranked.emplace_back(all.smaller_first ? score : -score, id);
    }
    std::sort(ranked.begin(), ranked.end());
    if (ranked.size() > stage.limit) ranked.resize(stage.limit);
    for (auto& [score, id] : ranked) score = std::abs(score);
    return ranked;
  }

  // Ten of the sixty nearest to a vector by MMR.
  static std::vector<PointId> DiverseByDefinition(const std::string& name, const std::string& query,
                                                  double diversity) {
    const Metric metric = QueryFixture::Config().vectors.at(name).metric;
    const auto s = [&](const std::vector<float>& x, const std::vector<float>& y) {
      const double score = CollectionModel::Score(metric, x, y);
      return metric == Metric::kL2 ? -score * score : score;
    };
    QueryRequest request = Parse(R"({"query":)" + query + R"(,"limit":60})");
    request.using_vector = name;
    const auto vector = [&](const PointId& id) {
      return fixture_->points().at(id).vectors.at(name);
    };
    const std::vector<float> target =
        QueryModel(*fixture_).VectorOf(name, std::get_if<NearestQuery>(&request.query)->vector);
    std::vector<PointId> left, chosen;
    for (const auto& [score, id] : Ranked(request)) left.push_back(id);
    while (chosen.size() < 10) {
      const auto value = [&](const PointId& id) {
        if (chosen.empty()) return s(target, vector(id));
        double closest = -1e9;
        for (const PointId& other : chosen) {
          closest = std::max(closest, s(vector(id), vector(other)));
        }
        return (1 - diversity) * s(target, vector(id)) - diversity * closest;
      };
      const auto best = std::ranges::max_element(left, {}, value);
      chosen.push_back(*best);
      left.erase(best);
    }
    return chosen;
  }

  static QueryFixture* fixture_;
};

QueryFixture* QueryEngineTest::fixture_ = nullptr;

TEST_F(QueryEngineTest, RrfOfTwoPrefetchesIsThatOfTheirLists) {
  const std::string a = Text(fixture_->RandomVector()), b = Text(fixture_->RandomVector());
  const std::string left = R"({"query":)" + a + R"(,"limit":20,"params":{"exact":true}})";
  const std::string right =
      R"({"query":)" + b + R"(,"using":"text","limit":30,"params":{"exact":true}})";
  const std::string filter = R"({"must":[{"key":"color","match":{"any":["red","blue"]}}]})";
  const QueryAnswer answer =
      Run(R"({"prefetch":[)" + left + "," + right + R"(],"query":{"fusion":"rrf"},"filter":)" +
          filter + R"(,"limit":10,"offset":2})");
  // The filter holds for the prefetches.
  const Filter parsed = FilterOf(filter);
  std::map<PointId, double> scores;
  for (const std::string& text : {left, right}) {
    const auto list = Ranked(Parse(text), &parsed);
    for (std::size_t i = 0; i < list.size(); ++i) {
      scores[list[i].second] += 1 / (static_cast<double>(i) + 2);
    }
  }
  std::vector<std::pair<double, PointId>> fused;
  for (const auto& [id, score] : scores) fused.emplace_back(-score, id);
  std::sort(fused.begin(), fused.end());
  ASSERT_EQ(answer.points.size(), 10u);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(answer.points[i].id, fused[i + 2].second) << i;
    EXPECT_NEAR(answer.points[i].score, -fused[i + 2].first, 1e-6);
  }
}

TEST_F(QueryEngineTest, AStageOverPrefetchesRanksTheirPointsOnly) {
  const std::string a = Text(fixture_->RandomVector()), b = Text(fixture_->RandomVector());
  const std::string inner = R"({"query":)" + a + R"(,"limit":15,"params":{"exact":true}})";
  const QueryAnswer found = Run(inner);
  std::set<PointId> allowed;
  for (const ScoredPoint& point : found.points) allowed.insert(point.id);
  const std::string forms[] = {b,
                               R"({"recommend":{"positive":[)" + b + R"(],"negative":[)" + a +
                                   R"(],"strategy":"best_score"}})",
                               R"({"discover":{"target":)" + b + R"(,"context":{"positive":)" + a +
                                   R"(,"negative":)" + b + "}}}",
                               R"({"sample":"random"})", R"({"order_by":"n"})"};
  for (const std::string& form : forms) {
    const QueryAnswer answer = Run(R"({"prefetch":)" + inner + R"(,"query":)" + form + "}");
    EXPECT_FALSE(answer.points.empty()) << form;
    for (const ScoredPoint& point : answer.points) {
      EXPECT_TRUE(allowed.count(point.id) > 0) << form;
    }
  }
  // Anew by distance: the scores of the definition.
  for (const char* name : {"", "text", "dot"}) {
    const std::string again = b + R"(,"using":")" + name + R"("})";
    const QueryAnswer ranked = Run(R"({"prefetch":)" + inner + R"(,"query":)" + again);
    const QueryModel::Answer all = QueryModel(*fixture_).Run(Parse(R"({"query":)" + again));
    std::vector<std::pair<double, PointId>> truth;
    for (const PointId& id : allowed) {
      if (all.scores.count(id) == 0) continue;
      truth.emplace_back(all.smaller_first ? all.scores.at(id) : -all.scores.at(id), id);
    }
    std::sort(truth.begin(), truth.end());
    ASSERT_EQ(ranked.points.size(), std::min<std::size_t>(10, truth.size())) << name;
    for (std::size_t i = 0; i < ranked.points.size(); ++i) {
      EXPECT_EQ(ranked.points[i].id, truth[i].second) << name;
      EXPECT_NEAR(ranked.points[i].score, all.scores.at(truth[i].second), 1e-5) << name;
    }
  }
}

TEST_F(QueryEngineTest, PrefetchesNest) {
  const std::string a = Text(fixture_->RandomVector()), b = Text(fixture_->RandomVector());
  const std::string fused = R"({"prefetch":[{"query":)" + a + R"(,"limit":30},{"query":)" + b +
                            R"(,"using":"dot","limit":30}],"query":{"fusion":"dbsf"},"limit":12})";
  std::set<PointId> expected;  // points without the vector drop out
  for (const PointId& id : Ids(Run(fused).points)) {
    if (fixture_->points().at(id).vectors.count("text") > 0) expected.insert(id);
  }
  const QueryAnswer answer =
      Run(R"({"prefetch":)" + fused + R"(,"query":)" + a + R"(,"using":"text","limit":50})");
  const std::vector<PointId> ids = Ids(answer.points);
  EXPECT_EQ(std::set<PointId>(ids.begin(), ids.end()), expected);
  EXPECT_GT(expected.size(), 5u);
}

TEST_F(QueryEngineTest, ScoresAreThoseOfTheFormula) {
  const std::string a = Text(fixture_->RandomVector());
  const std::string inner = R"({"query":)" + a + R"(,"using":"text","limit":25})";
  const QueryAnswer before = Run(R"({"query":)" + a + R"(,"using":"text","limit":25})");
  const QueryAnswer answer = Run(
      R"({"prefetch":)" + inner +
      R"(,"query":{"formula":{"sum":["$score",{"mult":[0.5,{"key":"color","match":{"value":"red"}}]},)"
      R"({"neg":{"div":{"left":"n","right":100}}}]},"defaults":{"n":7}},"limit":25,)"
      R"("with_payload":true})");
  ASSERT_EQ(answer.points.size(), before.points.size());
  std::map<PointId, float> scores;
  for (const ScoredPoint& point : before.points) scores[point.id] = point.score;
  bool some_red = false, some_default = false;
  for (const ScoredPoint& point : answer.points) {
    const JsonValue* color = point.payload->Find("color");
    const JsonValue* n = point.payload->Find("n");
    const bool red = color != nullptr && *color == JsonValue("red");
    some_red = some_red || red;
    some_default = some_default || n == nullptr;
    const double expected =
        scores.at(point.id) + (red ? 0.5 : 0) - (n == nullptr ? 7 : *n->AsDouble()) / 100;
    EXPECT_NEAR(point.score, expected, 1e-5);
  }
  EXPECT_TRUE(some_red && some_default);
  EXPECT_TRUE(std::ranges::is_sorted(answer.points, std::greater(), &ScoredPoint::score));
}

TEST_F(QueryEngineTest, FormulasWithoutAValueAreErrors) {
  const std::string inner = R"({"query":)" + Text(fixture_->RandomVector()) + R"(,"limit":50})";
  EXPECT_THAT(ErrorOf(R"({"prefetch":)" + inner + R"(,"query":{"formula":"n"}})"),
              HasSubstr("expected a number at 'n', found none"));
}

TEST_F(QueryEngineTest, MmrIsItsDefinition) {
  const std::string a = Text(fixture_->RandomVector());
  for (const char* name : {"", "text", "dot"}) {
    const std::string using_name =
        R"(,"params":{"exact":true},"using":")" + std::string(name) + R"(")";
    const QueryAnswer plain = Run(R"({"query":)" + a + using_name + "}");
    const QueryAnswer mmr =
        Run(R"({"query":{"nearest":)" + a + R"(,"mmr":{"diversity":0,"candidates_limit":60}})" +
            using_name + "}");
    EXPECT_EQ(Ids(plain.points), Ids(mmr.points));
    const QueryAnswer diverse =
        Run(R"({"query":{"nearest":)" + a + R"(,"mmr":{"diversity":0.6,"candidates_limit":60}})" +
            using_name + "}");
    EXPECT_EQ(Ids(diverse.points), DiverseByDefinition(name, a, 0.6));
    EXPECT_NE(Ids(diverse.points), Ids(plain.points));
    // Their scores stay those of the search.
    const QueryModel::Answer all =
        QueryModel(*fixture_).Run(Parse(R"({"query":)" + a + using_name + "}"));
    for (const ScoredPoint& point : diverse.points) {
      EXPECT_NEAR(point.score, all.scores.at(point.id), 1e-4);
    }
  }
}

TEST_F(QueryEngineTest, OrderByGivesTheValues) {
  const QueryAnswer answer =
      Run(R"({"query":{"order_by":{"key":"n","direction":"desc","start_from":30}},"limit":40})");
  ASSERT_EQ(answer.points.size(), 40u);
  std::int64_t last = 30;
  for (const ScoredPoint& point : answer.points) {
    ASSERT_TRUE(point.order_value);
    EXPECT_EQ(*point.order_value, *fixture_->points().at(point.id).payload.Find("n"));
    EXPECT_LE(*point.order_value->AsInt64(), last);
    last = *point.order_value->AsInt64();
    EXPECT_EQ(point.score, 1);
  }
}

TEST_F(QueryEngineTest, WithoutAQueryPointsComeById) {
  const QueryAnswer answer = Run(R"({"offset":3,"limit":5})");
  std::vector<PointId> expected;
  for (const auto& [id, point] : fixture_->points()) expected.push_back(id);
  EXPECT_EQ(Ids(answer.points), std::vector(expected.begin() + 3, expected.begin() + 8));
}

TEST_F(QueryEngineTest, SamplesAreMatchesAndDiffer) {
  const std::string request =
      R"({"query":{"sample":"random"},"limit":20,"filter":{"must":[{"key":"n","range":{"lt":25}}]}})";
  const QueryAnswer one = Run(request), two = Run(request);
  ASSERT_EQ(one.points.size(), 20u);
  const std::vector<PointId> ids = Ids(one.points);
  EXPECT_EQ(std::set<PointId>(ids.begin(), ids.end()).size(), 20u);
  EXPECT_NE(Ids(one.points), Ids(two.points));
  for (const PointId& id : Ids(one.points)) {
    EXPECT_LT(*fixture_->points().at(id).payload.Find("n")->AsInt64(), 25);
  }
}

TEST_F(QueryEngineTest, SelectorsChooseWhatIsReturned) {
  const std::string query = R"({"query":)" + Text(fixture_->RandomVector());
  const ScoredPoint bare = Run(query + "}").points[0];
  EXPECT_FALSE(bare.payload);
  EXPECT_TRUE(bare.vectors.empty());
  const QueryAnswer full =
      Run(query + R"(,"with_payload":["x"],"with_vector":["dot"],"limit":50})");
  for (const ScoredPoint& point : full.points) {
    EXPECT_EQ(point.payload->size(), 1u);
    EXPECT_TRUE(point.payload->Find("x") != nullptr);
    EXPECT_EQ(point.vectors.size(), fixture_->points().at(point.id).vectors.count("dot"));
    EXPECT_GT(point.version, 0u);
  }
}

TEST_F(QueryEngineTest, NamesWhatIsMissing) {
  EXPECT_EQ(ErrorOf(R"({"query":999999999})"), "Not found: No point with id 999999999 found");
  EXPECT_EQ(ErrorOf(R"({"query":[1,2]})"),
            "Wrong input: Vector dimension error: expected dim: 8, got 2");
  EXPECT_EQ(ErrorOf(R"({"query":1,"using":"no"})"),
            "Wrong input: Not existing vector name error: no");
  EXPECT_EQ(ErrorOf(R"({"query":{"fusion":"rrf"}})"), "cannot apply Fusion without prefetches");
  EXPECT_EQ(ErrorOf(R"({"query":{"formula":1}})"), "cannot apply Formula without prefetches");
  EXPECT_EQ(ErrorOf(R"({"prefetch":[{}]})"), "cannot have prefetches without a query");
  EXPECT_EQ(ErrorOf(R"({"query":{"recommend":{"negative":[[1,1,1,1,1,1,1,1]]}}})"),
            "recommend: expected a positive example with the strategy average_vector");
  EXPECT_EQ(ErrorOf(R"({"limit":0})"), "limit is 0, expected 1 to 16384");
  EXPECT_EQ(ErrorOf(R"({"prefetch":[{"limit":16385}],"query":{"fusion":"rrf"}})"),
            "prefetch[0].limit is 16385, expected 1 to 16384");
  EXPECT_THAT(ErrorOf(R"({"limit":10000,"offset":10000})"), HasSubstr("at most 16384 together"));
  EXPECT_THAT(ErrorOf(R"({"prefetch":[{}],"query":{"rrf":{"weights":[1,2]}}})"),
              HasSubstr("2 weights for 1 prefetches"));
}

TEST_F(QueryEngineTest, APassedDeadlineGivesAPartialAnswer) {
  const QueryContext late{.collection = fixture_->collection(),
                          .lookup = nullptr,
                          .deadline = Deadline(Deadline::Clock::now())};
  const std::string v = Text(fixture_->RandomVector());
  for (const std::string& text :
       {R"({"query":)" + v + "}", std::string(R"({"query":{"sample":"random"}})"),
        R"({"query":{"context":{"positive":)" + v + R"(,"negative":)" + v +
            R"(}},"params":{"exact":true}})",
        R"({"prefetch":[{"query":)" + v + R"(},{"query":)" + v +
            R"(}],"query":{"fusion":"rrf"}})"}) {
    const QueryAnswer answer = RunQuery(late, Parse(text)).value();
    EXPECT_TRUE(answer.partial) << text;
    EXPECT_TRUE(answer.points.empty()) << text;
    const QueryContext timely{.collection = fixture_->collection(),
                              .lookup = nullptr,
                              .deadline = Deadline::After(std::chrono::hours(1))};
    EXPECT_FALSE(RunQuery(timely, Parse(text)).value().partial) << text;
  }
}

TEST_F(QueryEngineTest, ExamplesComeFromAnotherCollection) {
  const QueryFixture other(17, 50);
  const std::shared_ptr<const Collection> borrowed(&other.collection(), [](const Collection*) {});
  const QueryContext context{
      .collection = fixture_->collection(),
      .lookup = [&](const std::string& name) { return name == "other" ? borrowed : nullptr; },
      .deadline = {}};
  const auto& [id, point] = *std::ranges::find_if(
      other.points(), [](const auto& entry) { return entry.second.vectors.count("dot") > 0; });
  const QueryAnswer by_id =
      RunQuery(context, Parse(R"({"query":)" + id.ToString() +
                              R"(,"lookup_from":{"collection":"other","vector":"dot"}})"))
          .value();
  QueryRequest direct;
  direct.query = NearestQuery{point.vectors.at("dot"), {}};
  EXPECT_EQ(Ids(by_id.points), Ids(RunQuery(context, direct).value().points));
  EXPECT_EQ(by_id.points.size(), 10u);
  // A point of the other collection is left out of nothing here.
  const std::size_t all = QueryModel(*fixture_).Run(direct).scores.size();
  for (const auto& [other_id, other_point] : other.points()) {
    if (other_point.vectors.count("") == 0) continue;
    const QueryRequest request =
        Parse(R"({"limit":1000,"lookup_from":{"collection":"other"},"query":)" +
              other_id.ToString() + "}");
    EXPECT_EQ(RunQuery(context, request).value().points.size(), all);
  }
  const auto missing =
      RunQuery(context, Parse(R"({"query":1,"lookup_from":{"collection":"none"}})"));
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(missing.error().message, "Not found: Collection none not found");
}

TEST_F(QueryEngineTest, BatchesAnswerEachOfTheirQueries) {
  const std::vector<QueryRequest> requests =
      ParseQueryBatch(ParseJson(R"({"searches":[{"limit":2},{"limit":3,"offset":1}]})").value())
          .value();
  const std::vector<QueryAnswer> answers = RunQueryBatch(Context(), requests).value();
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].points.size(), 2u);
  EXPECT_EQ(answers[1].points.size(), 3u);
  EXPECT_EQ(answers[1].points[0].id, answers[0].points[1].id);
}

TEST_F(QueryEngineTest, ScrollPagesById) {
  ScrollRequest request;
  request.limit = 37;
  std::vector<PointId> seen;
  do {
    const ScrollAnswer page = RunScroll(fixture_->collection(), request).value();
    for (const PointId& id : Ids(page.points)) seen.push_back(id);
    request.offset = page.next;
  } while (request.offset);
  EXPECT_EQ(seen.size(), fixture_->points().size());
  EXPECT_TRUE(std::ranges::is_sorted(seen));
}

TEST_F(QueryEngineTest, ScrollFollowsAnOrder) {
  ScrollRequest request;
  request.order_by = OrderByQuery{.key = PathOf("n"), .descending = false, .start = 10};
  request.limit = 30;
  const ScrollAnswer page = RunScroll(fixture_->collection(), request).value();
  ASSERT_EQ(page.points.size(), 30u);
  EXPECT_FALSE(page.next);
  EXPECT_EQ(*page.points[0].order_value->AsInt64(), 10);
  EXPECT_TRUE(page.points[0].payload);
  request.offset = PointId(1);
  EXPECT_THAT(RunScroll(fixture_->collection(), request).error().message,
              HasSubstr("cannot be used with order_by"));
}

}  // namespace
}  // namespace kith
