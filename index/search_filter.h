// A filter as the indexes see it: bits.
#pragma once

#include <cstdint>
#include <span>

namespace kith {

// Which positions of an index may be answers.  A position is where a vector stands inside the
// index, 0 to rows - 1; VectorIndex::ids() has its id.  Borrows.
struct SearchFilter {
  const std::uint64_t* deleted = nullptr;  // a bit for each position; null: none is deleted
  const std::uint64_t* allowed = nullptr;  // a bit for each id the index has; null: all
  std::uint64_t matches = 0;               // positions that pass both, or an estimate
  // Those positions, where the caller has them: a scan of few is then cheap.  Deleted ones among
  // them are skipped.
  std::span<const std::uint32_t> positions = {};
};

// The test itself.  Borrows the filter and the ids (null: the position is the id).
class AcceptPosition {
 public:
  AcceptPosition(const SearchFilter& filter, const std::uint32_t* ids)
      : deleted_(filter.deleted), allowed_(filter.allowed), ids_(ids) {}
  bool operator()(std::uint32_t position) const {
    if (deleted_ != nullptr && Bit(deleted_, position)) return false;
    return allowed_ == nullptr || Bit(allowed_, ids_ == nullptr ? position : ids_[position]);
  }

 private:
  static bool Bit(const std::uint64_t* bits, std::uint32_t i) {
    return ((bits[i / 64] >> (i % 64)) & 1) != 0;
  }
  const std::uint64_t* deleted_;
  const std::uint64_t* allowed_;
  const std::uint32_t* ids_;
};

}  // namespace kith
