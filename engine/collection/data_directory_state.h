// The inside of a data directory.  Private to engine/collection.
//
// A name is worked on by one thread at a time: who creates, opens, deletes or restores a collection
// claims its name first, and who changes aliases claims the empty name.  Claim order: the name of a
// collection -> the empty name.  mutex_ is held for memory operations only.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <utility>

#include "engine/collection/data_directory.h"
#include "engine/collection/folder_tenants.h"

namespace kith {

class DataDirectory::Impl {
 public:
  static Result<std::unique_ptr<Impl>> Open(const std::string& path,
                                            const DataDirectoryParams& params);

  const std::string& path() const { return path_; }
  Result<std::shared_ptr<Collection>> Create(const std::string& name,
                                             const CollectionConfig& config);
  Result<bool> Delete(const std::string& name);
  Result<std::shared_ptr<Collection>> Get(const std::string& name_or_alias);
  std::vector<CollectionEntry> List() const;
  std::optional<std::string> Resolve(const std::string& name_or_alias) const;

  // --- data_directory_aliases.cc ---
  std::vector<Alias> Aliases() const;
  Status ChangeAliases(std::span<const AliasAction> actions);

  // --- data_directory_snapshots.cc ---
  Result<SnapshotEntry> CreateSnapshot(const std::string& name, const Cancellation& cancellation,
                                       Progress& progress);
  Result<std::vector<SnapshotEntry>> Snapshots(const std::string& name) const;
  Result<SnapshotEntry> FindSnapshot(const std::string& name, const std::string& snapshot) const;
  Result<bool> DeleteSnapshot(const std::string& name, const std::string& snapshot);
  Result<std::shared_ptr<Collection>> Restore(const RestoreParams& params,
                                              const Cancellation& cancellation, Progress& progress);

 private:
  class Claim;  // of a name, while it lives
  struct Entry {
    std::shared_ptr<Collection> collection;
    std::optional<Error> error;
  };

  Impl(std::string path, const DataDirectoryParams& params, std::shared_ptr<FolderTenants> tenants)
      : path_(std::move(path)), params_(params), tenants_(std::move(tenants)) {}

  Status MakeFolders() const;
  Status RemoveLeftovers() const;
  Status ListCollections();
  // REQUIRES of the next five: the name is claimed.
  Status CheckFree(const std::string& name) const;
  // Gives the folder at `staged` its name and opens it.
  Result<std::shared_ptr<Collection>> TakeIn(const std::string& name, const std::string& staged);
  // The same in the place of the collection that has the name; it is at `staged` then.
  Result<std::shared_ptr<Collection>> Exchange(const std::string& name, const std::string& staged);
  Result<std::shared_ptr<Collection>> OpenEntry(const std::string& name);
  std::optional<Entry> TakeOut(const std::string& name);

  Status LoadAliases();
  Status SaveAliases(const std::map<std::string, std::string>& aliases) const;
  Status DropAliasesOf(const std::string& name);

  const std::string path_;
  const DataDirectoryParams params_;
  const std::shared_ptr<FolderTenants> tenants_;

  mutable std::shared_mutex mutex_;  // guards the next four
  std::condition_variable_any unclaimed_;
  std::set<std::string> claimed_;
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> aliases_;
};

// Waits until nobody else has the name.
class DataDirectory::Impl::Claim {
 public:
  Claim(Impl& impl, std::string name) : impl_(impl), name_(std::move(name)) {
    std::unique_lock lock(impl_.mutex_);
    impl_.unclaimed_.wait(lock, [&] { return impl_.claimed_.count(name_) == 0; });
    impl_.claimed_.insert(name_);
  }
  ~Claim() {
    const std::unique_lock lock(impl_.mutex_);
    impl_.claimed_.erase(name_);
    impl_.unclaimed_.notify_all();
  }
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

 private:
  Impl& impl_;
  const std::string name_;
};

}  // namespace kith
