// The RocksDB database of a catalog: opened, closed, and its errors in our words.  For the files of
// the catalog alone, which include RocksDB themselves for what they do with it.
//
// RocksDatabase is one opening; CatalogDatabase hands the present one to readers and replaces it
// when the catalog resumes after a failed write.  Thread-safe.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "storage/catalog.h"

namespace rocksdb {
class Cache;
class ColumnFamilyHandle;
class DB;
class Snapshot;
class Status;
class WriteBufferManager;
}  // namespace rocksdb

namespace kith {

// Column families, storage/catalog_records.h.  kDefault holds meta values.
enum class Family : std::uint8_t { kDefault, kPoints, kIds, kPayloads, kVectors, kChanges };
inline constexpr std::array<const char*, 6> kFamilyNames = {"default",  "points",  "ids",
                                                            "payloads", "vectors", "changes"};

inline const char* NameOf(Family family) { return kFamilyNames[static_cast<std::size_t>(family)]; }

class RocksDatabase {
 public:
  enum class Mode { kCreate, kReadWrite, kReadOnly };
  // `folder`: that of RocksDB.  Errors as Catalog::Open.
  static Result<std::unique_ptr<RocksDatabase>> Open(const std::string& folder,
                                                     const CatalogParams& params, Mode mode);
  ~RocksDatabase();  // does not sync the log; an error is logged
  RocksDatabase(const RocksDatabase&) = delete;
  RocksDatabase& operator=(const RocksDatabase&) = delete;

  rocksdb::DB& db() const { return *db_; }
  const rocksdb::Cache& cache() const { return *cache_; }
  rocksdb::ColumnFamilyHandle* family(Family family) const {
    return families_[static_cast<std::size_t>(family)];
  }
  const std::array<rocksdb::ColumnFamilyHandle*, kFamilyNames.size()>& families() const {
    return families_;
  }

  // The value of a row, or nullopt; of the present state when there is no snapshot.
  Result<std::optional<std::string>> Get(Family in, std::string_view key,
                                         const rocksdb::Snapshot* snapshot = nullptr) const;

  // The error for a failed call; `what` opens the message ("catalog /data/x: commit").
  Error ErrorOf(const rocksdb::Status& status, std::string_view what) const;
  // kCorruption of a row: "<folder>: family points, key 0x00000007: <message>".
  Error RowError(Family in, std::string_view key, const std::string& message) const;
  // `parsed`, its error with the name of the row it was parsed from.
  template <typename T>
  Result<T> Named(Family in, std::string_view key, Result<T> parsed) const {
    if (parsed.ok()) return parsed;
    return RowError(in, key, parsed.error().message);
  }
  // The error for a row that RocksDB could not read.
  Error RowError(Family in, std::string_view key, const rocksdb::Status& status) const;

 private:
  RocksDatabase() = default;
  std::string folder_;
  bool read_only_ = false;
  std::shared_ptr<rocksdb::Cache> cache_;
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilyNames.size()> families_ = {};
};

class CatalogDatabase {
 public:
  // `path`: that of the catalog; `database` its folder "rocksdb", opened.
  CatalogDatabase(std::string path, CatalogParams params, std::unique_ptr<RocksDatabase> database);

  const std::string& path() const { return path_; }
  const CatalogParams& params() const { return params_; }
  // kInvalidArgument when opened read-only.
  Status CheckWritable() const;

  // The present opening; keep it no longer than one call of the catalog.
  Result<std::shared_ptr<RocksDatabase>> Get() const;
  // Closes the database and opens it again, as a process does that ended and came back.  Waits
  // until no reader holds it (kResourceExhausted after a minute); readers that come meanwhile wait.
  // When it cannot be opened for writing, it is opened for reading and the error returned.
  // REQUIRES: one thread at a time.
  Status Reopen();

 private:
  Status TakeFromReaders();

  const std::string path_;
  const CatalogParams params_;
  mutable std::mutex present_mutex_;  // guards what follows
  mutable std::condition_variable reopened_;
  std::shared_ptr<RocksDatabase> present_;
  bool reopening_ = false;
  Status failure_;  // why there is no database, or only one for reading
};

// Runs `function`; what it throws becomes the error.  Around everything that RocksDB runs.
template <typename Function>
auto CatchAtWall(const std::string& path, Function function) -> decltype(function()) {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::kResourceExhausted, path + ": no memory"};
  } catch (const std::exception& exception) {
    return Error{ErrorCode::kIoError, path + ": " + exception.what()};
  }
}

// Folder of the RocksDB database in a catalog's folder.
std::string RocksFolder(const std::string& path);

}  // namespace kith
