// The vectors themselves, for re-ranking what a walk over codes found.
//
// Rows of f32, f16 or u8, each padded to cache lines.  u8 holds rows of whole numbers 0..255
// without loss at a quarter of the memory.  f16 rounds to 11 bits: distances are those of the
// rounded rows. Borrows its rows.  Immutable; thread-safe, a Query belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/distance.h"
#include "index/codec/codec_kind.h"

namespace kith {

class ExactRows {
 public:
  ExactRows() = default;
  ExactRows(ExactKind kind, std::size_t dim, Metric metric, const std::uint8_t* rows);

  ExactKind kind() const { return kind_; }
  std::size_t dim() const { return rows_.dim; }
  bool empty() const { return kind_ == ExactKind::kNone; }
  static std::size_t RowBytes(ExactKind kind, std::size_t dim);  // a multiple of 64; none: 0

  // Writes one padded row.  REQUIRES: the kind can hold the values.
  static void Encode(ExactKind kind, std::span<const float> vector, std::uint8_t* row);
  void Decode(std::uint32_t row, std::span<float> vector) const;
  void Prefetch(std::uint32_t row) const;

  class Query {
   public:
    explicit Query(const ExactRows& rows);  // borrows
    void Prepare(std::span<const float> vector);
    // Smaller is nearer (core/data_type.h); cosine on rows and query that are normalised.
    float Distance(std::uint32_t row) const;

   private:
    const ExactRows* rows_;
    std::vector<float> vector_;
    std::vector<std::uint8_t> bytes_;  // the query, when it is whole numbers 0..255 as the rows
    bool is_bytes_ = false;
  };

 private:
  ExactKind kind_ = ExactKind::kNone;
  Metric metric_ = Metric::kL2;
  VectorRows rows_;
};

}  // namespace kith
