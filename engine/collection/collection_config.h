// What a collection is made of: its named vectors, and how its segments are kept.
//
// Kept in the catalog as JSON (Qdrant's names where it has them).  A value; thread-compatible.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/data_type.h"
#include "core/json_value.h"
#include "core/result.h"
#include "index/codec/codec_kind.h"

namespace kith {

inline constexpr std::size_t kVectorNamesMax = 256;
inline constexpr std::size_t kVectorNameBytesMax = 255;

struct VectorConfig {
  std::uint16_t field = 0;  // its number in the catalog; given once, never used again
  std::uint32_t size = 0;
  Metric metric = Metric::kCosine;   // scores: core/data_type.h, index/vector_index.h
  ExactKind rows = ExactKind::kF32;  // datatype float32, float16 or uint8
  bool on_disk = false;              // links and codes mapped too, not resident
  std::uint32_t m = 16, ef_construct = 200;
  friend bool operator==(const VectorConfig&, const VectorConfig&) = default;
};

struct OptimizerConfig {
  double deleted_threshold = 0.2;           // share of deleted rows at which a segment is rebuilt
  std::uint32_t vacuum_rows_min = 1000;     // smaller segments are not rebuilt for that
  std::uint64_t live_bytes_max = 32 << 20;  // rows of a segment in memory before it is sealed
  std::uint32_t live_rows_max = 131072;
  std::uint32_t merge_factor = 4;  // segments of like size that are merged into one
  // Changed points after which payload indexes are saved again (0.15 s for each million there are);
  // the payloads of as many are read when the collection is opened.
  std::uint64_t index_changes_max = 50000;
  std::uint32_t threads = 1;  // of a build
  friend bool operator==(const OptimizerConfig&, const OptimizerConfig&) = default;
};

struct CollectionConfig {
  std::map<std::string, VectorConfig> vectors;  // "" is the unnamed one
  OptimizerConfig optimizer;
  friend bool operator==(const CollectionConfig&, const CollectionConfig&) = default;
};

// Gives fields their numbers (0, 1, ... in the order of names).  For a new collection.
void NumberFields(CollectionConfig& config);

// Where a named vector stands in the order of names.  Errors: kInvalidArgument.
Result<std::size_t> FieldPosition(const CollectionConfig& config, const std::string& name);

// kInvalidArgument unless a vector of `size` values fits.  `name` is told where it is not "".
Status CheckVectorSize(const VectorConfig& config, const std::string& name, std::size_t size);

// Errors: kInvalidArgument naming what is out of range.
Status ValidateConfig(const CollectionConfig& config);

JsonValue ConfigToJson(const CollectionConfig& config);
// Errors: kCorruption; `where` opens the message.
Result<CollectionConfig> ConfigFromJson(const JsonValue& json, const std::string& where);

// "Cosine", "Euclid", "Dot".  Errors: kInvalidArgument, kUnsupported.
std::string_view DistanceName(Metric metric);
Result<Metric> ParseDistance(std::string_view name);

}  // namespace kith
