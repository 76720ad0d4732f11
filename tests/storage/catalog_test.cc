#include "storage/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr CatalogParams kSmall = {.memory_bytes = 16 << 20, .create_if_missing = true};

Catalog OpenOrDie(const std::string& path, const CatalogParams& params = kSmall) {
  auto catalog = Catalog::Open(path, params);
  EXPECT_TRUE(catalog.ok()) << catalog.error().message;
  return std::move(catalog).value();
}

TEST(CatalogTest, GivesBackWhatWasPut) {
  const TemporaryFolder folder;
  Catalog catalog = OpenOrDie(folder / "c");
  CatalogBatch batch;
  batch.PutPoint(7, PointId(42), 3);
  batch.PutPayload(7, "{\"a\":1}");
  const auto sequence = catalog.Commit(batch, Durability::kSync);
  ASSERT_TRUE(sequence.ok()) << sequence.error().message;
  EXPECT_EQ(sequence.value(), 1u);
  EXPECT_EQ(catalog.GetPayload(7).value(), "{\"a\":1}");
  EXPECT_EQ(catalog.FindId(PointId(42)).value(), 7u);
  EXPECT_EQ(catalog.GetPoint(7).value()->version, 3u);
}

}  // namespace
}  // namespace kith
