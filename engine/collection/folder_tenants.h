// Who is in a data directory: the lock on it, and the collections that are open in its folders.
// Private to engine/collection.
//
// Shared by the directory and by every open collection, since a collection may outlive both its
// entry and the directory: the lock is given up, and the folder of a deleted collection removed,
// when the last of them is gone.
//
// Thread-safe.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "core/result.h"
#include "engine/collection/collection.h"

namespace kith {

inline constexpr const char* kDeletedMark = "DELETED";  // a file in the folder of a collection

class FolderTenants {
 public:
  // Takes the lock.  Errors: kAlreadyExists naming the process that has it.
  static Result<std::shared_ptr<FolderTenants>> Lock(const std::string& directory);
  ~FolderTenants();
  FolderTenants(const FolderTenants&) = delete;
  FolderTenants& operator=(const FolderTenants&) = delete;

  std::string CollectionPath(const std::string& name) const;
  std::string StagingPath() const { return directory_ + "/staging"; }

  // Opens the collection of that name.  REQUIRES: it is not in use.
  static Result<std::shared_ptr<Collection>> OpenCollection(
      const std::shared_ptr<FolderTenants>& tenants, const std::string& name,
      const CollectionOpenParams& params);
  // Removes a collection nobody can get at any more, or leaves that to its last user when
  // `wait_seconds` are over; deleted for good on return.
  Status RemoveCollection(const std::string& name, double wait_seconds);
  bool WaitUntilFree(const std::string& name, double wait_seconds) const;

 private:
  explicit FolderTenants(std::string directory) : directory_(std::move(directory)) {}
  void Leave(const std::string& name);
  Status RemoveFolder(const std::string& name) const;

  const std::string directory_;
  int descriptor_ = -1;
  mutable std::mutex mutex_;  // guards the next three
  mutable std::condition_variable left_;
  std::set<std::string> in_use_, doomed_;
};

}  // namespace kith
