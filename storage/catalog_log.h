// Whether the logs of a RocksDB database lost anything but an unfinished last record.
//
// Write-ahead logs hold what was committed and is not yet in sorted files; the manifest, of the
// same form, which files make up the database:
//
//   log      := blocks of 32768 bytes, the last one shorter
//   block    := piece* zeros                  less than 7 of them
//   piece    := crc: u32 bytes: u16 type: u8 u8[bytes]      crc32c of type and bytes, masked
//   type     := 1 whole record, 2 first, 3 middle, 4 last piece of one
//   record   := sequence: u64 operations: u32 u8[...]       RocksDB's numbers, not the catalog's;
//                                                           in manifests something else
//
// A crash may leave the last record torn: cut off at the end of the file or, after a loss of power,
// with pages of zeros in it.  Nobody was told that it was committed, and RocksDB drops it.  But it
// also drops what a flipped bit looks like it: a length that runs past the end of the log, say, and
// then everything behind it, without an error.  Therefore this reads the logs first.
// Functions without state; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/result.h"

namespace kith {

struct LogExtent {
  bool torn = false;                        // ends in an unfinished record
  std::optional<std::uint64_t> first, end;  // sequences of the first record, behind the last
};

// Reads one log; `name` opens error messages.  kCorruption for anything but a torn last record: a
// bad piece with sound ones behind it, or a whole one that fails its checksum, with its offset.
Result<LogExtent> CheckLog(std::span<const std::byte> bytes, const std::string& name);

// CheckLog for all "*.log" of a folder and its manifest; kCorruption also when a log is torn and a
// later one does not go on where it ends.
Status CheckLogs(const std::string& folder);

}  // namespace kith
