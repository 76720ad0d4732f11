// Files whose every call is checked.
//
// Errors: kNotFound (no such file or folder), kAlreadyExists, kInvalidArgument (the name belongs
// to a thing of another kind), kIoError (anything else the system says, with its words, path and
// offset; a full disk says "No space left on device"), kCorruption (a file shorter than the reader
// was told).  Objects are thread-compatible; ReadAt of File and the bytes of MappedFile may be
// used by many threads.  Calls cut short by a signal are repeated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace kith {

// An open file for reading.  Folders, devices and pipes are kInvalidArgument.
class File {
 public:
  static Result<File> Open(const std::string& path);
  ~File();
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;

  const std::string& path() const { return path_; }
  std::uint64_t bytes() const { return bytes_; }  // size when opened
  int descriptor() const { return descriptor_; }

  // Fills `out` from `offset`.  A shorter file is kCorruption: message names path, offset,
  // wanted and present bytes.
  Status ReadAt(std::uint64_t offset, std::span<std::byte> out) const;

 private:
  File() = default;
  std::string path_;
  std::uint64_t bytes_ = 0;
  int descriptor_ = -1;
};

// A whole file mapped read-only.  An empty file has no bytes.  The file must not be shortened
// while it is mapped: the kernel answers a read past its end with SIGBUS.
class MappedFile {
 public:
  static Result<MappedFile> Open(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;

  const std::string& path() const { return path_; }
  std::span<const std::byte> bytes() const { return {data_, bytes_}; }
  // Advice to the kernel for [offset, offset + bytes): random access and huge pages.
  void AdviseRandom(std::uint64_t offset, std::uint64_t bytes) const;

 private:
  MappedFile() = default;
  std::string path_;
  const std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

// Writes a file that appears under its name complete or not at all: bytes go to a temporary
// name in the same folder (path + ".tmp." + process id + "." + counter), Commit syncs it, renames
// it and syncs the folder.  Destroyed without Commit, it leaves nothing behind.  After a failed
// write every later call, Commit included, returns the first error.
class OutputFile {
 public:
  enum class IfExists { kRefuse, kReplace };
  // kAlreadyExists at once when the name is taken and if_exists is kRefuse, so that long work
  // fails at its start.  kReplace replaces files only (a link itself, not what it leads to).
  static Result<OutputFile> Create(const std::string& path, IfExists if_exists);
  ~OutputFile();
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;

  const std::string& path() const { return path_; }
  std::uint64_t position() const { return position_; }  // bytes appended so far

  Status Append(std::span<const std::byte> bytes);  // buffered
  Status Append(std::string_view text);
  Status PadTo(std::uint64_t multiple);  // zeros up to a multiple of it
  // Overwrites bytes appended before.  REQUIRES: offset + bytes.size() <= position().
  Status WriteAt(std::uint64_t offset, std::span<const std::byte> bytes);
  // kAlreadyExists when IfExists::kRefuse and somebody made the file meanwhile.  REQUIRES: not
  // committed before; nothing is appended afterwards.
  Status Commit();

 private:
  OutputFile() = default;
  Status Flush();
  Status Write(std::uint64_t offset, std::span<const std::byte> bytes);
  std::string path_, temporary_path_;
  IfExists if_exists_ = IfExists::kRefuse;
  int descriptor_ = -1;
  std::uint64_t position_ = 0;
  std::vector<std::byte> buffer_;  // the last bytes appended, not written yet
  Status failure_;                 // the first failed write
};

// The same for a folder: files are written inside path(), Commit renames it to its name.
// With kReplace an older folder of that name changes places with this one (in one step where the
// file system can) and is then removed.
class OutputDirectory {
 public:
  // `marker`: a file that an older folder must hold to be replaced, so that a wrong path does not
  // cost a folder of something else; an empty folder, or an empty marker, passes.
  static Result<OutputDirectory> Create(const std::string& final_path,
                                        OutputFile::IfExists if_exists,
                                        const std::string& marker = {});
  ~OutputDirectory();
  OutputDirectory(OutputDirectory&& other) noexcept;
  OutputDirectory& operator=(OutputDirectory&&) = delete;

  // Where to write, until Commit.
  const std::string& path() const { return temporary_path_; }
  // As OutputFile::Commit.  The files inside must be on disk (OutputFile's are).
  Status Commit();

 private:
  OutputDirectory() = default;
  std::string final_path_, temporary_path_, marker_;
  OutputFile::IfExists if_exists_ = OutputFile::IfExists::kRefuse;
};

// The whole file as text.  Refuses files over `bytes_max` with kResourceExhausted.
Result<std::string> ReadTextFile(const std::string& path, std::uint64_t bytes_max);

}  // namespace kith
