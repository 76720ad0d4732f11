// An HNSW index in memory that takes vectors while it is searched.
//
// Append puts a vector behind the others; from then on searches compare it exactly.  LinkNext puts
// vectors into the graph, in the order they came, one after another; from then on they are found by
// a walk.  So a vector can be searched at once, and a burst of them is linked in peace.
//
// The graph depends on parameters and order of arrival alone.  Rows are kept as they are (f32, f16
// or u8), walked and compared without a codec.  A row is never changed or removed: whoever replaces
// vectors masks the old position (SearchFilter::deleted).  Memory for `capacity` rows is reserved
// at the start and used as they come.
//
// Threads: Append by one thread at a time, LinkNext by one thread at a time (which may be another),
// searches by any number, each with its own searcher.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "core/cancellation.h"
#include "core/data_type.h"
#include "core/result.h"
#include "index/codec/codec_kind.h"
#include "index/vector_index.h"

namespace kith {

struct LiveIndexParams {
  Metric metric = Metric::kL2;
  std::uint32_t dim = 0;
  std::uint32_t capacity = 0;        // rows
  ExactKind rows = ExactKind::kF32;  // kF32, kF16 (rounds) or kU8 (whole numbers 0..255)
  std::uint32_t m = 16;
  std::uint32_t ef_construction = 128;
  std::uint64_t seed = 42;
};

// Searches of one thread.  Thread-compatible; must not outlive the index.
class LiveSearcher {
 public:
  virtual ~LiveSearcher() = default;
  // As Searcher::Search, among the first `rows` positions.  params.ef_search of 0 means 64 (there
  // is no calibration).  REQUIRES: rows <= index.rows() as seen by this thread.
  virtual Result<std::size_t> Search(std::span<const float> query, const SearchParams& params,
                                     std::uint32_t rows, std::span<Neighbor> out) = 0;
  virtual const SearchStats& stats() const = 0;
};

class LiveIndex {
 public:
  // Errors: kInvalidArgument (dim outside 1..kIndexDimMax, capacity of 0 or above kIndexRowsMax, m
  // outside 2..128, ef_construction outside 1..4096, rows of another kind).
  static Result<std::unique_ptr<LiveIndex>> Create(const LiveIndexParams& params);
  virtual ~LiveIndex() = default;

  virtual const LiveIndexParams& params() const = 0;
  // Appended, and in the graph.  linked() <= rows().
  virtual std::uint32_t rows() const = 0;
  virtual std::uint32_t linked() const = 0;

  // The position taken.  REQUIRES: rows() < capacity; the vector is finite, of the index's dim, for
  // cosine normalised (or zero), for u8 whole numbers 0..255.
  virtual std::uint32_t Append(std::span<const float> vector, std::uint32_t id) = 0;

  // Links up to `count` more; returns how many were waiting and are linked.  Looks at the
  // cancellation between rows.
  virtual std::uint32_t LinkNext(std::uint32_t count, const Cancellation& cancellation) = 0;

  virtual std::uint32_t IdAt(std::uint32_t position) const = 0;
  // The vector as it is kept.  REQUIRES: position < rows().
  virtual void VectorAt(std::uint32_t position, std::span<float> vector) const = 0;

  virtual std::unique_ptr<LiveSearcher> NewSearcher() const = 0;
  virtual std::uint64_t memory_bytes() const = 0;  // reserved
};

}  // namespace kith
