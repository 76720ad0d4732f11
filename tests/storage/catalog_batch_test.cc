#include "storage/catalog_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(CatalogBatchTest, KeepsCallsInOrderWithWhatTheyWereGiven) {
  CatalogBatch batch;
  EXPECT_TRUE(batch.empty());
  std::string json = "{\"a\":1}";
  batch.PutPoint(9, PointId(5), 77);
  batch.PutPayload(9, json);
  json = "changed";  // the batch has its own
  batch.DeleteVector({.field = 3, .slot = 2});
  batch.PutMeta("name", "value");
  ASSERT_EQ(batch.size(), 4u);
  EXPECT_EQ(batch.step(0).kind, CatalogBatch::Kind::kPutPoint);
  EXPECT_EQ(batch.step(0).key, PointId(5).Key());
  EXPECT_EQ(batch.step(0).version, 77u);
  EXPECT_EQ(batch.step(1).where.slot, 9u);
  EXPECT_EQ(batch.step(1).value, "{\"a\":1}");
  EXPECT_EQ(batch.step(2).kind, CatalogBatch::Kind::kDeleteVector);
  EXPECT_EQ(batch.step(2).where, (VectorKey{.field = 3, .slot = 2}));
  EXPECT_EQ(batch.step(3).key, "name");
  EXPECT_EQ(batch.step(3).value, "value");
}

TEST(CatalogBatchTest, NamesEverySlotThatItTouchesOnce) {
  CatalogBatch batch;
  batch.Touch(7);
  batch.PutPayload(3, "{}");
  batch.DeletePayload(3);
  batch.DeletePoint(UINT32_MAX, PointId(1));
  batch.PutVector({.field = 1, .slot = 0}, {});
  batch.PutMeta("not a slot", "");
  EXPECT_THAT(batch.Slots(), ElementsAre(0u, 3u, 7u, UINT32_MAX));
}

TEST(CatalogBatchTest, KnowsItsBytes) {
  CatalogBatch batch;
  EXPECT_EQ(batch.bytes(), 0u);
  batch.PutPayload(1, std::string(1000, 'x'));
  EXPECT_GE(batch.bytes(), 1000u);
  EXPECT_LE(batch.bytes(), 1100u);
  batch.Clear();
  EXPECT_EQ(batch.bytes(), 0u);
}

TEST(CatalogBatchTest, SaysWhichCallIsOverItsLimit) {
  const auto expect = [](const CatalogBatch& batch, ErrorCode code, const char* words) {
    ASSERT_FALSE(batch.CheckLimits().ok()) << words;
    EXPECT_EQ(batch.CheckLimits().error().code, code);
    EXPECT_THAT(batch.CheckLimits().error().message, HasSubstr(words));
  };
  CatalogBatch batch;
  batch.PutPayload(1, std::string(kCatalogPayloadBytesMax, 'x'));
  batch.PutVector({}, std::vector<std::byte>(kCatalogVectorBytesMax));
  batch.PutMeta(std::string(kCatalogMetaNameBytesMax, 'n'), "");
  EXPECT_TRUE(batch.CheckLimits().ok());
  batch.PutPayload(8, std::string(kCatalogPayloadBytesMax + 1, 'x'));
  batch.PutMeta(std::string(1000, 'n'), "");
  expect(batch, ErrorCode::kInvalidArgument, "payload of slot 8: 16777217 bytes, at most 16777216");

  batch.Clear();
  EXPECT_TRUE(batch.CheckLimits().ok());
  batch.PutVector({.field = 4, .slot = 5}, std::vector<std::byte>(kCatalogVectorBytesMax + 1));
  expect(batch, ErrorCode::kInvalidArgument, "vector of field 4, slot 5");
  batch.Clear();
  batch.DeleteMeta(std::string(kCatalogMetaNameBytesMax + 1, 'n'));
  expect(batch, ErrorCode::kInvalidArgument, "name of a meta value");

  batch.Clear();
  const std::string payload(kCatalogPayloadBytesMax, 'x');
  for (int i = 0; i < 15; ++i) batch.PutPayload(1, payload);
  EXPECT_TRUE(batch.CheckLimits().ok());
  batch.PutPayload(1, payload);
  expect(batch, ErrorCode::kResourceExhausted, "commit it in parts");
}

}  // namespace
}  // namespace kith
