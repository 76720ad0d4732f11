#include "embeddings/text/feature_counter.h"

#include <algorithm>
#include <cassert>
#include <limits>

namespace kith {
namespace {

constexpr std::size_t kFirstSlots = 64;

// Ids are hashes: bits above the kind and below the shard number are as good as any.
std::size_t HomeSlot(std::uint64_t feature, std::size_t slots) {
  return (feature >> 2) & (slots - 1);
}

}  // namespace

FeatureCounter::FeatureCounter(std::size_t features_max)
    : shard_features_max_(features_max / kShards), shards_(kShards) {
  assert(features_max >= 16 * kShards);
  for (Shard& shard : shards_) shard.slots.resize(kFirstSlots);
}

void FeatureCounter::Insert(Shard& shard, FeatureCount count) {
  std::size_t i = HomeSlot(count.feature, shard.slots.size());
  while (shard.slots[i].documents != 0) i = (i + 1) & (shard.slots.size() - 1);
  shard.slots[i] = count;
  ++shard.size;
}

void FeatureCounter::Rebuild(Shard& shard, std::size_t slots, std::uint32_t documents_min) {
  std::vector<FeatureCount> old(slots);
  old.swap(shard.slots);
  shard.size = 0;
  for (const FeatureCount& count : old) {
    if (count.documents >= documents_min && count.documents != 0) Insert(shard, count);
  }
}

void FeatureCounter::CountOne(Shard& shard, std::uint64_t feature) const {
  const std::size_t mask = shard.slots.size() - 1;
  std::size_t i = HomeSlot(feature, shard.slots.size());
  while (shard.slots[i].documents != 0) {
    if (shard.slots[i].feature == feature) {
      std::uint32_t& documents = shard.slots[i].documents;
      if (documents != std::numeric_limits<std::uint32_t>::max()) ++documents;
      return;
    }
    i = (i + 1) & mask;
  }
  shard.slots[i] = {feature, 1};
  ++shard.size;
  if (shard.size >= shard_features_max_) {
    const std::size_t before = shard.size;
    for (std::uint32_t documents_min = 2; shard.size > shard_features_max_ / 4 * 3;
         ++documents_min) {
      Rebuild(shard, shard.slots.size(), documents_min);
    }
    shard.drops += before - shard.size;
  } else if (shard.size * 2 > shard.slots.size()) {
    Rebuild(shard, shard.slots.size() * 2, 1);
  }
}

void FeatureCounter::Add(std::span<const ShardedFeatures> ranges, ThreadPool& pool) {
  pool.ParallelFor(kShards, 1, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t s = begin; s < end; ++s) {
      for (const ShardedFeatures& range : ranges) {
        for (const std::uint64_t feature : range[s]) CountOne(shards_[s], feature);
      }
    }
  });
}

std::uint64_t FeatureCounter::features() const {
  std::uint64_t sum = 0;
  for (const Shard& shard : shards_) sum += shard.size;
  return sum;
}

std::uint64_t FeatureCounter::drops() const {
  std::uint64_t sum = 0;
  for (const Shard& shard : shards_) sum += shard.drops;
  return sum;
}

std::vector<FeatureCount> FeatureCounter::Sorted(std::uint32_t documents_min) const {
  std::vector<FeatureCount> counts;
  for (const Shard& shard : shards_) {  // shards are consecutive ranges of ids
    const std::size_t begin = counts.size();
    for (const FeatureCount& count : shard.slots) {
      if (count.documents != 0 && count.documents >= documents_min) counts.push_back(count);
    }
    std::sort(counts.begin() + static_cast<std::ptrdiff_t>(begin), counts.end(),
              [](const FeatureCount& a, const FeatureCount& b) { return a.feature < b.feature; });
  }
  return counts;
}

}  // namespace kith
