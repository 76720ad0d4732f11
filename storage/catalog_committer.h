// Gives batches their sequence numbers and writes them, those of several threads together.
//
// A thread that commits puts its batches into a queue.  The first in the queue is the writer: it
// takes what has gathered, writes it as one RocksDB batch, tells the others and leaves.  The mutex
// guards the queue only; while the writer writes, others queue up.  Numbers follow the order of
// the queue, and are used only when the write has succeeded, so that they have no gaps.
// Thread-safe.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "core/result.h"
#include "storage/catalog.h"

namespace kith {

class CatalogCommitter {
 public:
  // Borrows `database`.
  static Result<std::unique_ptr<CatalogCommitter>> Create(CatalogDatabase* database);

  ~CatalogCommitter();  // syncs the log; an error is logged

  // See Catalog.
  Result<std::uint64_t> Commit(std::span<const CatalogBatch* const> batches, Durability durability);
  Status TrimChanges(std::uint64_t up_to);
  Status Resume();
  Status Sync();
  // The error of a failed write that is not resumed; kInvalidArgument when opened read-only.
  Status CheckAllowed() const;
  std::uint64_t last_sequence() const { return last_sequence_.load(); }
  std::uint64_t trimmed_sequence() const { return trimmed_sequence_.load(); }

 private:
  enum class Kind { kCommit, kTrim, kSync, kResume };
  // One call that waits for its turn.
  struct Request {
    Kind kind = Kind::kCommit;
    std::span<const CatalogBatch* const> batches = {};  // of kCommit
    std::uint64_t trim_up_to = 0;                       // of kTrim
    Durability durability = Durability::kLog;
    std::size_t bytes = 0;
    std::uint64_t first_sequence = 0;  // the result of kCommit
    bool done = false;
    Status status = {};
  };
  class Writing;

  explicit CatalogCommitter(CatalogDatabase* database) : database_(database) {}
  Status ReadNumbers();
  Status Run(Request& request);
  std::vector<Request*> Group() const;
  Status Perform(std::span<Request* const> group);
  Status Write(std::span<Request* const> group);

  CatalogDatabase* database_;
  mutable std::mutex queue_mutex_;  // guards queue_, failure_ and every queued Request's done
  std::condition_variable turn_;
  std::deque<Request*> queue_;
  std::optional<Error> failure_;  // of a write: further ones are refused
  std::atomic<std::uint64_t> last_sequence_{0}, trimmed_sequence_{0};
};

}  // namespace kith
