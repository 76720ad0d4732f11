#include "engine/collection/data_directory.h"

#include <cstdio>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <utility>

#include "core/file.h"
#include "core/log.h"
#include "core/system_call.h"
#include "engine/collection/data_directory_state.h"
#include "storage/jsonl.h"

namespace kith {
namespace {

Error NoSuchCollection(const std::string& name) {
  return Error{ErrorCode::kNotFound, "no collection or alias '" + name + "'"};
}

Error NameTaken(const std::string& name, const char* by) {
  return Error{ErrorCode::kAlreadyExists,
               std::string("there is ") + by + " named '" + name + "' already"};
}

// Whether another try may go better: no memory, no descriptors, somebody still in it.
bool MayPass(const Error& error) {
  return error.code != ErrorCode::kCorruption && error.code != ErrorCode::kUnsupported &&
         error.code != ErrorCode::kNotFound;
}

Status MakeFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directory(path, error);
  if (!error) return {};
  return SystemError(error.value(), "cannot create " + path);
}

}  // namespace

Status ValidateCollectionName(std::string_view name) {
  const auto bad = [&](const std::string& why) {
    return Error{ErrorCode::kInvalidArgument,
                 "name '" + std::string(name.substr(0, 300)) + "': " + why};
  };
  if (name.empty()) return bad("expected 1 to 255 bytes, found none");
  if (name.size() > kCollectionNameBytesMax) {
    return bad("expected at most " + std::to_string(kCollectionNameBytesMax) + " bytes, found " +
               std::to_string(name.size()));
  }
  if (name == "." || name == "..") return bad("it means a folder");
  if (!IsValidUtf8(name)) return bad("expected UTF-8");
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return bad("it has a control character");
    if (std::string_view("/\\:*?\"<>|").find(c) != std::string_view::npos) {
      return bad(std::string("it has '") + c + "', one of / \\ : * ? \" < > |");
    }
  }
  return {};
}

Result<std::unique_ptr<DataDirectory::Impl>> DataDirectory::Impl::Open(
    const std::string& path, const DataDirectoryParams& params) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    if (!params.create_if_missing) {
      return Error{ErrorCode::kNotFound, "no data directory " + path};
    }
    TRY(MakeFolder(path));
  } else if (!std::filesystem::is_directory(status)) {
    return Error{ErrorCode::kInvalidArgument,
                 path + ": expected a data directory, found something that is no folder"};
  } else if (!std::filesystem::exists(path + "/LOCK", error) &&
             !std::filesystem::is_empty(path, error)) {
    // Not to scatter collections among the files of somebody who mistyped.
    return Error{ErrorCode::kInvalidArgument,
                 path +
                     ": expected a data directory or an empty folder, found a folder of "
                     "something else (no file LOCK in it)"};
  }
  std::shared_ptr<FolderTenants> tenants = TRY(FolderTenants::Lock(path));
  std::unique_ptr<Impl> impl(new Impl(path, params, std::move(tenants)));
  TRY(impl->MakeFolders());
  TRY(impl->RemoveLeftovers());
  TRY(impl->ListCollections());
  TRY(impl->LoadAliases());
  if (params.open_when == DataDirectoryParams::OpenWhen::kAtOnce) {
    for (const CollectionEntry& entry : impl->List()) {
      const Claim claim(*impl, entry.name);
      if (const auto opened = impl->OpenEntry(entry.name); !opened.ok()) {
        LogError(opened.error().message);
      }
    }
  }
  return impl;
}

Status DataDirectory::Impl::MakeFolders() const {
  for (const char* name : {"/collections", "/snapshots", "/staging"}) {
    TRY(MakeFolder(path_ + name));
  }
  return SyncFolder(path_);
}

// What an interrupted create, delete, restore or snapshot has left.
Status DataDirectory::Impl::RemoveLeftovers() const {
  namespace fs = std::filesystem;
  std::error_code error;
  for (fs::directory_iterator i(tenants_->StagingPath(), error), end; !error && i != end;
       i.increment(error)) {
    std::error_code ignored;
    fs::remove_all(i->path(), ignored);
    if (ignored) LogWarning("cannot remove " + i->path().string() + ": " + ignored.message());
  }
  if (error) return SystemError(error.value(), "cannot read " + tenants_->StagingPath());
  for (fs::directory_iterator i(path_, error), end; !error && i != end; i.increment(error)) {
    std::error_code ignored;
    if (i->path().filename().string().starts_with("aliases.json.tmp.")) {
      fs::remove(i->path(), ignored);
    }
  }
  for (fs::recursive_directory_iterator i(path_ + "/snapshots", error), end; !error && i != end;
       i.increment(error)) {
    std::error_code ignored;
    if (i->path().filename().string().find(".snapshot.tmp.") == std::string::npos) continue;
    fs::remove(i->path(), ignored);
  }
  if (error) return SystemError(error.value(), "cannot read " + path_);
  return {};
}

