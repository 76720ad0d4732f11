// Which sealed segments a collection consists of, and up to which write they hold everything.
//
//   MANIFEST := segment file of kind "manifest" (storage/segment_file.h) with
//     section "meta"      u32 version = 1 | u32 segment_count | u64 generation | u64 sequence |
//                         u64 payload_sequence | entry[segment_count]
//     entry               u32 serial | u16 field | u16 zero | u32 rows | u32 deleted_count
//     section "deleted.F.S"   for each entry with deleted_count > 0: u64 words, a bit a row;
//                             F is the field, S the serial
// The segment of an entry is the file "segments/F-S.kith".
//
// Every vector written by a batch up to `sequence` is in a segment; whatever later batches touched
// is found in the catalog's list of changes.  "payload.kith" has the payload indexes as of
// `payload_sequence` (0: there is none).  Written new, synced and renamed: old or new, never half.
// Errors: those of segment files, kUnsupported (newer version), kCorruption.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/collection/segment.h"

namespace kith {

struct ManifestEntry {
  std::uint16_t field = 0;
  std::uint32_t serial = 0, rows = 0, deleted_count = 0;
  std::shared_ptr<const DeletedBits> deleted;  // null: none
};

struct Manifest {
  std::uint64_t generation = 0, sequence = 0, payload_sequence = 0;
  std::vector<ManifestEntry> entries;
};

std::string SegmentFileName(std::uint16_t field, std::uint32_t serial);

Status WriteManifest(const Manifest& manifest, const std::string& path);
Result<Manifest> ReadManifest(const std::string& path);

}  // namespace kith
