// Groups by their definition: all points ranked, then dealt out.
#include "engine/query/groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/query/query_model.h"

namespace kith {
namespace {

using testing::HasSubstr;

struct ExpectedGroup {
  JsonValue id;
  std::vector<double> scores;
  std::vector<PointId> hits;
};

class GroupsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { fixture_ = new QueryFixture(23, 1500); }
  static void TearDownTestSuite() {
    delete fixture_;
    fixture_ = nullptr;
  }
  static QueryContext Context() { return {.collection = fixture_->collection()}; }

  static std::vector<ExpectedGroup> Expected(const GroupsRequest& request) {
    const QueryModel::Answer all = QueryModel(*fixture_).Run(request.query);
    std::vector<std::pair<double, PointId>> ranked;
    for (const auto& [id, score] : all.scores) {
      ranked.emplace_back(all.smaller_first ? score : -score, id);
    }
    std::sort(ranked.begin(), ranked.end());
    std::vector<ExpectedGroup> groups;
    for (const auto& [score, id] : ranked) {
      const JsonValue payload(fixture_->points().at(id).payload);
      std::vector<JsonValue> ids;
      if (const JsonValue* value = payload.Find(request.group_by.ToString())) {
        if (value->is_array()) {
          ids.assign(value->array().begin(), value->array().end());
        } else {
          ids.push_back(*value);
        }
      }
      for (std::size_t i = 0; i < ids.size(); ++i) {
        if (std::find(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(i), ids[i]) !=
            ids.begin() + static_cast<std::ptrdiff_t>(i)) {
          continue;
        }
        auto group = std::ranges::find_if(
            groups, [&](const ExpectedGroup& known) { return known.id == ids[i]; });
        if (group == groups.end() && groups.size() == request.query.limit) continue;
        if (group == groups.end()) group = groups.insert(groups.end(), {ids[i], {}, {}});
        if (group->hits.size() == request.group_size) continue;
        group->scores.push_back(all.smaller_first ? score : -score);
        group->hits.push_back(id);
      }
    }
    return groups;
  }

  static void Check(const GroupsRequest& request) {
    const std::vector<ExpectedGroup> expected = Expected(request);
    const auto answer = RunGroups(Context(), request);
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    ASSERT_EQ(answer.value().groups.size(), expected.size());
    for (std::size_t g = 0; g < expected.size(); ++g) {
      const PointGroup& group = answer.value().groups[g];
      EXPECT_EQ(group.id, expected[g].id);
      ASSERT_EQ(group.hits.size(), expected[g].hits.size()) << ToJson(group.id);
      for (std::size_t i = 0; i < group.hits.size(); ++i) {
        EXPECT_EQ(group.hits[i].id, expected[g].hits[i]);
        EXPECT_NEAR(group.hits[i].score, expected[g].scores[i], 1e-4);
      }
    }
  }

  static GroupsRequest Request(const char* group_by) {
    GroupsRequest request;
    request.query.query = NearestQuery{fixture_->RandomVector(), {}};
    request.query.params.exact = true;
    request.group_by = PathOf(group_by);
    return request;
  }

  static QueryFixture* fixture_;
};

QueryFixture* GroupsTest::fixture_ = nullptr;

TEST_F(GroupsTest, AreTheBestPointsDealtOut) {
  for (const char* key : {"color", "n", "tags"}) {
    for (const auto& [limit, size] : {std::pair{1, 1}, {3, 2}, {4, 7}, {60, 3}, {10, 200}}) {
      SCOPED_TRACE(testing::Message() << key << " " << limit << " " << size);
      GroupsRequest request = Request(key);
      request.query.limit = static_cast<std::size_t>(limit);
      request.group_size = static_cast<std::size_t>(size);
      Check(request);
      request.query.filter = FilterOf(R"({"must":[{"key":"x","range":{"lt":0.5}}]})");
      Check(request);
      request.query.using_vector = "dot";
      Check(request);
    }
  }
}

TEST_F(GroupsTest, AreFilledPastTheLongestList) {
  // Lists of 20 points: most groups are found and filled by narrower queries.
  for (const char* key : {"color", "n"}) {
    GroupsRequest request = Request(key);
    request.query.limit = 30;
    request.group_size = 6;
    request.list_max = 20;
    Check(request);
  }
}

TEST_F(GroupsTest, LeaveOutPointsWithoutTheKey) {
  GroupsRequest request = Request("nothing");
  EXPECT_TRUE(RunGroups(Context(), request).value().groups.empty());
  request = Request("x");  // doubles are no group ids
  EXPECT_TRUE(RunGroups(Context(), request).value().groups.empty());
}

TEST_F(GroupsTest, OfPrefetchesComeFromTheirPoints) {
  GroupsRequest request = Request("color");
  QueryStage prefetch = request.query;
  prefetch.limit = 10;  // taken times group_size
  request.query.query = DbsfQuery{};
  request.query.prefetch = {prefetch};
  request.group_size = 5;
  const GroupsAnswer answer = RunGroups(Context(), request).value();
  std::size_t hits = 0;
  for (const PointGroup& group : answer.groups) hits += group.hits.size();
  EXPECT_EQ(answer.groups.size(), 4u);
  EXPECT_GT(hits, 10u);
  EXPECT_LE(hits, 20u);
}

TEST_F(GroupsTest, LookUpTheRecordOfTheGroup) {
  const QueryFixture other(29, 60);
  const std::shared_ptr<const Collection> borrowed(&other.collection(), [](const Collection*) {});
  const QueryContext context{
      .collection = fixture_->collection(),
      .lookup = [&](const std::string& name) { return name == "other" ? borrowed : nullptr; },
      .deadline = {}};
  GroupsRequest request = Request("n");
  request.query.limit = 50;
  request.lookup = GroupLookup{.collection = "other", .payload = {}, .vectors = {}};
  bool found = false;
  for (const PointGroup& group : RunGroups(context, request).value().groups) {
    const auto point = other.points().find(PointId(*group.id.AsUint64()));
    ASSERT_EQ(group.lookup.has_value(), point != other.points().end());
    if (!group.lookup) continue;
    EXPECT_EQ(JsonValue(*group.lookup->payload), JsonValue(point->second.payload));
    found = true;
  }
  EXPECT_TRUE(found);
  request.lookup->collection = "none";
  EXPECT_EQ(RunGroups(context, request).error().code, ErrorCode::kNotFound);
}

TEST_F(GroupsTest, RefuseWhatIsTooMuch) {
  GroupsRequest request = Request("n");
  request.group_size = 0;
  EXPECT_THAT(RunGroups(Context(), request).error().message, HasSubstr("group_size is 0"));
  request.group_size = 10000;
  EXPECT_THAT(RunGroups(Context(), request).error().message, HasSubstr("group_size is 10000"));
  request.group_size = 1;
  request.query.limit = 5000;
  EXPECT_THAT(RunGroups(Context(), request).error().message, HasSubstr("5000 groups"));
}

TEST_F(GroupsTest, APassedDeadlineGivesAPartialAnswer) {
  const QueryContext late{.collection = fixture_->collection(),
                          .lookup = nullptr,
                          .deadline = Deadline(Deadline::Clock::now())};
  const GroupsAnswer answer = RunGroups(late, Request("n")).value();
  EXPECT_TRUE(answer.partial);
  EXPECT_TRUE(answer.groups.empty());
}

}  // namespace
}  // namespace kith
