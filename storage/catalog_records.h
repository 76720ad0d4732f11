// Keys and values of the catalog's rows, as bytes; the catalog itself is storage/catalog.h.
//
//   points    key: slot                value: version: u64 id
//   ids       key: id                  value: slot: u32
//   payloads  key: slot                value: JSON as given
//   vectors   key: field: be16 slot    value: bytes as given
//   changes   key: sequence: be64      value: step*
//   default   key: "trimmed"           value: sequence: u64, up to which `changes` were trimmed
//             key: "meta/" name        value: bytes as given
//
//   slot      := be32                  big endian, so that rows stand in the order of the numbers
//   id        := PointId::Key(), 9 or 17 bytes
//   step      := LEB128 of at most 5 bytes: the first slot; then slot - the slot before, above 0
//
// Little endian where not `be`.  Decoding accepts exactly these bytes; anything else is
// kCorruption with what was expected and found, without the row, which the caller names.
// Functions without state; thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/point_id.h"
#include "core/result.h"
#include "storage/catalog_batch.h"

namespace kith {

struct CatalogPoint {
  PointId id;
  std::uint64_t version = 0;

  friend bool operator==(const CatalogPoint&, const CatalogPoint&) = default;
};

std::string SlotKey(std::uint32_t slot);
std::string VectorRowKey(VectorKey key);
std::string SequenceKey(std::uint64_t sequence);
std::string MetaKey(std::string_view name);
inline constexpr std::string_view kTrimmedKey = "trimmed";

Result<std::uint32_t> ParseSlotKey(std::string_view key);
Result<VectorKey> ParseVectorRowKey(std::string_view key);
Result<std::uint64_t> ParseSequenceKey(std::string_view key);

std::string EncodePoint(std::uint64_t version, std::string_view id_key);
Result<CatalogPoint> ParsePoint(std::string_view value);

std::string EncodeSlot(std::uint32_t slot);
Result<std::uint32_t> ParseSlot(std::string_view value);

std::string EncodeSequence(std::uint64_t sequence);
Result<std::uint64_t> ParseSequence(std::string_view value);

// REQUIRES: ascending, no two alike.
std::string EncodeSlots(std::span<const std::uint32_t> slots);
Result<std::vector<std::uint32_t>> ParseSlots(std::string_view value);

// Bytes for a message: as text when printable, else "0x" and hex digits; at most 40 characters.
std::string ShowBytes(std::string_view bytes);

}  // namespace kith
