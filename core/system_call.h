// What every file of core that calls the system needs: its errors as values, calls repeated when
// a signal cut them short.
#pragma once

#include <cerrno>
#include <string>
#include <string_view>

#include "core/result.h"

namespace kith {

// The error for `error_number`: "<what>: <the system's words>".  ENOENT is kNotFound, EEXIST
// kAlreadyExists, everything else kIoError.  Thread-safe.
Error SystemError(int error_number, std::string_view what);

// call() until it does not fail with EINTR.  Not for close(): Linux has closed the descriptor
// even then.
template <typename Call>
auto RetryOnSignal(Call call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result == -1 && errno == EINTR);
  return result;
}

// Writes the folder's entries to disk, so that a rename in it survives a crash.
Status SyncFolder(const std::string& folder);

// Folder of `path`: "a" for "a/b", "." for "b", "/" for "/b".  REQUIRES: no trailing slash.
std::string FolderOf(const std::string& path);

// A name beside `path` for a file under construction: path + ".tmp.<process id>.<counter>".
// Different at each call in this process; one that a crashed process left may have the same.
std::string TemporaryName(const std::string& path);

// The Error for a name that is taken, when the caller may not replace it.
Error ExistsAlready(const std::string& path);

}  // namespace kith
