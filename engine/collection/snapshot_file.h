// A snapshot: one file that holds the store of a collection as it was at one moment.
//
//   snapshot := header file* footer
//   header   := magic: "KITHSNP\0" | version: u32 = 1 | meta_bytes: u32 |
//               crc: u32 (crc32c of the 16 bytes before and of meta) | meta: char[meta_bytes]
//   file     := "FILE" | name_bytes: u32 | bytes: u64 |
//               crc: u32 (crc32c of the 16 bytes before and of name) | name: char[name_bytes] |
//               data: u8[bytes] | data_crc: u32 (crc32c of data)
//   footer   := "KEND" | file_count: u32 | data_bytes: u64 (of all files) |
//               crcs: u32 (crc32c of every data_crc in turn) |
//               crc: u32 (crc32c of the 20 bytes before)
//   meta     := {"collection": NAME, "created_unix_s": N, "points": N}
//
// Little endian; the footer ends the file.  Names are relative paths of 1 to 8 parts of 1 to 200
// letters, digits, '.', '_' and '-', no part of dots only, no name twice or below another: none
// leads out of a folder.
//
// A snapshot holds the catalog only (storage/catalog.h, below "store/"): payload indexes and
// segments are made again from it, the vectors' graphs in the background, when it is restored.  So
// it is as small as it can be, and taking one waits for nobody; restoring costs one build of the
// graphs.
//
// Errors: kCorruption (not a snapshot, cut off, changed; file and offset), kUnsupported (a newer
// version), kCancelled, kIoError.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/cancellation.h"
#include "core/file.h"
#include "core/progress.h"
#include "core/result.h"

namespace kith {

inline constexpr std::uint32_t kSnapshotVersion = 1;
inline constexpr std::size_t kSnapshotMetaBytesMax = 65536;
inline constexpr std::size_t kSnapshotNameBytesMax = 255;
inline constexpr std::size_t kSnapshotNamePartsMax = 8;
inline constexpr std::size_t kSnapshotPartBytesMax =
    200;  // files are first written under longer names
inline constexpr std::uint32_t kSnapshotFilesMax = 1u << 20;

struct SnapshotMeta {
  std::string collection;
  std::uint64_t created_unix_s = 0;
  std::uint64_t points = 0;  // about: writes go on while it is taken
};

struct SnapshotTotals {
  std::uint32_t files = 0;
  std::uint64_t data_bytes = 0;
};

struct SnapshotWriteParams {
  SnapshotMeta meta;
  std::string folder;  // whose files go in, with their names below it
  std::string output;
  OutputFile::IfExists if_exists = OutputFile::IfExists::kRefuse;
};

// REQUIRES: nobody changes the folder.  Errors: kAlreadyExists, kInvalidArgument (a file whose name
// a snapshot cannot hold).
Result<SnapshotTotals> WriteSnapshot(const SnapshotWriteParams& params,
                                     const Cancellation& cancellation, Progress& progress);

// Thread-compatible.
class SnapshotReader {
 public:
  // Reads the header.
  static Result<SnapshotReader> Open(const std::string& path);

  const std::string& path() const { return file_.path(); }
  std::uint64_t bytes() const { return file_.bytes(); }
  const SnapshotMeta& meta() const { return meta_; }

  // Reads all of it and compares every checksum.
  Result<SnapshotTotals> Verify(const Cancellation& cancellation, Progress& progress) const;
  // The same, and writes the files below `folder`, on disk when it returns.  After an error some
  // are there.  REQUIRES: the folder exists and is empty.
  Result<SnapshotTotals> Extract(const std::string& folder, const Cancellation& cancellation,
                                 Progress& progress) const;

 private:
  SnapshotReader(File file, SnapshotMeta meta, std::uint64_t files_at)
      : file_(std::move(file)), meta_(std::move(meta)), files_at_(files_at) {}

  // Tells `begin` each file's name, `data` its bytes in pieces, `end` when its checksum is right.
  struct Visitor {
    std::function<Status(const std::string& name)> begin;
    std::function<Status(std::span<const std::byte> bytes)> data;
    std::function<Status()> end;
  };
  Result<SnapshotTotals> Visit(const Visitor& visitor, const Cancellation& cancellation,
                               Progress& progress) const;

  File file_;
  SnapshotMeta meta_;
  std::uint64_t files_at_;
};

}  // namespace kith