Status DataDirectory::Impl::ListCollections() {
  const std::string folder = path_ + "/collections";
  std::vector<std::string> deleted;
  std::error_code error;
  for (std::filesystem::directory_iterator i(folder, error), end; !error && i != end;
       i.increment(error)) {
    const std::string name = i->path().filename();
    std::error_code ignored;
    if (!i->is_directory(ignored) || !ValidateCollectionName(name).ok()) {
      LogWarning(i->path().string() + " is no collection: left alone");
    } else if (std::filesystem::exists(i->path() / kDeletedMark, ignored)) {
      deleted.push_back(name);
    } else {
      entries_[name];
    }
  }
  if (error) return SystemError(error.value(), "cannot read " + folder);
  for (const std::string& name : deleted) TRY(tenants_->RemoveCollection(name, 0));
  return {};
}

Status DataDirectory::Impl::CheckFree(const std::string& name) const {
  {
    const std::shared_lock lock(mutex_);
    if (entries_.count(name) > 0) return NameTaken(name, "a collection");
    if (aliases_.count(name) > 0) return NameTaken(name, "an alias");
    if (entries_.size() >= kCollectionsMax) {
      return Error{ErrorCode::kResourceExhausted,
                   "there are " + std::to_string(entries_.size()) +
                       " collections, which is as many as a data directory may have"};
    }
  }
  if (!tenants_->WaitUntilFree(name, params_.delete_wait_seconds)) {
    return Error{ErrorCode::kResourceExhausted,
                 "the deleted collection '" + name + "' is still in use: try again later"};
  }
  return {};
}

Result<std::shared_ptr<Collection>> DataDirectory::Impl::Create(const std::string& name,
                                                                const CollectionConfig& config) {
  TRY(ValidateCollectionName(name));
  const Claim claim(*this, name);
  TRY(CheckFree(name));
  const std::string staged = TemporaryName(tenants_->StagingPath() + "/new");
  CollectionOpenParams params = params_.collection;
  params.background = false;
  TRY(Collection::Create(staged, config, params)).reset();
  return TakeIn(name, staged);
}

Result<std::shared_ptr<Collection>> DataDirectory::Impl::TakeIn(const std::string& name,
                                                                const std::string& staged) {
  {
    const Claim aliases(*this, "");
    Status taken = CheckFree(name);
    const std::string path = tenants_->CollectionPath(name);
    if (taken.ok() && std::rename(staged.c_str(), path.c_str()) != 0) {
      taken = SystemError(errno, "cannot rename " + staged + " to " + path);
    }
    if (!taken.ok()) {
      std::error_code ignored;
      std::filesystem::remove_all(staged, ignored);
      return taken.error();
    }
    TRY(SyncFolder(FolderOf(path)));
    const std::unique_lock lock(mutex_);
    entries_[name] = {};
  }
  Result<std::shared_ptr<Collection>> opened = OpenEntry(name);
  if (!opened.ok()) {
    TakeOut(name);
    TRY(tenants_->RemoveCollection(name, 0));
  }
  return opened;
}

Result<std::shared_ptr<Collection>> DataDirectory::Impl::OpenEntry(const std::string& name) {
  {
    const std::shared_lock lock(mutex_);
    const auto entry = entries_.find(name);
    if (entry == entries_.end()) return NoSuchCollection(name);
    if (entry->second.collection) return entry->second.collection;
    if (entry->second.error && !MayPass(*entry->second.error)) return *entry->second.error;
  }
  Result<std::shared_ptr<Collection>> opened =
      FolderTenants::OpenCollection(tenants_, name, params_.collection);
  const std::unique_lock lock(mutex_);
  Entry& entry = entries_[name];
  if (opened.ok()) {
    entry.collection = opened.value();
    entry.error.reset();
  } else {
    entry.error = Error{opened.error().code,
                        "collection '" + name + "' cannot be opened: " + opened.error().message};
    return *entry.error;
  }
  return opened;
}

std::optional<DataDirectory::Impl::Entry> DataDirectory::Impl::TakeOut(const std::string& name) {
  const std::unique_lock lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return std::nullopt;
  Entry entry = std::move(found->second);
  entries_.erase(found);
  return entry;
}

