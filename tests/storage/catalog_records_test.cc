#include "storage/catalog_records.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/random.h"

namespace kith {
namespace {

using ::testing::HasSubstr;

using Slots = std::vector<std::uint32_t>;

TEST(CatalogRecordsTest, KeysSortAsTheirNumbers) {
  RandomStream random(5, 0);
  for (int i = 0; i < 1000; ++i) {
    const auto a = static_cast<std::uint32_t>(random() >> random.Below(64));
    const auto b = static_cast<std::uint32_t>(random() >> random.Below(64));
    EXPECT_EQ(SlotKey(a) < SlotKey(b), a < b);
    const VectorKey va{.field = static_cast<std::uint16_t>(a), .slot = b};
    const VectorKey vb{.field = static_cast<std::uint16_t>(b), .slot = a};
    EXPECT_EQ(VectorRowKey(va) < VectorRowKey(vb),
              std::pair(va.field, va.slot) < std::pair(vb.field, vb.slot));
    EXPECT_EQ(SequenceKey(a) < SequenceKey(b), a < b);
    EXPECT_EQ(ParseSlotKey(SlotKey(a)).value(), a);
    EXPECT_EQ(ParseVectorRowKey(VectorRowKey(va)).value(), va);
    EXPECT_EQ(ParseSequenceKey(SequenceKey(a)).value(), a);
  }
}

TEST(CatalogRecordsTest, BytesAreThoseOfTheDocument) {
  EXPECT_EQ(SlotKey(0x01020304), "\x01\x02\x03\x04");
  EXPECT_EQ(VectorRowKey({.field = 0x4142, .slot = 0x43444546}), "ABCDEF");
  EXPECT_EQ(SequenceKey(0x4142434445464748), "ABCDEFGH");
  EXPECT_EQ(EncodeSlot(0x44434241), "ABCD");
  EXPECT_EQ(EncodeSequence(0x4847464544434241), "ABCDEFGH");
  EXPECT_EQ(EncodePoint(0x4847464544434241, PointId(0x4a).Key()),
            std::string("ABCDEFGHn\0\0\0\0\0\0\0J", 17));
  EXPECT_EQ(MetaKey("name"), "meta/name");
  EXPECT_EQ(EncodeSlots(Slots{7, 8, 300}), "\x07\x01\xa4\x02");
  EXPECT_EQ(EncodeSlots({}), "");
}

TEST(CatalogRecordsTest, ListsOfSlotsComeBackAsTheyWere) {
  RandomStream random(6, 0);
  for (int i = 0; i < 200; ++i) {
    Slots slots = {0, UINT32_MAX};
    for (std::uint64_t n = random.Below(100); n > 0; --n) {
      slots.push_back(static_cast<std::uint32_t>(random() >> random.Below(64)));
    }
    std::sort(slots.begin(), slots.end());
    slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
    EXPECT_EQ(ParseSlots(EncodeSlots(slots)).value(), slots);
  }
  EXPECT_EQ(ParseSlots(EncodeSlots(Slots{UINT32_MAX})).value(), Slots{UINT32_MAX});
}

TEST(CatalogRecordsTest, OtherListsAreRefusedWithTheOffset) {
  const std::pair<std::string, const char*> lists[] = {
      {"\x05\x80", "the end inside a number at byte 1"},
      {"\x05\x80\x80\x80\x80\x80\x01", "more than 5 bytes at byte 1"},
      {std::string("\x05\x81\x00", 3), "leading zeros at byte 1"},
      {std::string("\x05\x00", 2), "a slot twice at byte 1"},
      {"\xff\xff\xff\xff\x1f", "more than 32 bits at byte 0"},
      {"\xff\xff\xff\xff\x0f\x01", "more than 32 bits at byte 5"},
  };
  for (const auto& [bytes, words] : lists) {
    const auto slots = ParseSlots(bytes);
    ASSERT_FALSE(slots.ok()) << words;
    EXPECT_EQ(slots.error().code, ErrorCode::kCorruption);
    EXPECT_THAT(slots.error().message, HasSubstr(words));
  }
}

TEST(CatalogRecordsTest, WrongLengthsAreRefused) {
  for (std::size_t bytes = 0; bytes < 30; ++bytes) {
    const std::string value(bytes, 'n');
    EXPECT_EQ(ParseSlotKey(value).ok(), bytes == 4);
    EXPECT_EQ(ParseVectorRowKey(value).ok(), bytes == 6);
    EXPECT_EQ(ParseSequenceKey(value).ok(), bytes == 8);
    EXPECT_EQ(ParseSlot(value).ok(), bytes == 4);
    EXPECT_EQ(ParseSequence(value).ok(), bytes == 8);
    EXPECT_EQ(ParsePoint(value).ok(), bytes == 8 + 9);  // 'n' and a number
  }
}

TEST(CatalogRecordsTest, BytesAreShownAsTextOrAsDigits) {
  EXPECT_EQ(ShowBytes("meta/x"), "\"meta/x\"");
  EXPECT_EQ(ShowBytes(std::string("\0\xff", 2)), "0x00ff");
  EXPECT_EQ(ShowBytes(std::string(100, 'a')), "\"aaaaaaaaaaaaaaaa\"...");
  EXPECT_EQ(ShowBytes(std::string(100, '\0')).size(), 37u);
}

}  // namespace
}  // namespace kith
