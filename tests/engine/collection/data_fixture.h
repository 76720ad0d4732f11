// Small collections for tests of the data directory, and all they hold as text.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/collection/data_directory.h"
#include "engine/collection/point_json.h"
#include "tests/engine/collection/search_records.h"
#include "tests/temporary_folder.h"

namespace kith {

inline CollectionConfig SmallConfig(Metric metric = Metric::kL2) {
  CollectionConfig config;
  config.vectors[""] = {.size = 4, .metric = metric, .m = 4, .ef_construct = 16};
  config.optimizer.live_rows_max = 64;
  config.optimizer.vacuum_rows_min = 32;
  config.optimizer.index_changes_max = 100;
  return config;
}

inline DataDirectoryParams QuietParams() {
  DataDirectoryParams params;
  params.collection.background = false;
  params.collection.catalog_memory_bytes = std::uint64_t{8} << 20;
  params.delete_wait_seconds = 0.2;
  return params;
}

inline Point SmallPoint(std::uint64_t id, std::uint64_t version = 0) {
  Point point;
  point.id = PointId(id);
  point.vectors[""] = {static_cast<float>(id), static_cast<float>(id % 7),
                       static_cast<float>(version), 0.5f};
  point.payload.Set("n", id);
  point.payload.Set("version", version);
  return point;
}

// Upserts points [begin, end) in one write.
inline void PutPoints(Collection& collection, std::uint64_t begin, std::uint64_t end,
                      std::uint64_t version = 0) {
  UpsertPoints upsert;
  for (std::uint64_t id = begin; id < end; ++id) upsert.points.push_back(SmallPoint(id, version));
  const auto written = collection.Write(upsert, Durability::kSync);
  ASSERT_TRUE(written.ok()) << written.error().message;
}

// Every point as a line of JSON, by id.
inline std::string StateOf(const Collection& collection) {
  const auto page =
      collection.Scroll(PointId(), 1000000, nullptr, {}, {.enabled = true, .names = {}});
  EXPECT_TRUE(page.ok()) << page.error().message;
  std::string text;
  if (!page.ok()) return text;
  for (const Record& record : page.value().records) {
    AppendPoint(record, text);
    text += '\n';
  }
  return text;
}

// Each point is found as the nearest to itself, exactly and by a walk.
inline void ExpectSearchable(const Collection& collection) {
  const auto page =
      collection.Scroll(PointId(), 1000000, nullptr, {}, {.enabled = true, .names = {}});
  ASSERT_TRUE(page.ok()) << page.error().message;
  for (const Record& record : page.value().records) {
    for (const bool exact : {true, false}) {
      VectorSearch search;
      search.vector = record.vectors.at("");
      search.limit = 1;
      search.exact = exact;
      search.target_recall = 0.99;
      const auto found = SearchRecords(collection, search);
      ASSERT_TRUE(found.ok()) << found.error().message;
      ASSERT_EQ(found.value().size(), 1u);
      EXPECT_EQ(found.value()[0].id, record.id) << "exact: " << exact;
    }
  }
}

class DataFixture : public testing::Test {
 protected:
  std::unique_ptr<DataDirectory> Open(const DataDirectoryParams& params = QuietParams()) const {
    auto opened = DataDirectory::Open(path_, params);
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return opened.ok() ? std::move(opened).value() : nullptr;
  }
  // A collection with points [0, points).
  static std::shared_ptr<Collection> Make(DataDirectory& data, const std::string& name,
                                          std::uint64_t points) {
    auto made = data.Create(name, SmallConfig());
    EXPECT_TRUE(made.ok()) << made.error().message;
    if (!made.ok()) return nullptr;
    if (points > 0) PutPoints(*made.value(), 0, points);
    return std::move(made).value();
  }
  static std::vector<std::string> Names(const DataDirectory& data) {
    std::vector<std::string> names;
    for (const CollectionEntry& entry : data.List()) names.push_back(entry.name);
    return names;
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_ / "data";
};

}  // namespace kith
