#include "core/point_id.h"

#include <limits>
#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kith {
namespace {

constexpr char kText[] = "0f8fad5b-d9cb-469f-a165-70867728950e";

TEST(PointIdTest, UuidsAreReadInEverySpellingAndWrittenInOne) {
  for (const char* spelling :
       {kText, "0F8FAD5B-D9CB-469F-A165-70867728950E", "0f8fad5bd9cb469fa16570867728950e",
        "urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e"}) {
    const Result<PointId> id = PointId::ParseUuid(spelling);
    ASSERT_TRUE(id.ok()) << spelling;
    EXPECT_TRUE(id.value().is_uuid());
    EXPECT_EQ(id.value().ToString(), kText);
    EXPECT_EQ(PointId(id.value().uuid()), id.value());
  }
}

TEST(PointIdTest, OtherTextIsRefused) {
  for (const char* text :
       {"", "17", "0f8fad5b-d9cb-469f-a165-70867728950", "0f8fad5bd9cb469fa165708677289 0e",
        "0f8fad5b-d9cb-469f-a165-70867728950g", "0f8fad5bd-9cb-469f-a165-70867728950e",
        "{0f8fad5b-d9cb-469f-a165-7086772895}",
        "urn:uuid:", "------------------------------------"}) {
    const Result<PointId> id = PointId::ParseUuid(text);
    ASSERT_FALSE(id.ok()) << text;
    EXPECT_EQ(id.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(id.error().message, testing::HasSubstr("UUID"));
  }
}

TEST(PointIdTest, KeysSortAsIdsDoAndComeBack) {
  std::vector<PointId> ids;
  for (const std::uint64_t number : {0ull, 1ull, 255ull, 256ull, 1ull << 32, (1ull << 53) + 1,
                                     std::numeric_limits<unsigned long long>::max() + 0ull}) {
    ids.emplace_back(number);
  }
  ids.push_back(PointId::ParseUuid("00000000-0000-0000-0000-000000000000").value());
  ids.push_back(PointId::ParseUuid("00000000-0000-0001-0000-000000000000").value());
  ids.push_back(PointId::ParseUuid(kText).value());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(PointId::FromKey(ids[i].Key()).value(), ids[i]);
    if (i == 0) continue;
    EXPECT_LT(ids[i - 1], ids[i]);
    EXPECT_LT(ids[i - 1].Key(), ids[i].Key());
  }
}

TEST(PointIdTest, NextIsRightBehind) {
  EXPECT_EQ(PointId(7).Next(), PointId(8));
  const PointId first_uuid = PointId::ParseUuid(std::string(32, '0')).value();
  EXPECT_EQ(PointId(std::numeric_limits<std::uint64_t>::max()).Next(), first_uuid);
  EXPECT_EQ(PointId::ParseUuid("0000000000000000ffffffffffffffff").value().Next(),
            PointId::ParseUuid("00000000000000010000000000000000").value());
  EXPECT_EQ(PointId::ParseUuid(std::string(32, 'f')).value().Next(), std::nullopt);
}

TEST(PointIdTest, ForeignKeysAreCorruption) {
  for (const std::string& key : {std::string(), std::string("n"), std::string(9, 'x'),
                                 std::string(17, 'n'), "u" + std::string(8, '\0')}) {
    EXPECT_EQ(PointId::FromKey(key).error().code, ErrorCode::kCorruption);
  }
}

TEST(PointIdTest, HashesOfNeighborsDiffer) {
  std::set<std::uint64_t> hashes;
  for (std::uint64_t i = 0; i < 10000; ++i) hashes.insert(PointId(i).Hash() >> 32);
  EXPECT_GT(hashes.size(), 9990u);
  EXPECT_NE(PointId(0).Hash(), PointId::ParseUuid(std::string(32, '0')).value().Hash());
}

}  // namespace
}  // namespace kith
