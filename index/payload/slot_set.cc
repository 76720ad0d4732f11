#include "index/payload/slot_set.h"

#include <roaring/roaring.h>
#include <roaring/roaring_array.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <functional>
#include <utility>

#include "storage/little_endian.h"

namespace kith {

namespace {

constexpr std::size_t kChunkListMax = 4096;  // more slots of a chunk are written as bits
constexpr std::size_t kChunkWords = 1024;
// Of() sorts by setting bits while the words for it are no more than this for each slot.
constexpr std::size_t kSortWordsPerSlot = 4;

}  // namespace

struct SlotSet::Bits {
  Bits() { ra_init(&bitmap.high_low_container); }
  ~Bits() { ra_clear(&bitmap.high_low_container); }
  Bits(const Bits& other) : Bits() { roaring_bitmap_overwrite(&bitmap, &other.bitmap); }
  Bits& operator=(const Bits& other) = delete;

  roaring_bitmap_t bitmap;
};

SlotSet::SlotSet() = default;
SlotSet::~SlotSet() = default;
SlotSet::SlotSet(SlotSet&& other) noexcept = default;
SlotSet& SlotSet::operator=(SlotSet&& other) noexcept = default;

SlotSet::SlotSet(const SlotSet& other)
    : bits_(other.bits_ == nullptr ? nullptr : std::make_unique<Bits>(*other.bits_)) {}

SlotSet& SlotSet::operator=(const SlotSet& other) {
  if (this != &other) *this = SlotSet(other);
  return *this;
}

SlotSet::Bits& SlotSet::Mutable() {
  if (bits_ == nullptr) bits_ = std::make_unique<Bits>();
  return *bits_;
}

SlotSet SlotSet::Of(std::span<const Slot> slots) {
  SlotSet set;
  if (slots.empty()) return set;
  const std::size_t words = *std::max_element(slots.begin(), slots.end()) / std::size_t{64} + 1;
  if (words / kSortWordsPerSlot <= slots.size()) {
    std::vector<std::uint64_t> bits(words);
    for (const Slot slot : slots) bits[slot / 64] |= std::uint64_t{1} << (slot % 64);
    return FromBits(bits);
  }
  std::vector<Slot> sorted(slots.begin(), slots.end());
  std::sort(sorted.begin(), sorted.end());
  roaring_bitmap_add_many(&set.Mutable().bitmap, sorted.size(), sorted.data());
  return set;
}

// By way of Roaring's portable format, which is what a bitmap without runs has in memory: adding
// the slots one by one takes 4 ns each.
SlotSet SlotSet::FromBits(std::span<const std::uint64_t> words) {
  constexpr std::uint32_t kCookie = 12346;  // "no runs"
  ByteWriter keys, containers;
  std::vector<std::uint32_t> offsets;
  for (std::size_t begin = 0; begin < words.size(); begin += kChunkWords) {
    const auto chunk = words.subspan(begin, std::min(kChunkWords, words.size() - begin));
    std::size_t count = 0;
    for (const std::uint64_t word : chunk) count += static_cast<std::size_t>(std::popcount(word));
    if (count == 0) continue;
    keys.Put(static_cast<std::uint16_t>(begin / kChunkWords));
    keys.Put(static_cast<std::uint16_t>(count - 1));
    offsets.push_back(static_cast<std::uint32_t>(containers.bytes().size()));
    if (count <= kChunkListMax) {
      std::vector<std::uint16_t> lows;
      lows.reserve(count);
      for (std::size_t i = 0; i < chunk.size(); ++i) {
        for (std::uint64_t left = chunk[i]; left != 0; left &= left - 1) {
          lows.push_back(static_cast<std::uint16_t>(i * 64 + std::countr_zero(left)));
        }
      }
      containers.PutArray(std::span<const std::uint16_t>(lows));
    } else {
      containers.PutArray(chunk);
      for (std::size_t i = chunk.size(); i < kChunkWords; ++i) containers.Put(std::uint64_t{0});
    }
  }
  SlotSet set;
  if (offsets.empty()) return set;
  const auto head = static_cast<std::uint32_t>(8 + offsets.size() * 8);
  for (std::uint32_t& offset : offsets) offset += head;
  ByteWriter all;
  all.Put(kCookie);
  all.Put(static_cast<std::uint32_t>(offsets.size()));
  all.PutArray(keys.bytes());
  all.PutArray(std::span<const std::uint32_t>(offsets));
  all.PutArray(containers.bytes());
  roaring_bitmap_t* read = roaring_bitmap_portable_deserialize_safe(
      reinterpret_cast<const char*>(all.bytes().data()), all.bytes().size());
  assert(read != nullptr);
  roaring_bitmap_overwrite(&set.Mutable().bitmap, read);
  roaring_bitmap_free(read);
  return set;
}

SlotSet SlotSet::Range(Slot begin, Slot end) {
  SlotSet set;
  set.AddRange(begin, end);
  return set;
}

void SlotSet::Add(Slot slot) { roaring_bitmap_add(&Mutable().bitmap, slot); }

void SlotSet::Remove(Slot slot) {
  if (bits_ != nullptr) roaring_bitmap_remove(&bits_->bitmap, slot);
}

void SlotSet::AddRange(Slot begin, Slot end) {
  if (begin < end) roaring_bitmap_add_range(&Mutable().bitmap, begin, end);
}

bool SlotSet::Contains(Slot slot) const {
  return bits_ != nullptr && roaring_bitmap_contains(&bits_->bitmap, slot);
}

std::uint64_t SlotSet::count() const {
  return bits_ == nullptr ? 0 : roaring_bitmap_get_cardinality(&bits_->bitmap);
}

bool SlotSet::empty() const { return bits_ == nullptr || roaring_bitmap_is_empty(&bits_->bitmap); }

void SlotSet::And(const SlotSet& other) {
  if (this == &other || bits_ == nullptr) return;
  if (other.bits_ == nullptr) {
    bits_.reset();
  } else {
    roaring_bitmap_and_inplace(&bits_->bitmap, &other.bits_->bitmap);
  }
}

void SlotSet::Or(const SlotSet& other) {
  if (this == &other || other.bits_ == nullptr) return;
  roaring_bitmap_or_inplace(&Mutable().bitmap, &other.bits_->bitmap);
}

void SlotSet::AndNot(const SlotSet& other) {
  if (bits_ == nullptr || other.bits_ == nullptr) return;
  if (this == &other) {
    bits_.reset();
  } else {
    roaring_bitmap_andnot_inplace(&bits_->bitmap, &other.bits_->bitmap);
  }
}

std::uint64_t SlotSet::IntersectCount(const SlotSet& other) const {
  if (bits_ == nullptr || other.bits_ == nullptr) return 0;
  return roaring_bitmap_and_cardinality(&bits_->bitmap, &other.bits_->bitmap);
}

bool SlotSet::Intersects(const SlotSet& other) const {
  return bits_ != nullptr && other.bits_ != nullptr &&
         roaring_bitmap_intersect(&bits_->bitmap, &other.bits_->bitmap);
}

std::size_t SlotSet::Read(Slot from, std::span<Slot> out) const {
  if (bits_ == nullptr) return 0;
  roaring_uint32_iterator_t at;
  roaring_init_iterator(&bits_->bitmap, &at);
  if (!roaring_move_uint32_iterator_equalorlarger(&at, from)) return 0;
  return roaring_read_uint32_iterator(&at, out.data(), static_cast<std::uint32_t>(out.size()));
}

std::vector<Slot> SlotSet::ToVector() const {
  std::vector<Slot> slots(count());
  if (!slots.empty()) roaring_bitmap_to_uint32_array(&bits_->bitmap, slots.data());
  return slots;
}

namespace {

// Sets the bits [begin, end) that are within the words.
void FillRange(std::size_t begin, std::size_t end, std::span<std::uint64_t> words) {
  end = std::min(end, words.size() * 64);
  for (std::size_t at = begin; at < end;) {
    const std::size_t count = std::min<std::size_t>(64 - at % 64, end - at);
    words[at / 64] |= (~std::uint64_t{0} >> (64 - count)) << (at % 64);
    at += count;
  }
}

}  // namespace

// Again by way of the portable format, now with runs: 10 us for a million slots, of which any part
// may be set.
void SlotSet::FillBits(std::span<std::uint64_t> words) const {
  constexpr std::uint64_t kFewMax = 1024;
  constexpr std::uint32_t kCookieWithRuns = 12347, kOffsetsFrom = 4;
  const auto fill_one = [&](std::size_t slot) {
    if (slot / 64 < words.size()) words[slot / 64] |= std::uint64_t{1} << (slot % 64);
  };
  if (count() <= kFewMax) return ForEach(fill_one);
  std::vector<std::byte> bytes(roaring_bitmap_portable_size_in_bytes(&bits_->bitmap));
  roaring_bitmap_portable_serialize(&bits_->bitmap, reinterpret_cast<char*>(bytes.data()));
  const auto cookie = LoadAt<std::uint32_t>(bytes);
  const bool has_runs = (cookie & 0xffff) == kCookieWithRuns;
  const std::size_t chunks = has_runs ? (cookie >> 16) + 1 : LoadAt<std::uint32_t>(bytes, 4);
  const std::size_t run_flags = 4, keys = has_runs ? 4 + (chunks + 7) / 8 : 8;
  std::size_t at = keys + chunks * 4 + (!has_runs || chunks >= kOffsetsFrom ? chunks * 4 : 0);
  const auto next16 = [&] { return LoadAt<std::uint16_t>(bytes, std::exchange(at, at + 2)); };
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    const std::size_t base = std::size_t{LoadAt<std::uint16_t>(bytes, keys + chunk * 4)} << 16;
    const std::size_t size = LoadAt<std::uint16_t>(bytes, keys + chunk * 4 + 2) + std::size_t{1};
    if (has_runs && (std::to_integer<int>(bytes[run_flags + chunk / 8]) >> (chunk % 8) & 1) != 0) {
      for (std::size_t runs = next16(); runs > 0; --runs) {
        const std::size_t begin = base + next16();
        FillRange(begin, begin + next16() + 1, words);
      }
    } else if (size <= kChunkListMax) {
      for (std::size_t i = 0; i < size; ++i) fill_one(base + next16());
    } else {
      const std::size_t first = std::min(base / 64, words.size());
      const std::size_t stop = std::min(first + kChunkWords, words.size());
      for (std::size_t i = first; i < stop; ++i) {
        words[i] |= LoadAt<std::uint64_t>(bytes, at + (i - first) * 8);
      }
      at += kChunkWords * 8;
    }
  }
}

