#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <cstring>
#include <utility>

#include "core/file.h"
#include "core/system_call.h"

namespace kith {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;
constexpr std::size_t kWriteBytesMax = std::size_t{1} << 30;  // of one call
constexpr int kTemporaryNamesMax = 1000;

Status WriteAll(int descriptor, const std::string& path, std::uint64_t offset,
                std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t put = RetryOnSignal([&] {
      return pwrite(descriptor, bytes.data(), std::min(bytes.size(), kWriteBytesMax),
                    static_cast<off_t>(offset));
    });
    if (put < 0) {
      return SystemError(errno, "cannot write " + path + " at offset " + std::to_string(offset));
    }
    offset += static_cast<std::uint64_t>(put);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

// Renames unless `to` is taken.  File systems without the flag get a second name and lose the
// first: at no moment is `to` incomplete.
Status RenameWithoutReplacing(const std::string& from, const std::string& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return {};
  if (errno == EINVAL || errno == ENOSYS) {
    if (link(from.c_str(), to.c_str()) == 0) {
      unlink(from.c_str());
      return {};
    }
  }
  if (errno == EEXIST) return ExistsAlready(to);
  return SystemError(errno, "cannot rename " + from + " to " + to);
}

Status CheckName(const std::string& path, OutputFile::IfExists if_exists) {
  if (path.empty() || path.back() == '/') {
    return Error{ErrorCode::kInvalidArgument,
                 "cannot write '" + path + "': expected the name of a file"};
  }
  struct stat status;
  if (lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return SystemError(errno, "cannot examine " + path);
  }
  if (if_exists == OutputFile::IfExists::kRefuse) return ExistsAlready(path);
  // A link is replaced itself, but one that leads to a device is not meant to be.
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    return Error{ErrorCode::kInvalidArgument,
                 "cannot replace " + path + ": expected a file, found a " +
                     (S_ISDIR(status.st_mode) ? "folder" : "device or pipe")};
  }
  return {};
}

}  // namespace

Result<OutputFile> OutputFile::Create(const std::string& path, IfExists if_exists) {
  TRY(CheckName(path, if_exists));
  OutputFile file;
  file.path_ = path;
  file.if_exists_ = if_exists;
  for (int tries = 0; file.descriptor_ < 0; ++tries) {
    const std::string name = TemporaryName(path);
    file.descriptor_ = RetryOnSignal(
        [&] { return open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); });
    if (file.descriptor_ >= 0) {
      file.temporary_path_ = name;
    } else if (errno == ENOENT) {
      return Error{ErrorCode::kNotFound, "cannot create " + path + ": no folder " + FolderOf(path)};
    } else if (errno != EEXIST || tries == kTemporaryNamesMax) {
      return SystemError(errno, "cannot create " + name);
    }
  }
  file.buffer_.reserve(kBufferBytes);
  return file;
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!temporary_path_.empty()) unlink(temporary_path_.c_str());
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_path_(std::exchange(other.temporary_path_, {})),
      if_exists_(other.if_exists_),
      descriptor_(std::exchange(other.descriptor_, -1)),
      position_(std::exchange(other.position_, 0)),
      buffer_(std::move(other.buffer_)),
      failure_(std::move(other.failure_)) {}

Status OutputFile::Append(std::span<const std::byte> bytes) {
  assert(descriptor_ >= 0);
  if (buffer_.size() + bytes.size() > kBufferBytes) TRY(Flush());
  if (bytes.size() >= kBufferBytes) {
    TRY(Write(position_, bytes));
  } else {
    TRY(Status(failure_));
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  }
  position_ += bytes.size();
  return {};
}

Status OutputFile::Append(std::string_view text) { return Append(std::as_bytes(std::span(text))); }

Status OutputFile::PadTo(std::uint64_t multiple) {
  assert(multiple > 0);
  static constexpr std::byte kZeros[4096] = {};
  std::uint64_t missing = (multiple - position_ % multiple) % multiple;
  while (missing > 0) {
    const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(missing, sizeof(kZeros)));
    TRY(Append(std::span(kZeros, step)));
    missing -= step;
  }
  return {};
}

Status OutputFile::WriteAt(std::uint64_t offset, std::span<const std::byte> bytes) {
  assert(descriptor_ >= 0);
  assert(offset <= position_ && bytes.size() <= position_ - offset);
  const std::uint64_t written = position_ - buffer_.size();  // before the buffer's first byte
  if (offset < written) {
    const auto head =
        static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), written - offset));
    TRY(Write(offset, bytes.first(head)));
    offset += head;
    bytes = bytes.subspan(head);
  }
  if (!bytes.empty()) std::memcpy(buffer_.data() + (offset - written), bytes.data(), bytes.size());
  return {};
}

Status OutputFile::Flush() {
  if (!buffer_.empty()) TRY(Write(position_ - buffer_.size(), buffer_));
  buffer_.clear();
  return failure_;
}

Status OutputFile::Write(std::uint64_t offset, std::span<const std::byte> bytes) {
  if (failure_.ok()) failure_ = WriteAll(descriptor_, path_, offset, bytes);
  return failure_;
}

Status OutputFile::Commit() {
  assert(descriptor_ >= 0);
  TRY(Flush());
  if (RetryOnSignal([&] { return fsync(descriptor_); }) != 0) {
    failure_ = SystemError(errno, "cannot sync " + path_);
    return failure_;
  }
  if (close(std::exchange(descriptor_, -1)) != 0 && errno != EINTR) {
    return SystemError(errno, "cannot close " + path_);
  }
  if (if_exists_ == IfExists::kRefuse) {
    TRY(RenameWithoutReplacing(temporary_path_, path_));
  } else if (std::rename(temporary_path_.c_str(), path_.c_str()) != 0) {
    return SystemError(errno, "cannot rename " + temporary_path_ + " to " + path_);
  }
  temporary_path_.clear();
  return SyncFolder(FolderOf(path_));
}

}  // namespace kith
