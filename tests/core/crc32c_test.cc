#include "core/crc32c.h"

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"

namespace kith {
namespace {

std::vector<std::byte> RandomBytes(std::size_t count, std::uint64_t stream) {
  RandomStream random(7, stream);
  std::vector<std::byte> bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

// The definition: one bit of the message at a time.
std::uint32_t Crc32cByDefinition(std::span<const std::byte> bytes) {
  std::uint32_t state = 0xffffffff;
  for (const std::byte byte : bytes) {
    state ^= std::to_integer<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) state = (state >> 1) ^ ((state & 1) ? 0x82F63B78 : 0);
  }
  return ~state;
}

void ExpectBothGive(std::uint32_t expected, std::span<const std::byte> bytes) {
  EXPECT_EQ(Crc32c(bytes), expected);
  EXPECT_EQ(Crc32cPortable(0, bytes), expected);
}

TEST(Crc32cTest, MatchesTheVectorsOfRfc3720) {
  std::array<std::byte, 32> bytes{};
  ExpectBothGive(0x8a9136aa, bytes);
  bytes.fill(std::byte{0xff});
  ExpectBothGive(0x62a8ab43, bytes);
  for (int i = 0; i < 32; ++i) bytes[i] = static_cast<std::byte>(i);
  ExpectBothGive(0x46dd794e, bytes);
  for (int i = 0; i < 32; ++i) bytes[i] = static_cast<std::byte>(31 - i);
  ExpectBothGive(0x113fdb5c, bytes);

  std::array<std::byte, 48> iscsi_read{};
  for (const auto& [position, value] : std::initializer_list<std::pair<int, int>>{{0, 0x01},
                                                                                  {1, 0xc0},
                                                                                  {16, 0x14},
                                                                                  {22, 0x04},
                                                                                  {27, 0x14},
                                                                                  {31, 0x18},
                                                                                  {32, 0x28},
                                                                                  {40, 0x02}}) {
    iscsi_read[position] = static_cast<std::byte>(value);
  }
  ExpectBothGive(0xd9963a56, iscsi_read);
}

TEST(Crc32cTest, MatchesTheCheckValue) {
  ExpectBothGive(0xe3069283, std::as_bytes(std::span(std::string_view("123456789"))));
}

TEST(Crc32cTest, OfNothingIsZero) { ExpectBothGive(0, {}); }

TEST(Crc32cTest, EveryLengthAndAlignmentMatchesTheDefinition) {
  const std::vector<std::byte> bytes = RandomBytes(320, 1);
  for (std::size_t length = 0; length <= 300; ++length) {
    for (std::size_t start = 0; start < 16; ++start) {
      const std::span part = std::span(bytes).subspan(start, length);
      const std::uint32_t expected = Crc32cByDefinition(part);
      ASSERT_EQ(Crc32c(part), expected) << "length " << length << ", start " << start;
      ASSERT_EQ(Crc32cPortable(0, part), expected) << "length " << length << ", start " << start;
    }
  }
}

// Lengths around one, two and several groups of three short (256) and long (4096) blocks.
TEST(Crc32cTest, LengthsAroundTheBlockSizesMatchTheTableForm) {
  const std::vector<std::byte> bytes = RandomBytes(60000, 2);
  for (const std::size_t group : {768, 2 * 768, 12288, 12288 + 768, 4 * 12288}) {
    for (std::size_t length = group - 20; length <= group + 20; ++length) {
      for (const std::size_t start : {0, 1, 7}) {
        const std::span part = std::span(bytes).subspan(start, length);
        ASSERT_EQ(Crc32c(part), Crc32cPortable(0, part)) << "length " << length;
      }
    }
  }
}

TEST(Crc32cTest, ExtendGoesOnAfterAnySplit) {
  const std::vector<std::byte> bytes = RandomBytes(40000, 3);
  const std::uint32_t whole = Crc32c(bytes);
  RandomStream random(7, 4);
  for (int round = 0; round < 200; ++round) {
    std::uint32_t crc = 0, portable = 0;
    std::size_t done = 0;
    while (done < bytes.size()) {
      const std::uint64_t wanted = random.Below(round % 2 == 0 ? 20000 : 900);
      const std::size_t step = std::min<std::size_t>(wanted, bytes.size() - done);
      crc = Crc32cExtend(crc, std::span(bytes).subspan(done, step));
      portable = Crc32cPortable(portable, std::span(bytes).subspan(done, step));
      done += step;
    }
    ASSERT_EQ(crc, whole);
    ASSERT_EQ(portable, whole);
  }
}

TEST(Crc32cTest, EveryFlippedBitIsSeen) {
  std::vector<std::byte> bytes = RandomBytes(1000, 5);
  const std::uint32_t whole = Crc32c(bytes);
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    const auto mask = static_cast<std::byte>(1 << (bit % 8));
    bytes[bit / 8] ^= mask;
    ASSERT_NE(Crc32c(bytes), whole) << "bit " << bit;
    bytes[bit / 8] ^= mask;
  }
}

}  // namespace
}  // namespace kith
