#include "storage/catalog_database.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <filesystem>
#include <thread>

#include "core/log.h"
#include "storage/catalog_log.h"
#include "storage/catalog_options.h"

namespace kith {
namespace {

ErrorCode CodeOf(const rocksdb::Status& status) {
  switch (status.code()) {
    case rocksdb::Status::kCorruption:
      return ErrorCode::kCorruption;
    case rocksdb::Status::kNotSupported:
      return ErrorCode::kUnsupported;
    case rocksdb::Status::kMemoryLimit:
      return ErrorCode::kResourceExhausted;
    default:
      return ErrorCode::kIoError;
  }
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

Error OpenError(const rocksdb::Status& status, const std::string& folder) {
  const std::string text = status.ToString();
  if (Contains(text, "lock hold by current process")) {
    return Error{ErrorCode::kAlreadyExists, folder + ": is open already in this process"};
  }
  if (Contains(text, "While lock file") && Contains(text, "Resource temporarily unavailable")) {
    return Error{ErrorCode::kAlreadyExists, folder + ": is in use by another process"};
  }
  // A file that is named in the database but missing, or shorter, is damage, not bad luck.
  const bool missing = status.IsPathNotFound() || status.IsNotFound() || status.IsInvalidArgument();
  return Error{missing ? ErrorCode::kCorruption : CodeOf(status), folder + ": opening: " + text};
}

constexpr auto kReadersWait = std::chrono::seconds(60);
constexpr auto kPollInterval = std::chrono::milliseconds(1);

// Whether what opening writes has room: a sorted copy of what the logs hold, and small files. Asked
// before the database is closed, for once it is closed it may not come back.
Status CheckSpace(const std::string& folder) {
  std::uint64_t needed = std::uint64_t{1} << 20;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".log") needed += entry.file_size(error);
  }
  const std::filesystem::space_info space = std::filesystem::space(folder, error);
  if (error) return Error{ErrorCode::kIoError, folder + ": " + error.message()};
  if (space.available >= needed) return {};
  return Error{ErrorCode::kIoError, folder + ": No space left on device: expected " +
                                        std::to_string(needed) + " bytes to resume, found " +
                                        std::to_string(space.available)};
}

std::string RowName(Family in, std::string_view key) {
  return std::string("family ") + NameOf(in) + ", key " + ShowBytes(key);
}

}  // namespace

std::string RocksFolder(const std::string& path) { return path + "/rocksdb"; }

Result<std::unique_ptr<RocksDatabase>> RocksDatabase::Open(const std::string& folder,
                                                           const CatalogParams& params, Mode mode) {
  if (mode != Mode::kCreate) TRY(CheckLogs(folder));
  std::unique_ptr<RocksDatabase> database(new RocksDatabase());
  database->folder_ = folder;
  database->read_only_ = mode == Mode::kReadOnly;
  database->cache_ = NewCatalogCache(params);
  rocksdb::DBOptions options = CatalogDbOptions(params, database->cache_);
  options.create_if_missing = options.create_missing_column_families = mode == Mode::kCreate;
  options.error_if_exists = mode == Mode::kCreate;

  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (std::size_t i = 0; i < kFamilyNames.size(); ++i) {
    families.emplace_back(kFamilyNames[i],
                          CatalogFamilyOptions(Family(i), params, database->cache_));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      mode == Mode::kReadOnly
          ? rocksdb::DB::OpenForReadOnly(options, folder, families, &handles, &db)
          : rocksdb::DB::Open(options, folder, families, &handles, &db);
  if (!status.ok()) return OpenError(status, folder);
  database->db_.reset(db);
  assert(handles.size() == kFamilyNames.size());
  std::copy(handles.begin(), handles.end(), database->families_.begin());
  return database;
}

RocksDatabase::~RocksDatabase() {
  if (db_ == nullptr) return;
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    db_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
  }
  const rocksdb::Status closed = db_->Close();
  if (!closed.ok() && !read_only_) LogWarning(folder_ + ": closing: " + closed.ToString());
}

Result<std::optional<std::string>> RocksDatabase::Get(Family in, std::string_view key,
                                                      const rocksdb::Snapshot* snapshot) const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  std::string value;
  const rocksdb::Status status = db_->Get(options, family(in), key, &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return RowError(in, key, status);
  return std::optional<std::string>(std::move(value));
}

Error RocksDatabase::ErrorOf(const rocksdb::Status& status, std::string_view what) const {
  return Error{CodeOf(status), folder_ + ": " + std::string(what) + ": " + status.ToString()};
}

Error RocksDatabase::RowError(Family in, std::string_view key, const std::string& message) const {
  return Error{ErrorCode::kCorruption, folder_ + ": " + RowName(in, key) + ": " + message};
}

Error RocksDatabase::RowError(Family in, std::string_view key,
                              const rocksdb::Status& status) const {
  return ErrorOf(status, RowName(in, key));
}

CatalogDatabase::CatalogDatabase(std::string path, CatalogParams params,
                                 std::unique_ptr<RocksDatabase> database)
    : path_(std::move(path)), params_(params), present_(std::move(database)) {}

Status CatalogDatabase::CheckWritable() const {
  if (!params_.read_only) return {};
  return Error{ErrorCode::kInvalidArgument, path_ + ": is open for reading only"};
}

Status CatalogDatabase::Reopen() {
  const std::string folder = RocksFolder(path_);
  TRY(CheckSpace(folder));
  TRY(TakeFromReaders());
  Result<std::unique_ptr<RocksDatabase>> opened =
      RocksDatabase::Open(folder, params_, RocksDatabase::Mode::kReadWrite);
  Status status;
  if (!opened.ok()) {
    status = opened.error();
    opened = RocksDatabase::Open(folder, params_, RocksDatabase::Mode::kReadOnly);
  }
  const std::lock_guard lock(present_mutex_);
  failure_ = status;
  if (opened.ok()) present_ = std::move(opened).value();
  reopening_ = false;
  reopened_.notify_all();
  return status;
}

// Closes the database as soon as no reader holds it.  Readers are not turned away while others are
// at work: one that reads from within a pass over rows would wait for itself.
Status CatalogDatabase::TakeFromReaders() {
  const auto deadline = std::chrono::steady_clock::now() + kReadersWait;
  while (std::chrono::steady_clock::now() < deadline) {
    std::shared_ptr<RocksDatabase> taken;  // closed after the mutex is released
    {
      const std::lock_guard lock(present_mutex_);
      if (present_ == nullptr || present_.use_count() == 1) {
        taken = std::move(present_);
        reopening_ = true;
      }
    }
    if (reopening_) return {};
    std::this_thread::sleep_for(kPollInterval);
  }
  return Error{ErrorCode::kResourceExhausted,
               path_ + ": cannot resume while it is read without a pause: try again later"};
}

Result<std::shared_ptr<RocksDatabase>> CatalogDatabase::Get() const {
  std::unique_lock lock(present_mutex_);
  reopened_.wait(lock, [&] { return !reopening_; });
  if (present_ == nullptr) return failure_.error();
  return present_;
}

}  // namespace kith
