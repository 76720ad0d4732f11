// Snapshots of a data directory.
//
// Taking one: a checkpoint of the catalog (hard links, so it costs little and waits for no writer)
// in staging/, copied into one file.  Restoring one: its files into a folder in staging/, which is
// then taken in as a created collection is, or exchanged with the one it replaces.
#include <fcntl.h>
#include <linux/fs.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <utility>

#include "core/file.h"
#include "core/system_call.h"
#include "engine/collection/data_directory_state.h"
#include "engine/collection/snapshot_file.h"
#include "storage/catalog.h"

namespace kith {
namespace {

constexpr std::string_view kSuffix = ".snapshot";
constexpr std::size_t kNameBytesKept = 128;  // of the collection's: a file name has at most 255
constexpr int kSnapshotsOfOneSecondMax = 1000;

// "NAME-2024-01-31-23-59-59".
std::string SnapshotStem(const std::string& collection, std::time_t time) {
  std::size_t bytes = std::min(collection.size(), kNameBytesKept);
  while (bytes < collection.size() && (collection[bytes] & 0xc0) == 0x80) --bytes;
  std::tm utc{};
  gmtime_r(&time, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "-%Y-%m-%d-%H-%M-%S", &utc);
  return collection.substr(0, bytes) + text.data();
}

// A folder that is gone with the object.
class StagedFolder {
 public:
  explicit StagedFolder(std::string path) : path_(std::move(path)) {}
  ~StagedFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  StagedFolder(const StagedFolder&) = delete;
  StagedFolder& operator=(const StagedFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

Result<SnapshotEntry> EntryOf(const std::string& path) {
  const SnapshotReader reader = TRY(SnapshotReader::Open(path));
  const std::string name = path.substr(path.rfind('/') + 1);
  return SnapshotEntry{name, path, reader.bytes(), reader.meta().created_unix_s};
}

}  // namespace

Result<SnapshotEntry> DataDirectory::Impl::CreateSnapshot(const std::string& name,
                                                          const Cancellation& cancellation,
                                                          Progress& progress) {
  const std::shared_ptr<Collection> collection = TRY(Get(name));
  const std::string owner = Resolve(name).value_or(name);
  const std::string folder = path_ + "/snapshots/" + owner;
  std::error_code error;
  std::filesystem::create_directory(folder, error);
  if (error) return SystemError(error.value(), "cannot create " + folder);
  TRY(SyncFolder(path_ + "/snapshots"));
  const std::time_t time = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  const std::string stem = SnapshotStem(owner, time);
  const StagedFolder staged(TemporaryName(tenants_->StagingPath() + "/snapshot"));
  std::filesystem::create_directory(staged.path(), error);
  if (error) return SystemError(error.value(), "cannot create " + staged.path());
  TRY(collection->Checkpoint(staged.path() + "/store"));
  SnapshotWriteParams params;
  params.meta = {.collection = owner,
                 .created_unix_s = static_cast<std::uint64_t>(time),
                 .points = collection->info().points};
  params.folder = staged.path();
  for (int i = 1;; ++i) {
    const std::string number = i == 1 ? "" : "-" + std::to_string(i);
    params.output = folder + "/" + stem + number + std::string(kSuffix);
    const Result<SnapshotTotals> written = WriteSnapshot(params, cancellation, progress);
    if (written.ok()) return EntryOf(params.output);
    if (written.error().code != ErrorCode::kAlreadyExists || i == kSnapshotsOfOneSecondMax) {
      return written.error();
    }
  }
}

Result<std::vector<SnapshotEntry>> DataDirectory::Impl::Snapshots(const std::string& name) const {
  TRY(ValidateCollectionName(name));
  const std::string folder = path_ + "/snapshots/" + Resolve(name).value_or(name);
  std::vector<SnapshotEntry> list;
  std::error_code error;
  for (std::filesystem::directory_iterator i(folder, error), end; !error && i != end;
       i.increment(error)) {
    const std::string path = i->path();
    if (!path.ends_with(kSuffix)) continue;
    Result<SnapshotEntry> entry = EntryOf(path);
    if (entry.ok()) {
      list.push_back(std::move(entry).value());
    } else {
      // Listed all the same, so that it can be deleted.
      std::error_code ignored;
      const auto bytes = i->file_size(ignored);
      list.push_back({i->path().filename(), path, ignored ? 0 : bytes, 0});
    }
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return SystemError(error.value(), "cannot read " + folder);
  }
  std::ranges::sort(list, {}, &SnapshotEntry::name);
  return list;
}

Result<SnapshotEntry> DataDirectory::Impl::FindSnapshot(const std::string& name,
                                                        const std::string& snapshot) const {
  const std::vector<SnapshotEntry> list = TRY(Snapshots(name));
  const auto found = std::ranges::find(list, snapshot, &SnapshotEntry::name);
  if (found != list.end()) return *found;
  return Error{ErrorCode::kNotFound,
               "collection '" + name + "' has no snapshot '" + snapshot.substr(0, 300) + "'"};
}

Result<bool> DataDirectory::Impl::DeleteSnapshot(const std::string& name,
                                                 const std::string& snapshot) {
  const Result<SnapshotEntry> found = FindSnapshot(name, snapshot);
  if (!found.ok()) {
    if (found.error().code == ErrorCode::kNotFound) return false;
    return found.error();
  }
  std::error_code error;
  const bool removed = std::filesystem::remove(found.value().path, error);
  if (error) return SystemError(error.value(), "cannot remove " + found.value().path);
  TRY(SyncFolder(FolderOf(found.value().path)));
  return removed;
}

Result<std::shared_ptr<Collection>> DataDirectory::Impl::Restore(const RestoreParams& params,
                                                                 const Cancellation& cancellation,
                                                                 Progress& progress) {
  const std::string& name = params.name;
  TRY(ValidateCollectionName(name));
  const SnapshotReader reader = TRY(SnapshotReader::Open(params.file));
  const Claim claim(*this, name);
  bool replaces = false;
  if (params.if_exists == OutputFile::IfExists::kReplace) {
    const std::shared_lock lock(mutex_);
    replaces = entries_.count(name) > 0;
  }
  if (!replaces) TRY(CheckFree(name));
  const StagedFolder staged(TemporaryName(tenants_->StagingPath() + "/restored"));
  std::error_code error;
  std::filesystem::create_directories(staged.path() + "/segments", error);
  if (error) return SystemError(error.value(), "cannot create " + staged.path());
  TRY(reader.Extract(staged.path(), cancellation, progress));
  {
    // What the checksums cannot say: that it holds the store of a collection.
    CatalogParams catalog_params;
    catalog_params.memory_bytes = params_.collection.catalog_memory_bytes;
    const Catalog catalog = TRY(Catalog::Open(staged.path() + "/store", catalog_params));
    const std::optional<std::string> config = TRY(catalog.GetMeta("config"));
    if (!config) {
      return Error{ErrorCode::kCorruption, params.file + ": the snapshot holds no collection"};
    }
  }
  TRY(SyncFolder(staged.path()));
  return replaces ? Exchange(name, staged.path()) : TakeIn(name, staged.path());
}

Result<std::shared_ptr<Collection>> DataDirectory::Impl::Exchange(const std::string& name,
                                                                  const std::string& staged) {
  // Nobody gets at it from here on; who has it may finish.
  const std::weak_ptr<Collection> older = TakeOut(name)->collection;
  {
    const std::unique_lock lock(mutex_);
    entries_[name] = {};
  }
  if (!tenants_->WaitUntilFree(name, params_.delete_wait_seconds)) {
    const std::unique_lock lock(mutex_);
    entries_[name].collection = older.lock();
    return Error{ErrorCode::kResourceExhausted,
                 "collection '" + name + "' is in use and was not replaced: try again later"};
  }
  const std::string path = tenants_->CollectionPath(name);
  if (renameat2(AT_FDCWD, staged.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE) != 0) {
    return SystemError(errno, "cannot exchange " + staged + " and " + path);
  }
  TRY(SyncFolder(FolderOf(path)));
  TRY(SyncFolder(FolderOf(staged)));
  return OpenEntry(name);
}

}  // namespace kith
