#include "core/aligned_buffer.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include <gtest/gtest.h>

#include "core/resource_usage.h"

namespace kith {
namespace {

std::uintptr_t Address(const AlignedBuffer& buffer) {
  return reinterpret_cast<std::uintptr_t>(buffer.data());
}

bool IsZero(const AlignedBuffer& buffer) {
  return std::all_of(buffer.bytes().begin(), buffer.bytes().end(),
                     [](std::byte byte) { return byte == std::byte{}; });
}

TEST(AlignedBufferTest, SmallBlocksAreZeroAndOnACacheLine) {
  for (const std::size_t bytes : {1, 63, 64, 65, 1000, 100000}) {
    AlignedBuffer dirty(bytes);  // so that the allocator has used memory to hand out
    std::memset(dirty.data(), 0xee, bytes);
    dirty = AlignedBuffer();
    const AlignedBuffer buffer(bytes);
    EXPECT_EQ(buffer.size(), bytes);
    EXPECT_EQ(Address(buffer) % kCacheLineBytes, 0u);
    EXPECT_TRUE(IsZero(buffer)) << bytes;
  }
}

TEST(AlignedBufferTest, LargeBlocksAreZeroAndOnAHugePage) {
  for (const std::size_t bytes :
       {kHugePageBytes - 1, kHugePageBytes, kHugePageBytes + 1, 3 * kHugePageBytes + 4097}) {
    const AlignedBuffer buffer(bytes);
    EXPECT_EQ(buffer.size(), bytes);
    EXPECT_EQ(Address(buffer) % (bytes < kHugePageBytes ? kCacheLineBytes : kHugePageBytes), 0u);
    EXPECT_TRUE(IsZero(buffer)) << bytes;
  }
}

TEST(AlignedBufferTest, EveryByteCanBeWritten) {
  for (const std::size_t bytes : {std::size_t{100}, 2 * kHugePageBytes + 5}) {
    AlignedBuffer buffer(bytes);
    std::memset(buffer.data(), 0x55, bytes);
    EXPECT_EQ(buffer.bytes().back(), std::byte{0x55});
  }
}

TEST(AlignedBufferTest, NoBytesIsNoMemory) {
  EXPECT_EQ(AlignedBuffer(0).data(), nullptr);
  EXPECT_TRUE(AlignedBuffer().bytes().empty());
}

TEST(AlignedBufferTest, MovingLeavesTheSourceEmpty) {
  for (const std::size_t bytes : {std::size_t{100}, kHugePageBytes}) {
    AlignedBuffer source(bytes);
    source.data()[7] = std::byte{7};
    const std::byte* data = source.data();
    AlignedBuffer target = std::move(source);
    EXPECT_EQ(target.data(), data);
    EXPECT_EQ(target.size(), bytes);
    EXPECT_EQ(target.data()[7], std::byte{7});
    EXPECT_EQ(source.data(), nullptr);
    EXPECT_EQ(source.size(), 0u);
  }
}

TEST(AlignedBufferTest, MoveAssignmentFreesWhatTheTargetHeld) {
  constexpr std::size_t kBytes = std::size_t{64} << 20;
  AlignedBuffer target(kBytes);
  std::memset(target.data(), 1, kBytes);
  const std::uint64_t full = ResidentBytes();
  AlignedBuffer source(100);
  target = std::move(source);
  EXPECT_EQ(target.size(), 100u);
  EXPECT_EQ(source.size(), 0u);
  EXPECT_EQ(source.data(), nullptr);
  EXPECT_LT(ResidentBytes(), full - kBytes / 2);
}

TEST(AlignedBufferTest, ViewsElementsOfAnyType) {
  AlignedBuffer buffer(40);
  buffer.as<std::uint64_t>()[4] = 5;
  EXPECT_EQ(buffer.as<std::uint64_t>().size(), 5u);
  EXPECT_EQ(std::as_const(buffer).as<std::uint32_t>()[8], 5u);
}

TEST(AlignedBufferTest, MoreThanTheSystemHasIsBadAlloc) {
  EXPECT_THROW(AlignedBuffer(std::size_t{1} << 60), std::bad_alloc);
  EXPECT_THROW(AlignedBuffer(std::numeric_limits<std::size_t>::max()), std::bad_alloc);
  EXPECT_THROW(AlignedBuffer(std::numeric_limits<std::size_t>::max() - 3 * kHugePageBytes),
               std::bad_alloc);
}

}  // namespace
}  // namespace kith
