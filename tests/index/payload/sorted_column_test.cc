// Against std::set of pairs, with enough of them to split and to empty buckets.
#include "index/payload/sorted_column.h"

#include <gtest/gtest.h>

#include <set>

#include "core/random.h"

namespace kith {
namespace {

using Pairs = std::set<std::pair<std::int64_t, Slot>>;
using Column = SortedColumn<std::int64_t>;

std::vector<std::pair<std::int64_t, Slot>> Listed(const Column& column, Column::Position from,
                                                  Column::Position to) {
  std::vector<std::pair<std::int64_t, Slot>> pairs;
  column.ForEach(from, to, [&](std::int64_t key, Slot slot) {
    pairs.emplace_back(key, slot);
    return true;
  });
  return pairs;
}

void Compare(const Column& column, const Pairs& expected, std::int64_t low, std::int64_t high) {
  const auto from = column.FirstNot([&](std::int64_t key) { return key < low; });
  const auto to = column.FirstNot([&](std::int64_t key) { return key < high; });
  const std::vector<std::pair<std::int64_t, Slot>> range(expected.lower_bound({low, 0}),
                                                         expected.lower_bound({high, 0}));
  ASSERT_EQ(Listed(column, from, to), range);
  ASSERT_EQ(column.Count(from, to), range.size());
  std::vector<Slot> slots;
  for (const auto& pair : range) slots.push_back(pair.second);
  ASSERT_EQ(column.Slots(from, to), slots);
  std::vector<Slot> reverse;
  column.ForEachReverse(from, to, [&](std::int64_t, Slot slot) {
    reverse.push_back(slot);
    return true;
  });
  std::reverse(slots.begin(), slots.end());
  ASSERT_EQ(reverse, slots);
}

void ChangeAndCompare(Column& column, Pairs& expected, RandomStream& random) {
  const std::int64_t keys = 1 + static_cast<std::int64_t>(random.Below(4000));
  const bool shrink = random.Below(2) == 0;
  for (int i = 0; i < 6000; ++i) {
    const std::pair<std::int64_t, Slot> pair(
        static_cast<std::int64_t>(random.Below(static_cast<std::uint64_t>(keys))),
        static_cast<Slot>(random.Below(50)));
    if (expected.insert(pair).second) {
      column.Insert(pair.first, pair.second);
    } else if (shrink || random.Below(2) == 0) {
      column.Erase(pair.first, pair.second);
      expected.erase(pair);
    }
  }
  ASSERT_EQ(column.size(), expected.size());
  for (int i = 0; i < 20; ++i) {
    const auto low = static_cast<std::int64_t>(random.Below(4100)) - 50;
    Compare(column, expected, low, low + static_cast<std::int64_t>(random.Below(3000)));
  }
  Compare(column, expected, -1, 5000);
}

TEST(SortedColumnTest, HoldsPairsInOrderThroughChanges) {
  RandomStream random(1, 0);
  Column column;
  Pairs expected;
  for (int round = 0; round < 10; ++round) ChangeAndCompare(column, expected, random);
  while (!expected.empty()) {
    column.Erase(expected.begin()->first, expected.begin()->second);
    expected.erase(expected.begin());
  }
  EXPECT_EQ(column.size(), 0u);
  Compare(column, expected, -1, 5000);
}

TEST(SortedColumnTest, IsBuiltAtOnceAndChangesAfterwards) {
  RandomStream random(2, 0);
  Pairs expected;
  for (int i = 0; i < 5000; ++i) {
    expected.emplace(static_cast<std::int64_t>(random.Below(900)),
                     static_cast<Slot>(random.Below(40)));
  }
  Column column;
  column.Build({expected.rbegin(), expected.rend()});
  Compare(column, expected, -1, 5000);
  ChangeAndCompare(column, expected, random);
}

TEST(SortedColumnTest, AscendingKeysFillTheirBuckets) {
  SortedColumn<double> column;
  for (Slot slot = 0; slot < 100000; ++slot) column.Insert(slot, slot);
  // 12 bytes a pair and not twice that, in vectors that double.
  EXPECT_LT(column.memory_bytes(), 100000 * 14u);
}

}  // namespace
}  // namespace kith
