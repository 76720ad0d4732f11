// Where points are imported from: an index directory, a file of vectors, or lines of JSON.
//
// Streamed: memory is one batch of points, and one line of the files.  Errors name file and line or
// row: kInvalidArgument (what it holds), kNotFound, kCorruption, kIoError.
//
// Thread-compatible.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/data_type.h"
#include "core/result.h"
#include "engine/collection/point.h"

namespace kith {

inline constexpr std::uint64_t kPointLineBytesMax = std::uint64_t{32} << 20;
inline constexpr std::size_t kSourceBatchPoints = 1024;
inline constexpr std::uint64_t kSourceBatchBytes = std::uint64_t{8} << 20;

// One of `index`, `vectors` and `jsonl` is given.
struct PointSourceParams {
  std::string index = {};    // directory of `kith build`; ids are row numbers, 0 to n - 1
  std::string vectors = {};  // any vector file (storage/vector_file.h); ids as with `index`
  std::string jsonl = {};    // points (engine/collection/point_json.h), a line each, or blank
  // With `index` and `vectors`, line by line to the rows.
  std::string payloads = {};  // JSON objects; a blank line is an empty one
  std::string ids = {};       // numbers or UUIDs, instead of row numbers
  std::string vector_name = {};
};

// What a collection for the points must be like.
struct PointShape {
  std::map<std::string, std::uint32_t> dims;  // of JSON lines: the vectors of the first point
  std::optional<Metric> metric;               // of an index
};

class PointSource {
 public:
  static Result<std::unique_ptr<PointSource>> Open(const PointSourceParams& params);
  virtual ~PointSource() = default;

  const PointShape& shape() const { return shape_; }
  // About kSourceBatchPoints points, or kSourceBatchBytes; none at the end.
  virtual Result<std::vector<Point>> Next() = 0;
  // For progress: how far it is, in units of its own (rows, bytes).
  virtual std::uint64_t total() const = 0;
  virtual std::uint64_t done() const = 0;

 protected:
  PointShape shape_;
};

}  // namespace kith
