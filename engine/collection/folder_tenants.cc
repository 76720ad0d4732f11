#include "engine/collection/folder_tenants.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/file.h"
#include "core/log.h"
#include "core/system_call.h"

namespace kith {
namespace {

// What the lock file says about the process that holds it: digits, or nothing yet.
std::string LockHolder(int descriptor) {
  std::array<char, 32> text{};
  const auto bytes = RetryOnSignal([&] { return pread(descriptor, text.data(), text.size(), 0); });
  std::string digits;
  for (ssize_t i = 0; i < bytes && text[i] >= '0' && text[i] <= '9'; ++i) digits += text[i];
  return digits.empty() ? "another process" : "another process (pid " + digits + ")";
}

}  // namespace

Result<std::shared_ptr<FolderTenants>> FolderTenants::Lock(const std::string& directory) {
  std::shared_ptr<FolderTenants> tenants(new FolderTenants(directory));
  const std::string path = directory + "/LOCK";
  const int descriptor =
      RetryOnSignal([&] { return open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644); });
  if (descriptor < 0) return SystemError(errno, "cannot lock the data directory: " + path);
  tenants->descriptor_ = descriptor;
  if (RetryOnSignal([&] { return flock(descriptor, LOCK_EX | LOCK_NB); }) != 0) {
    if (errno != EWOULDBLOCK) return SystemError(errno, "cannot lock " + path);
    const std::string holder = LockHolder(descriptor);
    const bool own = holder.find("pid " + std::to_string(getpid()) + ")") != std::string::npos;
    return Error{ErrorCode::kAlreadyExists, "data directory " + directory + " is in use by " +
                                                (own ? "this process already" : holder)};
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(descriptor, 0) != 0 ||
      RetryOnSignal([&] { return pwrite(descriptor, pid.data(), pid.size(), 0); }) < 0) {
    // Only the name in a message is lost: a full disk must not keep anybody from deleting.
    LogWarning(SystemError(errno, "cannot write " + path).message);
  }
  return tenants;
}

FolderTenants::~FolderTenants() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::string FolderTenants::CollectionPath(const std::string& name) const {
  return directory_ + "/collections/" + name;
}

Result<std::shared_ptr<Collection>> FolderTenants::OpenCollection(
    const std::shared_ptr<FolderTenants>& tenants, const std::string& name,
    const CollectionOpenParams& params) {
  std::unique_ptr<Collection> opened = TRY(Collection::Open(tenants->CollectionPath(name), params));
  {
    const std::lock_guard lock(tenants->mutex_);
    tenants->in_use_.insert(name);
  }
  return std::shared_ptr<Collection>(opened.release(), [tenants, name](Collection* collection) {
    delete collection;
    tenants->Leave(name);
  });
}

void FolderTenants::Leave(const std::string& name) {
  bool doomed = false;
  {
    const std::lock_guard lock(mutex_);
    doomed = doomed_.count(name) > 0;
  }
  if (doomed) {
    if (const Status removed = RemoveFolder(name); !removed.ok()) {
      LogError("deleted collection " + name + ": " + removed.error().message);
    }
  }
  const std::lock_guard lock(mutex_);
  doomed_.erase(name);
  in_use_.erase(name);
  left_.notify_all();
}

bool FolderTenants::WaitUntilFree(const std::string& name, double wait_seconds) const {
  std::unique_lock lock(mutex_);
  return left_.wait_for(lock, std::chrono::duration<double>(wait_seconds),
                        [&] { return in_use_.count(name) == 0; });
}

Status FolderTenants::RemoveCollection(const std::string& name, double wait_seconds) {
  if (!WaitUntilFree(name, wait_seconds)) {
    OutputFile mark = TRY(OutputFile::Create(CollectionPath(name) + "/" + kDeletedMark,
                                             OutputFile::IfExists::kReplace));
    TRY(mark.Commit());
    const std::lock_guard lock(mutex_);
    if (in_use_.count(name) > 0) {
      doomed_.insert(name);
      return {};
    }
  }
  return RemoveFolder(name);
}

// Out of collections/ in one step, so that no half of it is ever taken for a collection.
Status FolderTenants::RemoveFolder(const std::string& name) const {
  const std::string from = CollectionPath(name);
  const std::string aside = TemporaryName(StagingPath() + "/deleted");
  if (std::rename(from.c_str(), aside.c_str()) != 0) {
    return SystemError(errno, "cannot rename " + from + " to " + aside);
  }
  TRY(SyncFolder(FolderOf(from)));
  std::error_code error;
  std::filesystem::remove_all(aside, error);
  if (error) LogWarning("cannot remove " + aside + ": " + error.message());
  return {};
}

}  // namespace kith
