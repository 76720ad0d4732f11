// A set of slots: which points of a collection a condition holds for.
//
// A Roaring bitmap (Lemire and others, "Roaring bitmaps: implementation of an optimized software
// library", 2018): 2^16 slots a container, each a sorted array, a bit set or runs, whichever is
// smallest.  Operations on sets cost one pass over their containers.
//
// A value; copying copies the containers.  Thread-compatible.  A set moved from is empty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"

namespace kith {

using Slot = std::uint32_t;

class SlotSet {
 public:
  SlotSet();
  ~SlotSet();
  SlotSet(const SlotSet& other);
  SlotSet(SlotSet&& other) noexcept;
  SlotSet& operator=(const SlotSet& other);
  SlotSet& operator=(SlotSet&& other) noexcept;

  // Slots in any order, repeated or not.  Faster than Add one by one.
  static SlotSet Of(std::span<const Slot> slots);
  static SlotSet Range(Slot begin, Slot end);  // [begin, end)
  // Slot s is in the set when bit s % 64 of word s / 64 is.  REQUIRES: at most 2^26 words.
  static SlotSet FromBits(std::span<const std::uint64_t> words);

  void Add(Slot slot);
  void Remove(Slot slot);
  void AddRange(Slot begin, Slot end);  // [begin, end)
  bool Contains(Slot slot) const;
  std::uint64_t count() const;  // O(containers)
  bool empty() const;

  void And(const SlotSet& other);
  void Or(const SlotSet& other);
  void AndNot(const SlotSet& other);
  std::uint64_t IntersectCount(const SlotSet& other) const;
  bool Intersects(const SlotSet& other) const;

  // Calls visit(slot) in ascending order; a visit that returns false ends the walk.
  template <typename Visit>
  void ForEach(Visit visit) const {
    Slot block[kBlock];
    std::uint64_t from = 0;
    while (from <= kLast) {
      const std::size_t found = Read(static_cast<Slot>(from), block);
      for (std::size_t i = 0; i < found; ++i) {
        if constexpr (std::is_same_v<decltype(visit(block[i])), bool>) {
          if (!visit(block[i])) return;
        } else {
          visit(block[i]);
        }
      }
      if (found < kBlock) return;
      from = std::uint64_t{block[found - 1]} + 1;
    }
  }
  // The first slots >= from, ascending, as many as fit; how many there were.
  std::size_t Read(Slot from, std::span<Slot> out) const;
  std::vector<Slot> ToVector() const;

  // Sets bit `slot` of the words (bit slot % 64 of word slot / 64) for every slot of the set, and
  // leaves the other bits.  Slots beyond the words are left out.
  void FillBits(std::span<std::uint64_t> words) const;

  // The set in bytes (docs/formats.md, "Payload index"); equal sets give equal bytes.
  //   set   := u32 chunk_count | chunk[chunk_count]      ascending by high
  //   chunk := u16 high | u16 count - 1 | (count <= 4096: u16 low[count], ascending, else
  //            u64 bits[1024])                           slot = high << 16 | low
  // Roaring's own format is not used: version 0.2 of the library does not check what it reads.
  void Serialize(ByteWriter& out) const;
  // Errors: kCorruption for anything but what Serialize gives.
  static Result<SlotSet> Deserialize(ByteReader& in);

  std::size_t memory_bytes() const;  // estimated

  friend bool operator==(const SlotSet& a, const SlotSet& b) { return a.Equals(b); }

 private:
  static constexpr std::size_t kBlock = 512;
  static constexpr std::uint64_t kLast = ~Slot{0};
  struct Bits;  // the foreign bitmap

  bool Equals(const SlotSet& other) const;
  Bits& Mutable();

  std::unique_ptr<Bits> bits_;  // null: the empty set
};

}  // namespace kith
