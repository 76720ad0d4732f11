#include "engine/query/example_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/query/query_engine.h"
#include "tests/engine/query/query_fixture.h"

namespace kith {
namespace {

TEST(ExampleSearchTest, ScoringStopsBetweenBlocksWhenTheTimeIsOver) {
  const QueryFixture fixture(41, 3000);
  const std::vector<std::uint32_t> slots = fixture.collection().Matches(nullptr).value().ToVector();
  ASSERT_EQ(slots.size(), 3000u);
  QueryContext context{.collection = fixture.collection()};
  bool partial = false;
  std::size_t calls = 0;
  const auto score = [&](std::span<const float>) {
    if (++calls == 10) context.deadline = Deadline(Deadline::Clock::now());
    return 1.0F;
  };
  const auto scored = ScoreSlots(context, "dot", slots, score, partial).value();
  EXPECT_TRUE(partial);
  EXPECT_EQ(scored.size(), calls);
  EXPECT_GT(calls, 10u);    // the block is finished
  EXPECT_LT(calls, 1500u);  // and no other begun
}

TEST(ExampleSearchTest, NumbersThatAreNoneComeLast) {
  const QueryFixture fixture(43, 20);
  const std::vector<std::uint32_t> slots = fixture.collection().Matches(nullptr).value().ToVector();
  bool partial = false;
  std::size_t calls = 0;
  auto scored = ScoreSlots(
                    {.collection = fixture.collection()}, "", slots,
                    [&](std::span<const float>) { return calls++ == 0 ? NAN : 1.0F; }, partial)
                    .value();
  SortAndCut(fixture.collection(), ScoreOrder::kLargerFirst, 100, scored);
  EXPECT_EQ(scored.back().score, -INFINITY);
  EXPECT_EQ(std::ranges::count(scored, 1.0F, &ScoredSlot::score),
            static_cast<std::ptrdiff_t>(scored.size() - 1));
}

// 700 points around each example that lose one pair, and 15 far away that win both: the first
// lists hold only losers.
TEST(ExampleSearchTest, ListsGrowWhileBetterPointsMayLieBehind) {
  const TemporaryFolder folder;
  CollectionConfig config;
  config.vectors[""] = {.size = 2, .metric = Metric::kL2};
  NumberFields(config);
  const auto collection = Collection::Create(folder / "c", config, {.background = false}).value();
  RandomStream random(45, 0);
  UpsertPoints upsert;
  const auto add = [&](std::uint64_t id, float x, float y) {
    const float dx = static_cast<float>(random.Uniform()),
                dy = static_cast<float>(random.Uniform());
    upsert.points.push_back({PointId(id), {{"", {x + dx, y + dy}}}, {}});
  };
  for (std::uint64_t i = 0; i < 700; ++i) {
    add(i, 10, 0);
    add(1000 + i, 0, 10);
    add(2000 + i, -10, -10);
  }
  for (std::uint64_t i = 0; i < 15; ++i) add(9000 + i, 50, 50);
  ASSERT_TRUE(collection->Write(upsert, Durability::kLog).ok());
  QueryRequest request;
  const auto vector = [](float x, float y) { return VectorInput(std::vector<float>{x, y}); };
  request.query = DiscoverQuery{vector(-10, -10),
                                {{vector(10, 0), vector(-8, 10)}, {vector(0, 10), vector(10, -8)}}};
  const QueryAnswer answer = RunQuery({.collection = *collection}, request).value();
  ASSERT_EQ(answer.points.size(), 10u);
  for (const ScoredPoint& point : answer.points) {
    EXPECT_GE(point.id.number(), 9000u);
    EXPECT_GE(point.score, 2);
  }
}

}  // namespace
}  // namespace kith