bool SlotSet::Equals(const SlotSet& other) const {
  if (empty() || other.empty()) return empty() == other.empty();
  return roaring_bitmap_equals(&bits_->bitmap, &other.bits_->bitmap);
}

std::size_t SlotSet::memory_bytes() const {
  if (bits_ == nullptr) return 0;
  roaring_statistics_t statistics;
  roaring_bitmap_statistics(&bits_->bitmap, &statistics);
  // A container has a header of 16 bytes, and 11 bytes of key, type and pointer in the directory.
  return sizeof(Bits) + std::size_t{statistics.n_containers} * 27 +
         statistics.n_bytes_array_containers + statistics.n_bytes_bitset_containers +
         statistics.n_bytes_run_containers;
}

namespace {

void WriteChunk(std::span<const Slot> slots, ByteWriter& out) {
  out.Put(static_cast<std::uint16_t>(slots.front() >> 16));
  out.Put(static_cast<std::uint16_t>(slots.size() - 1));
  if (slots.size() <= kChunkListMax) {
    for (const Slot slot : slots) out.Put(static_cast<std::uint16_t>(slot & 0xffff));
    return;
  }
  std::vector<std::uint64_t> bits(kChunkWords);
  for (const Slot slot : slots) bits[(slot & 0xffff) / 64] |= std::uint64_t{1} << (slot % 64);
  out.PutArray(std::span<const std::uint64_t>(bits));
}

// The low halves of a chunk's slots.  Errors: kCorruption.
Result<std::vector<std::uint16_t>> ReadChunk(std::size_t count, ByteReader& in) {
  const auto corrupt = [](const std::string& what) {
    return Error{ErrorCode::kCorruption, "set of slots: " + what};
  };
  if (count <= kChunkListMax) {
    std::vector<std::uint16_t> lows = TRY(in.GetArray<std::uint16_t>(count));
    if (std::adjacent_find(lows.begin(), lows.end(), std::greater_equal<>()) != lows.end()) {
      return corrupt("expected ascending slots");
    }
    return lows;
  }
  const std::vector<std::uint64_t> bits = TRY(in.GetArray<std::uint64_t>(kChunkWords));
  std::vector<std::uint16_t> lows;
  lows.reserve(count);
  for (std::size_t word = 0; word < bits.size(); ++word) {
    for (std::uint64_t left = bits[word]; left != 0; left &= left - 1) {
      lows.push_back(static_cast<std::uint16_t>(word * 64 + std::countr_zero(left)));
    }
  }
  if (lows.size() == count) return lows;
  return corrupt("expected " + std::to_string(count) + " slots in a chunk, found " +
                 std::to_string(lows.size()));
}

}  // namespace

