#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/file.h"
#include "core/system_call.h"

namespace kith {
namespace {

constexpr int kTemporaryNamesMax = 1000;

std::string WithoutTrailingSlashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

Error NotReplaceable(const std::string& path, std::string_view why) {
  return Error{ErrorCode::kInvalidArgument, "cannot replace " + path + ": " + std::string(why)};
}

// Only a folder that holds `marker`, or nothing, may be deleted to make room: a wrong path after
// --force must not cost anybody his files.
Status CheckReplaceable(const std::string& path, const std::string& marker) {
  std::error_code error;
  const auto status = std::filesystem::symlink_status(path, error);
  if (error) return SystemError(error.value(), "cannot examine " + path);
  if (!std::filesystem::is_directory(status)) {
    return NotReplaceable(path, "expected a folder, found something else");
  }
  const bool is_empty = std::filesystem::is_empty(path, error);
  if (error) return SystemError(error.value(), "cannot examine " + path);
  if (is_empty || marker.empty() || std::filesystem::exists(path + "/" + marker, error)) return {};
  return NotReplaceable(path, "it holds no " + marker + ", so it is not a result of this command");
}

Status CheckName(const std::string& path, OutputFile::IfExists if_exists,
                 const std::string& marker) {
  const std::size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name.empty() || name == "." || name == "..") {
    return Error{ErrorCode::kInvalidArgument,
                 "cannot write '" + path + "': expected the name of a folder to create"};
  }
  struct stat status;
  if (lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return SystemError(errno, "cannot examine " + path);
  }
  if (if_exists == OutputFile::IfExists::kRefuse) return ExistsAlready(path);
  return CheckReplaceable(path, marker);
}

bool LacksFlag(int error_number) { return error_number == EINVAL || error_number == ENOSYS; }

Error CannotRename(int error_number, const std::string& from, const std::string& to) {
  return SystemError(error_number, "cannot rename " + from + " to " + to);
}

// File systems without the flag: an empty folder of our own holds the name, and rename() may
// replace an empty folder.
Status RenameWithoutReplacing(const std::string& from, const std::string& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return {};
  if (errno == EEXIST) return ExistsAlready(to);
  if (!LacksFlag(errno)) return CannotRename(errno, from, to);
  if (mkdir(to.c_str(), 0777) != 0) {
    return errno == EEXIST ? ExistsAlready(to) : CannotRename(errno, from, to);
  }
  if (std::rename(from.c_str(), to.c_str()) == 0) return {};
  const int error_number = errno;
  rmdir(to.c_str());
  return CannotRename(error_number, from, to);
}

// Puts `from` in the place of folder `to`; returns where the older folder is then.  With the
// flag, `to` names a complete folder at every moment.
Result<std::string> Exchange(const std::string& from, const std::string& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) == 0) return from;
  if (!LacksFlag(errno)) return CannotRename(errno, from, to);
  const std::string aside = TemporaryName(to);
  if (std::rename(to.c_str(), aside.c_str()) != 0) return CannotRename(errno, to, aside);
  if (std::rename(from.c_str(), to.c_str()) == 0) return aside;
  const int error_number = errno;
  if (std::rename(aside.c_str(), to.c_str()) != 0) {
    return SystemError(errno, "cannot put " + aside + " back as " + to);
  }
  return CannotRename(error_number, from, to);
}

}  // namespace

Result<OutputDirectory> OutputDirectory::Create(const std::string& final_path,
                                                OutputFile::IfExists if_exists,
                                                const std::string& marker) {
  OutputDirectory directory;
  directory.final_path_ = WithoutTrailingSlashes(final_path);
  directory.if_exists_ = if_exists;
  directory.marker_ = marker;
  TRY(CheckName(directory.final_path_, if_exists, marker));
  for (int tries = 0; directory.temporary_path_.empty(); ++tries) {
    const std::string name = TemporaryName(directory.final_path_);
    if (mkdir(name.c_str(), 0777) == 0) {
      directory.temporary_path_ = name;
    } else if (errno == ENOENT) {
      return Error{ErrorCode::kNotFound, "cannot create " + final_path + ": no folder " +
                                             FolderOf(directory.final_path_)};
    } else if (errno != EEXIST || tries == kTemporaryNamesMax) {
      return SystemError(errno, "cannot create folder " + name);
    }
  }
  return directory;
}

OutputDirectory::~OutputDirectory() {
  if (temporary_path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(temporary_path_, ignored);
}

OutputDirectory::OutputDirectory(OutputDirectory&& other) noexcept
    : final_path_(std::move(other.final_path_)),
      temporary_path_(std::exchange(other.temporary_path_, {})),
      marker_(std::move(other.marker_)),
      if_exists_(other.if_exists_) {}

Status OutputDirectory::Commit() {
  assert(!temporary_path_.empty());
  TRY(SyncFolder(temporary_path_));
  struct stat status;
  const bool replaces =
      if_exists_ == OutputFile::IfExists::kReplace && lstat(final_path_.c_str(), &status) == 0;
  if (!replaces) {
    TRY(RenameWithoutReplacing(temporary_path_, final_path_));
    temporary_path_.clear();
    return SyncFolder(FolderOf(final_path_));
  }
  TRY(CheckReplaceable(final_path_, marker_));
  temporary_path_ = TRY(Exchange(temporary_path_, final_path_));
  TRY(SyncFolder(FolderOf(final_path_)));
  const std::string older = std::exchange(temporary_path_, {});
  std::error_code error;
  std::filesystem::remove_all(older, error);
  if (error) return SystemError(error.value(), "cannot remove the older folder " + older);
  return {};
}

}  // namespace kith
