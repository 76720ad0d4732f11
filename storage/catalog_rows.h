// A walk over the rows of one family in the order of their keys, reading ahead and past the cache.
// For the files of the catalog alone.  Thread-compatible; a walk sees the state at its creation.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "storage/catalog_database.h"

namespace rocksdb {
class Snapshot;
}  // namespace rocksdb

namespace kith {

// Keys [first, end) of a family; all from `first` on when `end` is empty.
struct RowRange {
  Family family;
  std::string first = {}, end = {};
};

// The state of one moment, for several reads.  Borrows the database.
class HeldSnapshot {
 public:
  explicit HeldSnapshot(const RocksDatabase& rocks);
  ~HeldSnapshot();
  HeldSnapshot(const HeldSnapshot&) = delete;
  HeldSnapshot& operator=(const HeldSnapshot&) = delete;
  const rocksdb::Snapshot* get() const { return snapshot_; }

 private:
  const RocksDatabase& rocks_;
  const rocksdb::Snapshot* snapshot_;
};

class RowWalk {
 public:
  // Borrows `rocks`.  `snapshot`: the state to see instead of the present one; borrowed.
  RowWalk(const RocksDatabase& rocks, RowRange range, const rocksdb::Snapshot* snapshot = nullptr);
  ~RowWalk();
  RowWalk(RowWalk&& other) noexcept;
  RowWalk& operator=(RowWalk&&) = delete;

  // False behind the last row and after an error: ask status().
  bool at_row() const;
  // REQUIRES: at_row().  Views last until the walk moves.
  std::string_view key() const;
  std::string_view value() const;
  void Next();
  // To the first row whose key is not below `key`.  REQUIRES: key is in the range.
  void Seek(std::string_view key);
  // Whether everything could be read.
  Status status() const;
  // kCorruption that names the present row.
  Error RowError(const std::string& message) const;
  // `parsed`, its error with the name of the present row.
  template <typename T>
  Result<T> Named(Result<T> parsed) const {
    if (parsed.ok()) return parsed;
    return RowError(parsed.error().message);
  }

 private:
  class State;
  std::unique_ptr<State> state_;
};

// The batches that are not trimmed, one by one, with the check that none is missing.
class ChangeWalk {
 public:
  static Result<ChangeWalk> Open(const RocksDatabase& rocks, const HeldSnapshot& snapshot);
  std::uint64_t trimmed() const { return trimmed_; }
  // To the batch after `sequence`.  REQUIRES: sequence >= trimmed(), before Next.
  void SkipTo(std::uint64_t sequence);
  // The next batch's number; nullopt behind the last.  kCorruption when it is not one more.
  Result<std::optional<std::uint64_t>> Next();
  // Slots it touched.  REQUIRES: Next gave a number.
  Result<std::vector<std::uint32_t>> Slots() const;

 private:
  ChangeWalk(std::uint64_t trimmed, RowWalk walk);
  std::uint64_t trimmed_, sequence_;
  bool started_ = false;
  RowWalk walk_;
};

}  // namespace kith
