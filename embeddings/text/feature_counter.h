// In how many documents each feature occurs, in bounded memory.
//
// Counts are exact while at most `features_max` features are held.  When a shard (1/64 of the
// ids, by their highest bits) is full, its rarest features are dropped: those counted once, then
// twice, and so on until a quarter is free.  A dropped feature that comes again starts at 1, so
// counts are lower bounds from then on, and never wrong by more than the count at which features
// were dropped times the number of drops.
//
// Documents are counted in the order given and shards are independent, so the result does not
// depend on the number of threads.  Thread-compatible.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/thread_pool.h"

namespace kith {

struct FeatureCount {
  std::uint64_t feature = 0;
  std::uint32_t documents = 0;
  friend bool operator==(const FeatureCount&, const FeatureCount&) = default;
};

class FeatureCounter {
 public:
  static constexpr std::size_t kShards = 64;
  static constexpr std::size_t ShardOf(std::uint64_t feature) { return feature >> 58; }
  // Features of consecutive documents, each once a document, by shard.
  using ShardedFeatures = std::array<std::vector<std::uint64_t>, kShards>;

  // REQUIRES: features_max >= 16 * kShards.
  explicit FeatureCounter(std::size_t features_max);

  // Counts ranges of documents, in order.
  void Add(std::span<const ShardedFeatures> ranges, ThreadPool& pool);

  std::uint64_t features() const;  // held
  std::uint64_t drops() const;     // features forgotten so far; 0: counts are exact

  // The features in at least `documents_min` documents, by id.
  std::vector<FeatureCount> Sorted(std::uint32_t documents_min) const;

 private:
  struct Shard {
    std::vector<FeatureCount> slots;  // a power of two; documents == 0 is free
    std::size_t size = 0;
    std::uint64_t drops = 0;
  };
  static void Insert(Shard& shard, FeatureCount count);
  static void Rebuild(Shard& shard, std::size_t slots, std::uint32_t documents_min);
  void CountOne(Shard& shard, std::uint64_t feature) const;

  std::size_t shard_features_max_;
  std::vector<Shard> shards_;
};

}  // namespace kith
