// Against std::set, over containers of all kinds: few slots, dense chunks, runs, far apart.
#include "index/payload/slot_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/random.h"

namespace kith {
namespace {

using Slots = std::set<Slot>;

// A set of slots like those that conditions give.
Slots RandomSlots(RandomStream& random) {
  Slots slots;
  for (std::uint64_t part = random.Below(4); part > 0; --part) {
    const Slot base = static_cast<Slot>(random.Below(4) * 65536 + random.Below(100));
    if (random.Below(3) == 0) {  // a run
      for (Slot i = 0; i < random.Below(9000); ++i) slots.insert(base + i);
    } else {
      const std::uint64_t count = random.Below(2) == 0 ? 20 : 6000;
      for (std::uint64_t i = 0; i < count; ++i) {
        slots.insert(base + static_cast<Slot>(random.Below(70000)));
      }
    }
  }
  if (random.Below(4) == 0) slots.insert(static_cast<Slot>(0xffffffff - random.Below(3)));
  return slots;
}

SlotSet Of(const Slots& slots) {
  std::vector<Slot> list(slots.begin(), slots.end());
  std::reverse(list.begin(), list.end());
  list.insert(list.end(), slots.begin(), slots.end());  // in no order, twice
  return SlotSet::Of(list);
}

std::vector<Slot> List(const Slots& slots) { return {slots.begin(), slots.end()}; }

template <typename Algorithm>
std::vector<Slot> Combined(const Slots& a, const Slots& b, Algorithm algorithm) {
  std::vector<Slot> out;
  algorithm(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

TEST(SlotSetTest, CombinesLikeASetOfNumbers) {
  RandomStream random(1, 0);
  for (int i = 0; i < 60; ++i) {
    const Slots a = RandomSlots(random), b = RandomSlots(random);
    const SlotSet x = Of(a), y = Of(b);
    ASSERT_EQ(x.ToVector(), List(a));
    ASSERT_EQ(x.count(), a.size());
    ASSERT_EQ(x.empty(), a.empty());
    SlotSet both = x, either = x, rest = x;
    both.And(y);
    either.Or(y);
    rest.AndNot(y);
    const auto intersection = Combined(a, b, [](auto... args) { std::set_intersection(args...); });
    ASSERT_EQ(both.ToVector(), intersection);
    ASSERT_EQ(x.IntersectCount(y), intersection.size());
    ASSERT_EQ(x.Intersects(y), !intersection.empty());
    ASSERT_EQ(either.ToVector(), Combined(a, b, [](auto... args) { std::set_union(args...); }));
    ASSERT_EQ(rest.ToVector(), Combined(a, b, [](auto... args) { std::set_difference(args...); }));
    ASSERT_EQ(x == y, a == b);
  }
}

TEST(SlotSetTest, AddsAndRemovesLikeASetOfNumbers) {
  RandomStream random(2, 0);
  Slots expected;
  SlotSet slots;
  for (int i = 0; i < 20000; ++i) {
    const auto slot = static_cast<Slot>(random.Below(9000) * (random.Below(2) == 0 ? 1 : 37));
    ASSERT_EQ(slots.Contains(slot), expected.contains(slot));
    if (random.Below(3) == 0) {
      slots.Remove(slot);
      expected.erase(slot);
    } else {
      slots.Add(slot);
      expected.insert(slot);
    }
  }
  EXPECT_EQ(slots.ToVector(), List(expected));
  EXPECT_GT(slots.memory_bytes(), expected.size());
}

TEST(SlotSetTest, CombinesWithItselfAndWithNothing) {
  SlotSet slots = SlotSet::Range(5, 8);
  slots.And(slots);
  slots.Or(slots);
  EXPECT_EQ(slots.ToVector(), (std::vector<Slot>{5, 6, 7}));
  slots.Or(SlotSet());
  slots.AndNot(SlotSet());
  EXPECT_EQ(slots.count(), 3u);
  SlotSet moved = std::move(slots);
  SlotSet copy = moved;
  moved.AndNot(moved);
  EXPECT_TRUE(moved.empty());
  copy.And(SlotSet());
  EXPECT_TRUE(copy.empty());
  EXPECT_EQ(copy, moved);
  EXPECT_TRUE(SlotSet::Range(3, 3).empty());
}

TEST(SlotSetTest, WalksInOrderUntilToldToStop) {
  const SlotSet slots = SlotSet::Range(10, 3000);
  Slot next = 10;
  slots.ForEach([&](Slot slot) { ASSERT_EQ(slot, next++); });
  EXPECT_EQ(next, 3000u);
  int seen = 0;
  slots.ForEach([&](Slot) { return ++seen < 1500; });
  EXPECT_EQ(seen, 1500);
  SlotSet last;
  last.Add(0xffffffff);
  int count = 0;
  last.ForEach([&](Slot) { ++count; });
  EXPECT_EQ(count, 1);
  std::vector<Slot> some(4);
  EXPECT_EQ(slots.Read(2998, some), 2u);
  EXPECT_EQ(some[1], 2999u);
  EXPECT_EQ(slots.Read(3000, some), 0u);
}

TEST(SlotSetTest, FillsBitsAndComesFromBits) {
  RandomStream random(3, 0);
  for (int i = 0; i < 200; ++i) {
    SlotSet slots = Of(RandomSlots(random));
    if (i % 3 == 0) {  // runs, in few chunks and in many
      const auto begin = static_cast<Slot>(random.Below(70000));
      slots.AddRange(begin, begin + static_cast<Slot>(random.Below(i % 2 == 0 ? 9000 : 400000)));
    }
    SlotSet within = slots;
    const std::size_t words = 1 + random.Below(6000);
    within.And(SlotSet::Range(0, static_cast<Slot>(words * 64)));
    std::vector<std::uint64_t> bits(words);
    slots.FillBits(bits);
    ASSERT_EQ(SlotSet::FromBits(bits), within);
    SlotSet changed = SlotSet::FromBits(bits);  // of use like any other
    changed.Add(7);
    changed.Remove(7);
    within.Remove(7);
    ASSERT_EQ(changed, within);
  }
}

TEST(SlotSetTest, ReadsBackWhatItWrote) {
  RandomStream random(4, 0);
  for (int i = 0; i < 30; ++i) {
    const SlotSet slots = Of(RandomSlots(random));
    ByteWriter out;
    slots.Serialize(out);
    ByteReader in(out.bytes(), "test");
    const Result<SlotSet> back = SlotSet::Deserialize(in);
    ASSERT_TRUE(back.ok());
    ASSERT_TRUE(in.Done().ok());
    ASSERT_EQ(back.value(), slots);
    ByteWriter again;
    back.value().Serialize(again);
    ASSERT_TRUE(std::ranges::equal(again.bytes(), out.bytes()));
  }
}

TEST(SlotSetTest, RefusesBytesThatItDoesNotWrite) {
  SlotSet slots = SlotSet::Range(0, 5000);
  slots.AddRange(65536, 65540);
  ByteWriter out;
  slots.Serialize(out);
  const std::vector<std::byte> good(out.bytes().begin(), out.bytes().end());
  const auto error = [](const std::vector<std::byte>& bytes) {
    ByteReader in(bytes, "test");
    const Result<SlotSet> set = SlotSet::Deserialize(in);
    return set.ok() ? std::string("none") : set.error().message;
  };
  for (std::size_t size = 0; size < good.size(); size += 1 + size / 9) {
    EXPECT_NE(error({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)}), "none");
  }
  auto bytes = good;
  bytes[4 + 4 + 8192] = std::byte{0};  // the second chunk's high half
  EXPECT_EQ(error(bytes), "set of slots: expected ascending chunks");
  bytes = good;
  bytes[4 + 4 + 8191] = std::byte{1};  // one bit more
  EXPECT_EQ(error(bytes), "set of slots: expected 5000 slots in a chunk, found 5001");
  bytes = good;
  bytes[4 + 4 + 8192 + 4] = std::byte{1};  // 1, 1, 2, 3
  EXPECT_EQ(error(bytes), "set of slots: expected ascending slots");
}

}  // namespace
}  // namespace kith
