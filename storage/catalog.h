// The durable store of a collection: points, their payloads and vectors, and what changed when.
// A wall around RocksDB; the folder is read and written through this class alone.
//
// A point has a slot, a 32-bit number that the caller chooses; payload and vectors belong to the
// slot.  Changes arrive in batches.  A batch is committed whole or not at all and gets a sequence
// number: 1, 2, 3, ... without gaps, across reopening too, in the order in which batches take
// effect.  Each number is kept with the slots its batch touched until TrimChanges, so that whoever
// keeps structures beside the catalog (an index) can catch up after a crash.
//
//   folder  := "CATALOG" "rocksdb/"
//   CATALOG := magic: "KITHCAT\0" version: u32 = 1 crc: u32    crc32c of the 12 bytes before
//   rocksdb := a RocksDB database; keys and values in storage/catalog_records.h
//
// Threads: every function may be called from any thread at any time.  Commits of several threads
// are written together (the first to come writes for those who wait); no lock is held while the
// disk is read or written.
//
// Errors of every function, beside those it names: kIoError (the system call failed; a full disk
// says "No space left on device") and kCorruption (bytes are not what was written; names file, or
// column family and key).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancellation.h"
#include "core/point_id.h"
#include "core/progress.h"
#include "core/result.h"
#include "storage/catalog_batch.h"
#include "storage/catalog_records.h"

namespace kith {

class CatalogCommitter;
class CatalogDatabase;

inline constexpr std::uint32_t kCatalogVersion = 1;
inline constexpr std::uint64_t kCatalogMemoryBytesMin = std::uint64_t{8} << 20;
inline constexpr int kCatalogBackgroundThreadsMin = 2, kCatalogBackgroundThreadsMax = 64;

struct CatalogParams {
  // Cache of blocks read, their indexes and filters, and changes not yet in sorted files:
  // together.  A quarter is for the changes.
  std::uint64_t memory_bytes = std::uint64_t{256} << 20;
  int background_threads = 2;  // at least one flushes, one compacts; shared in the process
  bool create_if_missing = false;
  // Changes nothing in the folder and takes no lock: sees the state of the moment of opening.  Not
  // beside a process that writes: files that it replaces look like damage (kCorruption).
  bool read_only = false;
};

enum class Durability {
  kSync,  // on disk when Commit returns: survives loss of power
  kLog,   // with the operating system: survives the end of the process
};

// Where a pass over slots begins, and who may stop it (kCancelled).
struct CatalogScan {
  std::uint32_t first_slot = 0;
  const Cancellation* cancellation = &Cancellation::Never();  // borrowed
};

struct CatalogStats {
  std::uint64_t disk_bytes = 0;          // sorted files and logs
  std::uint64_t block_cache_bytes = 0;   // memory: blocks, their indexes and filters
  std::uint64_t memtable_bytes = 0;      // changes not yet in sorted files
  std::uint64_t table_reader_bytes = 0;  // what open files hold outside the cache
  std::uint64_t pending_compaction_bytes = 0;
  std::uint64_t points = 0, payloads = 0, vectors = 0, changes = 0;  // estimates of rows
  std::uint64_t last_sequence = 0;
};

class Catalog {
 public:
  // A folder that does not exist, or is empty, is made where create_if_missing says so, whole or
  // not at all.  Errors: kNotFound (no such folder, and not to be made), kAlreadyExists (in use by
  // another process, or open in this one), kCorruption (not a catalog, or a damaged one),
  // kUnsupported (written by a newer kith), kInvalidArgument (params out of range).
  // Takes time in proportion to the logs and to the changes that are not trimmed.
  static Result<Catalog> Open(const std::string& path, const CatalogParams& params);
  ~Catalog();  // kLog commits are synced, errors only logged: call Sync to know
  Catalog(Catalog&& other) noexcept;
  Catalog& operator=(Catalog&& other) noexcept;

  const std::string& path() const;

  // --- Changes ---

