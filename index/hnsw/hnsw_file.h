// The file of an HNSW index: a segment file of kind "hnsw" (grammar in docs/formats.md).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/aligned_buffer.h"
#include "core/cancellation.h"
#include "core/data_type.h"
#include "core/progress.h"
#include "core/result.h"
#include "index/calibration.h"
#include "index/codec/any_codec.h"
#include "index/codec/exact_rows.h"
#include "index/hnsw/graph.h"
#include "index/hnsw/hnsw_index.h"

namespace kith {

inline constexpr std::uint32_t kHnswVersion = 1;
inline constexpr const char* kHnswKind = "hnsw";

struct HnswMeta {
  Metric metric = Metric::kL2;
  ExactKind exact = ExactKind::kNone;
  std::uint32_t dim = 0, rows = 0;
  std::uint32_t m = 0, ef_construction = 0;
  std::uint64_t seed = 0;
  bool keep_pruned = false;
  float rerank_slack = 0;
  std::vector<std::uint32_t> level_counts;

  void Save(ByteWriter& writer) const;
  // Errors: kUnsupported (newer version), kCorruption (out of range or inconsistent).
  static Result<HnswMeta> Load(std::span<const std::byte> bytes, const std::string& path);
};

// An index in memory, ready to be written.  Node i has code i and source row i.
struct HnswParts {
  HnswMeta meta;
  const AnyCodec* codec = nullptr;
  GraphView graph;
  CodeArray codes;
  ExactRows source;  // written as meta.exact
  std::span<const std::uint32_t> ids;
  const Calibration* calibration = nullptr;
  // File position i holds node order[i]; keeps levels in place.
  std::span<const std::uint32_t> order;
};

// Returns the file's size.
Result<std::uint64_t> WriteHnswFile(const HnswParts& parts, const std::string& path,
                                    const Cancellation& cancellation, Progress& progress);

std::string LinksSectionName(std::size_t level);

}  // namespace kith