Result<bool> DataDirectory::Impl::Delete(const std::string& name) {
  const Claim claim(*this, name);
  std::optional<Entry> entry = TakeOut(name);
  if (!entry) return false;
  const std::weak_ptr<Collection> users = entry->collection;
  entry->collection.reset();
  const Status removed = tenants_->RemoveCollection(name, params_.delete_wait_seconds);
  if (!removed.ok()) {
    entry->collection = users.lock();
    const std::unique_lock lock(mutex_);
    entries_[name] = std::move(*entry);
    return Error{removed.error().code,
                 "collection '" + name + "' was not deleted: " + removed.error().message};
  }
  TRY(DropAliasesOf(name));
  return true;
}

std::optional<std::string> DataDirectory::Impl::Resolve(const std::string& name_or_alias) const {
  const std::shared_lock lock(mutex_);
  if (entries_.count(name_or_alias) > 0) return name_or_alias;
  const auto alias = aliases_.find(name_or_alias);
  if (alias == aliases_.end()) return std::nullopt;
  return alias->second;
}

Result<std::shared_ptr<Collection>> DataDirectory::Impl::Get(const std::string& name_or_alias) {
  std::string name;
  {
    const std::shared_lock lock(mutex_);
    auto entry = entries_.find(name_or_alias);
    if (entry == entries_.end()) {
      const auto alias = aliases_.find(name_or_alias);
      if (alias != aliases_.end()) entry = entries_.find(alias->second);
    }
    if (entry == entries_.end()) return NoSuchCollection(name_or_alias);
    if (entry->second.collection) return entry->second.collection;
    if (entry->second.error && !MayPass(*entry->second.error)) return *entry->second.error;
    name = entry->first;
  }
  const Claim claim(*this, name);
  return OpenEntry(name);
}

std::vector<CollectionEntry> DataDirectory::Impl::List() const {
  const std::shared_lock lock(mutex_);
  std::vector<CollectionEntry> list;
  for (const auto& [name, entry] : entries_) {
    list.push_back({name, entry.collection, entry.error});
  }
  return list;
}

DataDirectory::DataDirectory(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DataDirectory::~DataDirectory() = default;

Result<std::unique_ptr<DataDirectory>> DataDirectory::Open(const std::string& path,
                                                           const DataDirectoryParams& params) {
  std::string plain = path;
  while (plain.size() > 1 && plain.back() == '/') plain.pop_back();
  std::unique_ptr<Impl> impl = TRY(Impl::Open(plain, params));
  return std::unique_ptr<DataDirectory>(new DataDirectory(std::move(impl)));
}

const std::string& DataDirectory::path() const { return impl_->path(); }
Result<std::shared_ptr<Collection>> DataDirectory::Create(const std::string& name,
                                                          const CollectionConfig& config) {
  return impl_->Create(name, config);
}
Result<bool> DataDirectory::Delete(const std::string& name) { return impl_->Delete(name); }
Result<std::shared_ptr<Collection>> DataDirectory::Get(const std::string& name_or_alias) const {
  return impl_->Get(name_or_alias);
}
std::vector<CollectionEntry> DataDirectory::List() const { return impl_->List(); }
std::optional<std::string> DataDirectory::Resolve(const std::string& name_or_alias) const {
  return impl_->Resolve(name_or_alias);
}
std::vector<Alias> DataDirectory::Aliases() const { return impl_->Aliases(); }
Status DataDirectory::ChangeAliases(std::span<const AliasAction> actions) {
  return impl_->ChangeAliases(actions);
}
Result<SnapshotEntry> DataDirectory::CreateSnapshot(const std::string& name,
                                                    const Cancellation& cancellation,
                                                    Progress& progress) {
  return impl_->CreateSnapshot(name, cancellation, progress);
}
Result<std::vector<SnapshotEntry>> DataDirectory::Snapshots(const std::string& name) const {
  return impl_->Snapshots(name);
}
Result<SnapshotEntry> DataDirectory::FindSnapshot(const std::string& name,
                                                  const std::string& snapshot) const {
  return impl_->FindSnapshot(name, snapshot);
}
Result<bool> DataDirectory::DeleteSnapshot(const std::string& name, const std::string& snapshot) {
  return impl_->DeleteSnapshot(name, snapshot);
}
Result<std::shared_ptr<Collection>> DataDirectory::Restore(const RestoreParams& params,
                                                           const Cancellation& cancellation,
                                                           Progress& progress) {
  return impl_->Restore(params, cancellation, progress);
}

}  // namespace kith
