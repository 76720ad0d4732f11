#include "core/system_call.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <system_error>

namespace kith {

Error SystemError(int error_number, std::string_view what) {
  const ErrorCode code = error_number == ENOENT   ? ErrorCode::kNotFound
                         : error_number == EEXIST ? ErrorCode::kAlreadyExists
                                                  : ErrorCode::kIoError;
  return Error{code, std::string(what) + ": " + std::generic_category().message(error_number)};
}

Status SyncFolder(const std::string& folder) {
  const int descriptor =
      RetryOnSignal([&] { return open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (descriptor < 0) return SystemError(errno, "cannot open folder " + folder);
  const int failed = RetryOnSignal([&] { return fsync(descriptor); });
  const int error_number = errno;
  close(descriptor);
  // Some file systems (CIFS, FUSE) have no sync of folders and say so by EINVAL.
  if (failed != 0 && error_number != EINVAL) {
    return SystemError(error_number, "cannot sync folder " + folder);
  }
  return {};
}

std::string FolderOf(const std::string& path) {
  const std::size_t slash = path.find_last_not_of('/', path.rfind('/'));
  if (path.find('/') == std::string::npos) return ".";
  return slash == std::string::npos ? "/" : path.substr(0, slash + 1);
}

std::string TemporaryName(const std::string& path) {
  static std::atomic<std::uint64_t> counter = 0;
  return path + ".tmp." + std::to_string(getpid()) + "." +
         std::to_string(counter.fetch_add(1, std::memory_order_relaxed));
}

Error ExistsAlready(const std::string& path) {
  return Error{ErrorCode::kAlreadyExists,
               "exists already: " + path + "; use --force to replace it"};
}

}  // namespace kith
