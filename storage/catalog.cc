// Opening, point reads and care of the folder.  Passes over rows are in catalog_scan.cc, Verify in
// catalog_verify.cc; what is written goes through catalog_committer.cc.
#include "storage/catalog.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/utilities/checkpoint.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "core/bytes.h"
#include "core/crc32c.h"
#include "core/file.h"
#include "core/system_call.h"
#include "storage/catalog_committer.h"
#include "storage/catalog_database.h"

namespace kith {
namespace {

using Values = std::vector<std::optional<std::string>>;

constexpr std::string_view kMagic("KITHCAT\0", 8);
constexpr std::size_t kMarkerBytes = 16;

std::string MarkerPath(const std::string& path) { return path + "/CATALOG"; }

Status WriteMarker(const std::string& path) {
  ByteWriter bytes;
  bytes.PutArray(std::span<const char>(kMagic));
  bytes.Put(kCatalogVersion);
  bytes.Put(Crc32c(bytes.bytes()));
  OutputFile file = TRY(OutputFile::Create(MarkerPath(path), OutputFile::IfExists::kRefuse));
  TRY(file.Append(bytes.bytes()));
  return file.Commit();
}

// Before RocksDB looks at the folder: it must not touch one of somebody else, or of a later kith.
Status CheckMarker(const std::string& path) {
  const auto wrong = [&](ErrorCode code, const std::string& message) {
    return Error{code, MarkerPath(path) + ": " + message};
  };
  const Result<File> file = File::Open(MarkerPath(path));
  if (!file.ok() && file.error().code == ErrorCode::kNotFound) {
    return Error{ErrorCode::kCorruption, path + ": expected a catalog, found no file CATALOG"};
  }
  if (!file.ok()) return file.error();
  std::array<char, kMarkerBytes> bytes;
  if (file.value().bytes() < bytes.size()) {
    return wrong(ErrorCode::kCorruption,
                 "expected 16 bytes, found " + std::to_string(file.value().bytes()));
  }
  TRY(file.value().ReadAt(0, std::as_writable_bytes(std::span(bytes))));
  std::uint32_t version = 0, crc = 0;
  std::memcpy(&version, bytes.data() + 8, sizeof(version));
  std::memcpy(&crc, bytes.data() + 12, sizeof(crc));
  if (std::string_view(bytes.data(), kMagic.size()) != kMagic) {
    return wrong(ErrorCode::kCorruption, "is not the file CATALOG of a catalog");
  }
  if (crc != Crc32c(std::as_bytes(std::span(bytes)).first(12))) {
    return wrong(ErrorCode::kCorruption, "checksum mismatch at offset 12");
  }
  if (version > kCatalogVersion) {
    return wrong(ErrorCode::kUnsupported, "written by a newer kith (version " +
                                              std::to_string(version) + ", this one knows " +
                                              std::to_string(kCatalogVersion) + ")");
  }
  if (version != kCatalogVersion) return wrong(ErrorCode::kCorruption, "version 0");
  return {};
}

Status CheckParams(const CatalogParams& params) {
  if (params.memory_bytes < kCatalogMemoryBytesMin) {
    return Error{ErrorCode::kInvalidArgument,
                 "catalog memory: expected at least " + std::to_string(kCatalogMemoryBytesMin) +
                     " bytes, found " + std::to_string(params.memory_bytes)};
  }
  if (params.background_threads < kCatalogBackgroundThreadsMin ||
      params.background_threads > kCatalogBackgroundThreadsMax) {
    return Error{ErrorCode::kInvalidArgument,
                 "catalog background threads: expected " +
                     std::to_string(kCatalogBackgroundThreadsMin) + " to " +
                     std::to_string(kCatalogBackgroundThreadsMax) + ", found " +
                     std::to_string(params.background_threads)};
  }
  return {};
}

// Made beside its place and moved there: a crash leaves no half-made catalog.
Status Create(const std::string& path, const CatalogParams& params) {
  OutputDirectory folder = TRY(OutputDirectory::Create(path, OutputFile::IfExists::kRefuse));
  std::error_code error;
  std::filesystem::create_directory(RocksFolder(folder.path()), error);
  if (error) return Error{ErrorCode::kIoError, folder.path() + ": " + error.message()};
  {
    const std::unique_ptr<RocksDatabase> made =
        TRY(RocksDatabase::Open(RocksFolder(folder.path()), params, RocksDatabase::Mode::kCreate));
  }
  TRY(WriteMarker(folder.path()));
  return folder.Commit();
}

// Whether there is nothing at `path`; an empty folder counts as nothing and is removed.
Result<bool> IsFree(const std::string& path, bool create_if_missing) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) return true;
  if (error) return Error{ErrorCode::kIoError, path + ": " + error.message()};
  if (!std::filesystem::is_directory(status)) {
    return Error{ErrorCode::kCorruption, path + ": expected the folder of a catalog, found a file"};
  }
  const bool empty = std::filesystem::is_empty(path, error);
  if (error) return Error{ErrorCode::kIoError, path + ": " + error.message()};
  // Not with std::filesystem, which would remove a link to the folder instead.
  if (empty && create_if_missing && rmdir(path.c_str()) != 0) return SystemError(errno, path);
  return empty;
}

}  // namespace

Catalog::Catalog(std::unique_ptr<CatalogDatabase> database,
                 std::unique_ptr<CatalogCommitter> committer)
    : database_(std::move(database)), committer_(std::move(committer)) {}
