// The container of every kith index file: named sections with checksums.
//
//   file    := header section* table
//   header  := magic[8] "KITHSEG\0" | u32 version | u32 section_count | u64 table_offset |
//              u64 file_bytes | char kind[24] | u32 table_crc | u32 header_crc     (64 bytes)
//   section := bytes, starting at a multiple of 64, zero-padded to one
//   table   := entry[section_count]
//   entry   := char name[32], zero-padded | u64 offset | u64 bytes | u32 crc | u32 zero
//                                                                       (56 bytes)
// Little endian.  CRC-32C; header_crc covers the 60 bytes before it, table_crc the table, crc
// the section's bytes.  `kind` says what the file is ("hnsw", "flat", "text-encoder", ...);
// meaning and version of the contents belong to that kind's own "meta" section.
// Names and kinds are printable ASCII without spaces.  Sections stand in table order with nothing
// but padding between them, and the table ends the file.
//
// Errors: a newer `version` is kUnsupported, a file of another kind kInvalidArgument; anything
// inconsistent, foreign files included, is kCorruption naming the file, the section and the offset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancellation.h"
#include "core/file.h"
#include "core/progress.h"
#include "core/result.h"

namespace kith {

inline constexpr std::uint32_t kSegmentFileVersion = 1;
inline constexpr std::size_t kSegmentSectionsMax = 256;
inline constexpr std::size_t kSegmentAlignment = 64;

struct SegmentSection {
  std::string name;
  std::uint64_t offset = 0, bytes = 0;
  std::uint32_t crc = 0;
};

// Writes sections one after another.  Thread-compatible.
class SegmentWriter {
 public:
  static Result<SegmentWriter> Create(const std::string& path, std::string_view kind,
                                      OutputFile::IfExists if_exists);
  // REQUIRES: name is 1 to 31 printable bytes and not used before; one section open at a time.
  void Begin(std::string_view name);
  Status Append(std::span<const std::byte> bytes);
  Status End();
  // Begin, Append, End.
  Status AddSection(std::string_view name, std::span<const std::byte> bytes);
  // Writes table and header, syncs, renames.
  Status Commit();

 private:
  SegmentWriter(OutputFile file, std::string_view kind);
  OutputFile file_;
  std::string kind_;
  std::vector<SegmentSection> sections_;
  bool open_ = false;
};

// A segment file mapped read-only.  Movable; its spans last as long as it does.  Thread-safe
// once open.
class SegmentReader {
 public:
  // Checks header, table, bounds and alignment; reads no section.  `kind` empty accepts any.
  static Result<SegmentReader> Open(const std::string& path, std::string_view kind);

  const std::string& path() const { return file_.path(); }
  const std::string& kind() const { return kind_; }
  std::uint64_t bytes() const { return file_.bytes().size(); }
  const std::vector<SegmentSection>& sections() const { return sections_; }
  bool Has(std::string_view name) const;

  // The section's bytes, not verified.  A missing one is kCorruption.
  Result<std::span<const std::byte>> Section(std::string_view name) const;
  // The same, after comparing its checksum.
  Result<std::span<const std::byte>> VerifiedSection(std::string_view name) const;
  // Advises random access and huge pages for the section.
  void AdviseRandom(std::string_view name) const;

  // Compares every checksum and looks for stray bits in the padding.  Errors name section and
  // offset.  `progress` counts bytes; its owner ends the stage.
  Status VerifyAll(const Cancellation& cancellation, Progress& progress) const;

 private:
  SegmentReader(MappedFile file, std::string kind, std::vector<SegmentSection> sections);
  const SegmentSection* Find(std::string_view name) const;  // null: no such section
  Status VerifySection(const SegmentSection& section, const Cancellation& cancellation,
                       Progress& progress) const;
  Status VerifyPadding(const SegmentSection& section) const;

  MappedFile file_;
  std::string kind_;
  std::vector<SegmentSection> sections_;
};

}  // namespace kith
