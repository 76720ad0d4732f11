// Many threads upsert, delete, set payloads and search one collection while it seals and merges.
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/random.h"
#include "engine/collection/collection.h"
#include "tests/engine/collection/search_records.h"
#include "tests/temporary_folder.h"

namespace kith {
namespace {

constexpr std::uint64_t kWriters = 3, kRounds = 60, kPointsOfWriter = 300;

Filter EvenFilter() {
  Filter filter;
  MatchValue even;
  even.value = std::int64_t{0};
  filter.must.push_back({FieldCondition{JsonPath::Parse("parity").value(), even}});
  return filter;
}

std::vector<float> VectorOf(std::uint64_t id, std::uint64_t version) {
  return {static_cast<float>(id % 97), static_cast<float>(id / 97), static_cast<float>(version), 1};
}

// Upserts, deletes and checks points that no other writer touches; returns their last versions.
std::map<std::uint64_t, std::uint64_t> WriteAlone(Collection& collection, std::uint64_t writer) {
  RandomStream random(writer, 3);
  std::map<std::uint64_t, std::uint64_t> versions;
  for (std::uint64_t round = 1; round <= kRounds; ++round) {
    UpsertPoints upsert;
    DeletePoints remove;
    for (int i = 0; i < 12; ++i) {
      const std::uint64_t id = writer * kPointsOfWriter + random.Below(kPointsOfWriter);
      JsonObject payload;
      payload.Set("parity", id % 2);
      payload.Set("version", round);
      upsert.points.push_back({PointId(id), {{"", VectorOf(id, round)}}, std::move(payload)});
      versions[id] = round;
    }
    EXPECT_TRUE(collection.Write(upsert, Durability::kLog).ok());
    // What is acknowledged is found at once.
    const std::uint64_t last = upsert.points.back().id.number();
    const auto found = SearchRecords(collection, {.using_vector = "",
                                                  .vector = VectorOf(last, round),
                                                  .limit = 1,
                                                  .exact = true,
                                                  .filter = nullptr,
                                                  .score_threshold = {}});
    EXPECT_TRUE(found.ok() && found.value().size() == 1 && found.value()[0].score == 0);
    for (int i = 0; i < 3; ++i) {
      const std::uint64_t id = writer * kPointsOfWriter + random.Below(kPointsOfWriter);
      remove.points.ids.push_back(PointId(id));
      versions.erase(id);
    }
    EXPECT_TRUE(collection.Write(remove, Durability::kLog).ok());
  }
  return versions;
}

void SearchUntil(const Collection& collection, const std::atomic<bool>& done,
                 std::atomic<std::uint64_t>& searches) {
  const Filter even = EvenFilter();
  RandomStream random(99, 4);
  while (!done) {
    const VectorSearch search{.using_vector = "",
                              .vector = VectorOf(random.Below(900), random.Below(kRounds)),
                              .limit = 5,
                              .filter = random.Below(2) == 0 ? &even : nullptr,
                              .score_threshold = {}};
    const auto found = SearchRecords(collection, search);
    ASSERT_TRUE(found.ok()) << found.error().message;
    for (std::size_t i = 1; i < found.value().size(); ++i) {
      EXPECT_LE(found.value()[i - 1].score, found.value()[i].score);
      EXPECT_FALSE(found.value()[i - 1].id == found.value()[i].id) << "one point twice";
    }
    if (search.filter != nullptr) {
      for (const ScoredPoint& record : found.value()) EXPECT_EQ(record.id.number() % 2, 0u);
    }
    ++searches;
  }
}

TEST(CollectionThreadsTest, WritersAndSearchersDoNotDisturbEachOther) {
  const TemporaryFolder folder;
  CollectionConfig config;
  config.vectors[""] = {.size = 4, .metric = Metric::kL2, .m = 8, .ef_construct = 32};
  config.optimizer.live_rows_max = 96;
  config.optimizer.vacuum_rows_min = 32;
  config.optimizer.index_changes_max = 100;
  auto collection = Collection::Create(folder / "c", config, {}).value();
  ASSERT_TRUE(collection
                  ->CreateIndex(JsonPath::Parse("parity").value(),
                                {.kind = FieldKind::kInteger, .text = {}})
                  .ok());
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> searches{0};
  std::vector<std::map<std::uint64_t, std::uint64_t>> versions(kWriters);
  std::vector<std::thread> writers, searchers;
  for (int i = 0; i < 2; ++i) {
    searchers.emplace_back([&] { SearchUntil(*collection, done, searches); });
  }
  for (std::uint64_t w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] { versions[w] = WriteAlone(*collection, w); });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_TRUE(collection->WaitUntilGreen(120));
  done = true;
  for (std::thread& searcher : searchers) searcher.join();
  EXPECT_GT(searches, 0u);

  std::map<std::uint64_t, std::uint64_t> expected, found;
  for (const auto& part : versions) expected.insert(part.begin(), part.end());
  const auto page = collection->Scroll(PointId(), 10000, nullptr, {}, {});
  ASSERT_TRUE(page.ok());
  for (const Record& record : page.value().records) {
    found[record.id.number()] = *record.payload->Find("version")->AsUint64();
  }
  EXPECT_EQ(found, expected);
  const CollectionInfo info = collection->info();
  EXPECT_EQ(info.status, CollectionStatus::kGreen) << info.error;
  EXPECT_EQ(info.vectors, expected.size());
  EXPECT_EQ(info.linked_vectors, info.vectors);
}

}  // namespace
}  // namespace kith
