#include "core/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "core/system_call.h"

namespace kith {
namespace {

constexpr std::size_t kReadBytesMax = std::size_t{1} << 30;  // of one call; Linux stops near 2 GiB

void CloseIfOpen(int descriptor) {
  if (descriptor >= 0) close(descriptor);
}

}  // namespace

Result<File> File::Open(const std::string& path) {
  File file;
  file.path_ = path;
  // O_NONBLOCK: a pipe without a writer is refused below and does not hang here.
  file.descriptor_ =
      RetryOnSignal([&] { return open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); });
  if (file.descriptor_ < 0) return SystemError(errno, "cannot open " + path);
  struct stat status;
  if (fstat(file.descriptor_, &status) != 0) return SystemError(errno, "cannot examine " + path);
  if (!S_ISREG(status.st_mode)) {
    return Error{ErrorCode::kInvalidArgument,
                 "cannot read " + path + ": expected a file, found a " +
                     (S_ISDIR(status.st_mode) ? "folder" : "device or pipe")};
  }
  file.bytes_ = static_cast<std::uint64_t>(status.st_size);
  return file;
}

File::~File() { CloseIfOpen(descriptor_); }

File::File(File&& other) noexcept
    : path_(std::move(other.path_)),
      bytes_(std::exchange(other.bytes_, 0)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

File& File::operator=(File&& other) noexcept {
  if (this == &other) return *this;
  CloseIfOpen(descriptor_);
  path_ = std::move(other.path_);
  bytes_ = std::exchange(other.bytes_, 0);
  descriptor_ = std::exchange(other.descriptor_, -1);
  return *this;
}

Status File::ReadAt(std::uint64_t offset, std::span<std::byte> out) const {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = RetryOnSignal([&] {
      return pread(descriptor_, out.data() + done, std::min(out.size() - done, kReadBytesMax),
                   static_cast<off_t>(offset + done));
    });
    if (got < 0) {
      return SystemError(errno,
                         "cannot read " + path_ + " at offset " + std::to_string(offset + done));
    }
    if (got == 0) {
      return Error{ErrorCode::kCorruption, path_ + " is too short: expected " +
                                               std::to_string(out.size()) + " bytes at offset " +
                                               std::to_string(offset) + ", found " +
                                               std::to_string(done)};
    }
    done += static_cast<std::size_t>(got);
  }
  return {};
}

Result<MappedFile> MappedFile::Open(const std::string& path) {
  const File file = TRY(File::Open(path));
  MappedFile mapped;
  mapped.path_ = path;
  if (file.bytes() == 0) return mapped;
  void* data = mmap(nullptr, file.bytes(), PROT_READ, MAP_SHARED, file.descriptor(), 0);
  if (data == MAP_FAILED) {
    return SystemError(errno,
                       "cannot map " + path + " (" + std::to_string(file.bytes()) + " bytes)");
  }
  mapped.data_ = static_cast<const std::byte*>(data);
  mapped.bytes_ = file.bytes();
  return mapped;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<std::byte*>(data_), bytes_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      data_(std::exchange(other.data_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  if (this == &other) return *this;
  if (data_ != nullptr) munmap(const_cast<std::byte*>(data_), bytes_);
  path_ = std::move(other.path_);
  data_ = std::exchange(other.data_, nullptr);
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

void MappedFile::AdviseRandom(std::uint64_t offset, std::uint64_t bytes) const {
  if (offset >= bytes_) return;
  const auto page_bytes = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const std::uint64_t begin = offset / page_bytes * page_bytes;
  const std::uint64_t end = offset + std::min<std::uint64_t>(bytes, bytes_ - offset);
  auto* data = const_cast<std::byte*>(data_ + begin);
  madvise(data, end - begin, MADV_RANDOM);    // advice only: a refusal changes nothing
  madvise(data, end - begin, MADV_HUGEPAGE);  // only some file systems have it
}

Result<std::string> ReadTextFile(const std::string& path, std::uint64_t bytes_max) {
  const File file = TRY(File::Open(path));
  if (file.bytes() > bytes_max) {
    return Error{ErrorCode::kResourceExhausted, path + " has " + std::to_string(file.bytes()) +
                                                    " bytes; at most " + std::to_string(bytes_max) +
                                                    " are read"};
  }
  std::string text(file.bytes(), '\0');
  TRY(file.ReadAt(0, std::as_writable_bytes(std::span(text))));
  return text;
}

}  // namespace kith