Catalog::~Catalog() = default;
Catalog::Catalog(Catalog&& other) noexcept = default;
Catalog& Catalog::operator=(Catalog&& other) noexcept {
  committer_ = std::move(other.committer_);  // first: the old one still uses the old database
  database_ = std::move(other.database_);
  return *this;
}

Result<Catalog> Catalog::Open(const std::string& path, const CatalogParams& params) {
  return CatchAtWall(path, [&]() -> Result<Catalog> {
    TRY(CheckParams(params));
    const bool create = params.create_if_missing && !params.read_only;
    const bool is_free = TRY(IsFree(path, create));
    if (is_free && !create) {
      return Error{ErrorCode::kNotFound, path + ": expected a catalog, found nothing"};
    }
    if (is_free) TRY(Create(path, params));
    TRY(CheckMarker(path));
    std::unique_ptr<RocksDatabase> rocks = TRY(RocksDatabase::Open(
        RocksFolder(path), params,
        params.read_only ? RocksDatabase::Mode::kReadOnly : RocksDatabase::Mode::kReadWrite));
    auto database = std::make_unique<CatalogDatabase>(path, params, std::move(rocks));
    std::unique_ptr<CatalogCommitter> committer = TRY(CatalogCommitter::Create(database.get()));
    return Catalog(std::move(database), std::move(committer));
  });
}

const std::string& Catalog::path() const { return database_->path(); }

Result<std::uint64_t> Catalog::Commit(const CatalogBatch& batch, Durability durability) {
  const CatalogBatch* batches[] = {&batch};
  return committer_->Commit(batches, durability);
}
Result<std::uint64_t> Catalog::CommitGroup(std::span<const CatalogBatch* const> batches,
                                           Durability durability) {
  return committer_->Commit(batches, durability);
}
std::uint64_t Catalog::last_sequence() const { return committer_->last_sequence(); }
std::uint64_t Catalog::trimmed_sequence() const { return committer_->trimmed_sequence(); }
Status Catalog::TrimChanges(std::uint64_t up_to) { return committer_->TrimChanges(up_to); }
Status Catalog::Sync() { return committer_->Sync(); }
Status Catalog::Resume() { return committer_->Resume(); }

Status Catalog::Checkpoint(const std::string& path) const {
  return CatchAtWall(database_->path(), [&]() -> Status {
    if (!database_->params().read_only) TRY(committer_->CheckAllowed());
    const std::shared_ptr<RocksDatabase> rocks = TRY(database_->Get());
    OutputDirectory folder = TRY(OutputDirectory::Create(path, OutputFile::IfExists::kRefuse));
    rocksdb::Checkpoint* made = nullptr;
    rocksdb::Status status = rocksdb::Checkpoint::Create(&rocks->db(), &made);
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
    if (status.ok()) status = checkpoint->CreateCheckpoint(RocksFolder(folder.path()));
    if (!status.ok()) return rocks->ErrorOf(status, "checkpoint " + path);
    TRY(WriteMarker(folder.path()));
    return folder.Commit();
  });
}

Status Catalog::Flush() {
  return CatchAtWall(database_->path(), [&]() -> Status {
    TRY(committer_->CheckAllowed());
    const std::shared_ptr<RocksDatabase> rocks = TRY(database_->Get());
    const auto& families = rocks->families();
    const rocksdb::Status status =
        rocks->db().Flush(rocksdb::FlushOptions(), {families.begin(), families.end()});
    if (!status.ok()) return rocks->ErrorOf(status, "flush");
    return {};
  });
}

Status Catalog::Compact() {
  TRY(Flush());
  return CatchAtWall(database_->path(), [&]() -> Status {
    const std::shared_ptr<RocksDatabase> rocks = TRY(database_->Get());
    rocksdb::CompactRangeOptions options;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
    for (rocksdb::ColumnFamilyHandle* family : rocks->families()) {
      const rocksdb::Status status = rocks->db().CompactRange(options, family, nullptr, nullptr);
      if (!status.ok()) return rocks->ErrorOf(status, "compaction");
    }
    return {};
  });
}

CatalogStats Catalog::stats() const {
  CatalogStats stats;
  stats.last_sequence = last_sequence();
  const auto rocks = database_->Get();
  if (!rocks.ok()) return stats;
  rocksdb::DB& db = rocks.value()->db();
  using Properties = rocksdb::DB::Properties;
  const auto sum = [&](const std::string& property) {
    std::uint64_t value = 0;
    return db.GetAggregatedIntProperty(property, &value) ? value : 0;
  };
  const auto rows = [&](Family family) {
    std::uint64_t value = 0;
    return db.GetIntProperty(rocks.value()->family(family), Properties::kEstimateNumKeys, &value)
               ? value
               : 0;
  };
  stats.memtable_bytes = sum(Properties::kSizeAllMemTables);
  stats.table_reader_bytes = sum(Properties::kEstimateTableReadersMem);
  stats.pending_compaction_bytes = sum(Properties::kEstimatePendingCompactionBytes);
  stats.block_cache_bytes = rocks.value()->cache().GetUsage();
  stats.points = rows(Family::kPoints);
  stats.payloads = rows(Family::kPayloads);
  stats.vectors = rows(Family::kVectors);
  stats.changes = rows(Family::kChanges);
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(RocksFolder(database_->path()), error)) {
    const std::uint64_t bytes = entry.file_size(error);
    if (!error) stats.disk_bytes += bytes;
  }
  return stats;
}

}  // namespace kith
