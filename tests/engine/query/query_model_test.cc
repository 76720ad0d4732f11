// Each query form against its definition on small random collections: with `exact` the scores and,
// up to ties, the points are equal; without, each score is that of its point, as many points come
// as there are, and nearly all of the best.
#include "tests/engine/query/query_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/query/query_engine.h"

namespace kith {
namespace {

constexpr const char* kNames[] = {"", "text", "dot"};

class QueryModelTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { fixture_ = new QueryFixture(3, 3000); }
  static void TearDownTestSuite() {
    delete fixture_;
    fixture_ = nullptr;
  }

  static RandomStream& random() { return fixture_->random(); }
  static QueryContext Context() { return {.collection = fixture_->collection()}; }

  static VectorInput RandomInput(const std::string& name) {
    if (random().Below(2) == 0) return fixture_->RandomId(name);
    return fixture_->RandomVector();
  }
  static std::vector<VectorInput> RandomInputs(const std::string& name, std::uint64_t max) {
    std::vector<VectorInput> inputs;
    for (std::uint64_t i = random().Below(max + 1); i > 0; --i) inputs.push_back(RandomInput(name));
    return inputs;
  }
  static std::vector<ContextPair> RandomPairs(const std::string& name, std::uint64_t min) {
    std::vector<ContextPair> pairs;
    for (std::uint64_t i = min + random().Below(4); i > 0; --i) {
      pairs.push_back({RandomInput(name), RandomInput(name)});
    }
    return pairs;
  }
  static RecommendQuery RandomRecommend(const std::string& name,
                                        RecommendQuery::Strategy strategy) {
    RecommendQuery query{RandomInputs(name, 3), RandomInputs(name, 3), strategy};
    const bool average = strategy == RecommendQuery::Strategy::kAverageVector;
    if (query.positive.empty() && (average || query.negative.empty())) {
      query.positive.push_back(RandomInput(name));
    }
    return query;
  }

  static Query RandomQuery(const std::string& name, int form) {
    using Strategy = RecommendQuery::Strategy;
    switch (form) {
      case 0:
        return NearestQuery{RandomInput(name), {}};
      case 1:
        return RandomRecommend(name, Strategy::kAverageVector);
      case 2:
        return RandomRecommend(name, Strategy::kBestScore);
      case 3:
        return RandomRecommend(name, Strategy::kSumScores);
      case 4:
        return DiscoverQuery{RandomInput(name), RandomPairs(name, 0)};
      default:
        return ContextQuery{RandomPairs(name, 1)};
    }
  }
  static constexpr int kForms = 6;

  static Filter RandomFilter() {
    const std::string n = std::to_string(random().Below(50));
    const std::string texts[] = {R"({"must":[{"key":"color","match":{"value":"red"}}]})",
                                 R"({"must":[{"key":"n","range":{"gte":)" + n + "}}]}",
                                 R"({"must":[{"key":"n","match":{"value":)" + n + "}}]}",
                                 R"({"must_not":[{"key":"x","range":{"lt":0.3}}]})"};
    return FilterOf(texts[random().Below(std::size(texts))]);
  }

  static QueryRequest RandomRequest(const std::string& name, int form) {
    QueryRequest request;
    request.query = RandomQuery(name, form);
    request.using_vector = name;
    request.limit = 1 + random().Below(20);
    if (random().Below(3) == 0) request.filter = RandomFilter();
    if (random().Below(3) == 0) request.offset = random().Below(15);
    if (random().Below(4) == 0) {
      // A score that some points have.
      const auto all = QueryModel(*fixture_).Run(request).best;
      if (!all.empty()) {
        request.score_threshold =
            static_cast<float>(all[random().Below(all.size())]) + (name.empty() ? 1e-4F : -1e-4F);
      }
    }
    return request;
  }

  struct Hits {
    std::size_t found = 0, wanted = 0;
  };

  // Checks all but which points came; counts those among the best.
  static Hits Check(const QueryRequest& request) {
    const QueryModel::Answer truth = QueryModel(*fixture_).Run(request);
    const auto answer = RunQuery(Context(), request);
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_FALSE(answer.value().partial);
    const std::vector<ScoredPoint>& points = answer.value().points;
    const std::size_t begin = std::min(request.offset, truth.best.size());
    const std::size_t wanted = std::min(request.limit, truth.best.size() - begin);
    EXPECT_EQ(points.size(), wanted);
    Hits hits{.found = 0, .wanted = wanted};
    std::set<PointId> seen;
    for (std::size_t i = 0; i < std::min(points.size(), wanted); ++i) {
      EXPECT_TRUE(seen.insert(points[i].id).second);
      if (truth.scores.count(points[i].id) == 0) {
        ADD_FAILURE() << points[i].id.ToString() << " is no answer";
        continue;
      }
      const double score = truth.scores.at(points[i].id);
      const double slack = 1e-4 * (1 + std::abs(score));
      EXPECT_NEAR(points[i].score, score, slack);
      const double best = truth.best[begin + i];
      hits.found += truth.smaller_first ? score <= best + slack : score >= best - slack;
      if (i > 0) {
        EXPECT_FALSE(
            IsBetter(truth.smaller_first ? ScoreOrder::kSmallerFirst : ScoreOrder::kLargerFirst,
                     points[i].score, points[i - 1].score));
      }
    }
    return hits;
  }

  static QueryFixture* fixture_;
};

QueryFixture* QueryModelTest::fixture_ = nullptr;

TEST_F(QueryModelTest, ExactFormsAreTheirDefinition) {
  for (int form = 0; form < kForms; ++form) {
    for (const char* name : kNames) {
      for (int i = 0; i < 12; ++i) {
        SCOPED_TRACE(testing::Message() << "form " << form << " using '" << name << "' " << i);
        QueryRequest request = RandomRequest(name, form);
        request.params.exact = true;
        const Hits hits = Check(request);
        ASSERT_EQ(hits.found, hits.wanted);
      }
    }
  }
}

TEST_F(QueryModelTest, ApproximateFormsFindNearlyTheSame) {
  for (int form = 0; form < kForms; ++form) {
    for (const char* name : kNames) {
      Hits sum;
      for (int i = 0; i < 20; ++i) {
        SCOPED_TRACE(testing::Message() << "form " << form << " using '" << name << "' " << i);
        QueryRequest request = RandomRequest(name, form);
        // Averages lie outside the data: this is no test of the graph's own recall.
        if (form < 2) request.params.ef_search = 256;
        const Hits hits = Check(request);
        sum.found += hits.found;
        sum.wanted += hits.wanted;
      }
      EXPECT_GE(static_cast<double>(sum.found), 0.93 * static_cast<double>(sum.wanted))
          << "form " << form << " using '" << name << "'";
    }
  }
}

TEST_F(QueryModelTest, EqualScoresComeById) {
  QueryRequest request;
  request.query = ContextQuery{{{fixture_->RandomVector(), fixture_->RandomVector()}}};
  request.using_vector = "dot";
  request.params.exact = true;
  request.limit = 200;
  const QueryAnswer answer = RunQuery(Context(), request).value();
  ASSERT_EQ(answer.points.size(), 200u);
  for (std::size_t i = 1; i < answer.points.size(); ++i) {
    ASSERT_EQ(answer.points[i].score, 0);
    ASSERT_LT(answer.points[i - 1].id, answer.points[i].id);
  }
}

}  // namespace
}  // namespace kith