  // Returns the batch's sequence number.  Errors: those of CatalogBatch::CheckLimits and
  // kInvalidArgument (opened read-only), which change nothing.  After any other error the batch
  // has no effect that can be read, and further commits are refused (kIoError, naming the first
  // error) until Resume; reading goes on.
  Result<std::uint64_t> Commit(const CatalogBatch& batch, Durability durability);
  // Several batches in one write, all or none; each gets its own sequence number.  Returns the
  // first, the others follow.  Errors as Commit.  REQUIRES: at least one; no null.
  Result<std::uint64_t> CommitGroup(std::span<const CatalogBatch* const> batches,
                                    Durability durability);
  // Number of the last batch committed; 0 when there was none.
  std::uint64_t last_sequence() const;
  // Whatever was committed before is on disk when it returns.
  Status Sync();
  // After a failed commit: opens the database anew, as after a crash, and allows further commits.
  // The failed batches may turn out to be committed, all of the failed call or none:
  // last_sequence() and ForEachChange tell.  Waits for calls that read, so not to be called from
  // their callbacks; calls that come meanwhile wait.  On error commits stay refused and reading
  // goes on; to be called again.
  Status Resume();

  // --- Reading: a missing row is nullopt, not an error ---

  Result<std::optional<CatalogPoint>> GetPoint(std::uint32_t slot) const;
  Result<std::optional<std::uint32_t>> FindId(const PointId& id) const;
  Result<std::optional<std::string>> GetPayload(std::uint32_t slot) const;
  Result<std::optional<std::string>> GetVector(VectorKey where) const;
  Result<std::optional<std::string>> GetMeta(std::string_view name) const;
  // result[i] belongs to slots[i]; any order, repetitions allowed.
  Result<std::vector<std::optional<std::string>>> GetPayloads(
      std::span<const std::uint32_t> slots) const;
  Result<std::vector<std::optional<std::string>>> GetVectors(
      std::uint16_t field, std::span<const std::uint32_t> slots) const;

  struct IdSlot {
    PointId id;
    std::uint32_t slot;
  };
  // At most `limit` points with ids from `from` on, ascending.
  Result<std::vector<IdSlot>> ListIds(const PointId& from, std::size_t limit) const;

  // Passes over all rows from scan.first_slot on, slots ascending, of the state at the time of the
  // call; read ahead, past the cache.  The callback's error ends the pass and is returned.  Views
  // last until the callback returns.  REQUIRES: callbacks read the catalog at most: one that
  // commits may wait behind a Resume that waits for the pass.
  using PointCallback = std::function<Status(std::uint32_t slot, const CatalogPoint& point)>;
  using BytesCallback = std::function<Status(std::uint32_t slot, std::string_view bytes)>;
  Status ForEachPoint(const CatalogScan& scan, const PointCallback& callback) const;
  Status ForEachPayload(const CatalogScan& scan, const BytesCallback& callback) const;
  Status ForEachVector(std::uint16_t field, const CatalogScan& scan,
                       const BytesCallback& callback) const;

  // The batches after sequence number `after`, ascending, with the slots each touched.  Errors:
  // kInvalidArgument when some of them were trimmed, kCorruption when one is missing.
  using ChangeCallback =
      std::function<Status(std::uint64_t sequence, std::span<const std::uint32_t> slots)>;
  Status ForEachChange(std::uint64_t after, const ChangeCallback& callback) const;
  // Forgets which slots the batches up to `up_to` touched, for good; numbers go on.  Batches up to
  // last_sequence() at most; nothing when trimmed before.  Durable as kLog.  Errors as Commit.
  Status TrimChanges(std::uint64_t up_to);
  std::uint64_t trimmed_sequence() const;

  // --- The folder ---
  // After a failed commit Checkpoint, Flush and Compact are refused, too.

  // A copy of this moment's state in the new folder `path`, which appears whole or not at all;
  // sorted files are hard links where the file system allows.  Errors: kAlreadyExists.
  Status Checkpoint(const std::string& path) const;
  // Reads every byte and compares all checksums, then rows with each other: points and ids belong
  // together one to one, payloads and vectors to points, changes follow without gaps.  Errors:
  // kCorruption for the first fault, with family, key, expected and found; kCancelled.
  Status Verify(const Cancellation& cancellation, Progress& progress) const;
  // Writes changes held in memory to sorted files; their logs are deleted.
  Status Flush();
  // The same, then rewrites all files without deleted and overwritten rows.
  Status Compact();
  CatalogStats stats() const;

 private:
  Catalog(std::unique_ptr<CatalogDatabase> database, std::unique_ptr<CatalogCommitter> committer);
  std::unique_ptr<CatalogDatabase> database_;
  std::unique_ptr<CatalogCommitter> committer_;
};

}  // namespace kith
