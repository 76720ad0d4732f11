// Distances among a sample of points: who is near whom.
//
// Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/point_id.h"
#include "core/result.h"
#include "engine/query/query_context.h"
#include "index/payload/filter.h"

namespace kith {

inline constexpr std::size_t kMatrixSampleMax = 4096;

struct MatrixRequest {
  std::size_t sample = 10;  // points; at least 2
  std::size_t limit = 3;    // nearest of each, among the sample
  std::optional<Filter> filter = {};
  std::string using_vector = {};
  std::optional<std::uint64_t> seed = {};  // none: another sample each time
};

struct MatrixAnswer {
  struct Pair {
    std::uint32_t a = 0, b = 0;  // positions in ids
    float score = 0;             // of the metric
  };
  std::vector<PointId> ids;  // ascending
  std::vector<Pair> pairs;   // by a, then nearest first, equal scores by id
  bool partial = false;
};

// O(sample^2) distances.  Errors: kInvalidArgument (no such vector, sample or limit out of range).
Result<MatrixAnswer> RunMatrix(const QueryContext& context, const MatrixRequest& request);

}  // namespace kith