void SlotSet::Serialize(ByteWriter& out) const {
  const std::vector<Slot> slots = ToVector();
  const auto same_chunk_end = [&](std::size_t begin) {
    return static_cast<std::size_t>(
        std::partition_point(slots.begin() + static_cast<std::ptrdiff_t>(begin), slots.end(),
                             [&](Slot slot) { return slot >> 16 == slots[begin] >> 16; }) -
        slots.begin());
  };
  std::uint32_t chunks = 0;
  for (std::size_t at = 0; at < slots.size(); at = same_chunk_end(at)) ++chunks;
  out.Put(chunks);
  for (std::size_t at = 0; at < slots.size();) {
    const std::size_t end = same_chunk_end(at);
    WriteChunk(std::span(slots).subspan(at, end - at), out);
    at = end;
  }
}

Result<SlotSet> SlotSet::Deserialize(ByteReader& in) {
  const auto chunks = TRY(in.Get<std::uint32_t>());
  SlotSet set;
  std::vector<Slot> slots;
  std::int64_t previous = -1;
  for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) {
    const auto high = TRY(in.Get<std::uint16_t>());
    const auto last = TRY(in.Get<std::uint16_t>());
    if (high <= previous) {
      return Error{ErrorCode::kCorruption, "set of slots: expected ascending chunks"};
    }
    previous = high;
    const std::vector<std::uint16_t> lows = TRY(ReadChunk(std::size_t{last} + 1, in));
    slots.clear();
    for (const std::uint16_t low : lows) slots.push_back((Slot{high} << 16) | low);
    roaring_bitmap_add_many(&set.Mutable().bitmap, slots.size(), slots.data());
  }
  return set;
}

}  // namespace kith
