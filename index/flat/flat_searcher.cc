// One pass over the rows in memory order, 256 at a time.
//
// 8-bit rows and a query of whole numbers in their range: distances are exact integers.
//
// Otherwise distances are computed in f32 first, with the error that core/distance.h promises, a
// fraction of the squared L2, or of |query| |row| for a dot product (Cauchy and Schwarz).  A row
// whose distance less that error is above the k-th best so far is out; the rest, few in the long
// run, are compared in float64.  So the answer is the float64 one, at the price of reading the rows
// once.
#include "index/flat/flat_searcher.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "core/distance64.h"
#include "index/flat/exact_neighbor.h"

namespace kith {
namespace {

constexpr std::size_t kChunkRows = 256;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kFloatMax = std::numeric_limits<float>::max();

// True and `out` filled when every value is a whole number that T holds.
template <typename T>
bool AsWholeNumbers(std::span<const float> query, std::span<T> out) {
  for (std::size_t i = 0; i < query.size(); ++i) {
    if (!(query[i] >= std::numeric_limits<T>::min() && query[i] <= std::numeric_limits<T>::max())) {
      return false;
    }
    out[i] = static_cast<T>(query[i]);
    if (static_cast<float>(out[i]) != query[i]) return false;
  }
  return true;
}

class FlatSearcher : public Searcher {
 public:
  explicit FlatSearcher(const FlatRows& rows)
      : rows_(rows),
        u8_query_(rows.rows.dim),
        i8_query_(rows.rows.dim),
        heap_(std::min<std::size_t>(kSearchKMax, rows.rows.rows)) {
    const auto dim = static_cast<double>(rows.rows.dim);
    const double roundings = (dim + 4) * 0x1p-24;  // two more than f32 has, for the float64 sums
    error_ = roundings / (1 - roundings);
    underflow_ = dim * 0x1p-148;
  }

  Result<std::size_t> Search(std::span<const float> query, const SearchParams& params,
                             std::span<Neighbor> out) override {
    TRY(ValidateSearch(query, rows_.rows.dim, params, out));
    stats_ = {};
    size_ = 0;
    k_ = std::min<std::size_t>(params.k, rows_.rows.rows);
    if (k_ == 0) return std::size_t{0};
    filter_ = params.filter == nullptr ? SearchFilter{} : *params.filter;
    const bool whole = rows_.metric != Metric::kCosine;
    if (whole && rows_.rows.type == DataType::kU8 &&
        AsWholeNumbers<std::uint8_t>(query, u8_query_)) {
      ScanIntegers(u8_query_.data());
    } else if (whole && rows_.rows.type == DataType::kI8 &&
               AsWholeNumbers<std::int8_t>(query, i8_query_)) {
      ScanIntegers(i8_query_.data());
    } else {
      ScanFloats(query);
    }
    stats_.distances = rows_.rows.rows;
    std::sort_heap(heap_.begin(), heap_.begin() + size_);
    for (std::size_t i = 0; i < size_; ++i) {
      out[i] = {.distance = static_cast<float>(heap_[i].distance), .id = heap_[i].id};
    }
    return std::size_t{size_};
  }

  const SearchStats& stats() const override { return stats_; }

 private:
  double threshold() const { return size_ == k_ ? heap_[0].distance : kInfinity; }

  bool Accepts(std::size_t row) const {
    return AcceptPosition(filter_, nullptr)(static_cast<std::uint32_t>(row));
  }

  template <typename T>
  void ScanIntegers(const T* query) {
    std::array<std::int64_t, kChunkRows> distances;
    for (std::size_t first = 0; first < rows_.rows.rows; first += kChunkRows) {
      const std::span chunk(distances.data(), std::min(kChunkRows, rows_.rows.rows - first));
      DistanceScan(rows_.metric, query, rows_.rows, first, chunk);
      for (std::size_t i = 0; i < chunk.size(); ++i) {
        const auto distance = static_cast<double>(chunk[i]);
        if (distance > threshold() || !Accepts(first + i)) continue;
        PushNearest(heap_.data(), size_, k_,
                    {.distance = distance, .id = static_cast<std::uint32_t>(first + i)});
      }
    }
  }

  void ScanFloats(std::span<const float> query) {
    query_length_ = std::sqrt(DotInF64(query.data(), query.data(), query.size()));
    const Metric raw = rows_.metric == Metric::kL2 ? Metric::kL2 : Metric::kInnerProduct;
    std::array<float, kChunkRows> distances;
    for (std::size_t first = 0; first < rows_.rows.rows; first += kChunkRows) {
      const std::span chunk(distances.data(), std::min(kChunkRows, rows_.rows.rows - first));
      DistanceScan(raw, query.data(), rows_.rows, first, chunk);
      for (std::size_t i = 0; i < chunk.size(); ++i) {
        if (LowestDistance(chunk[i]) > threshold() || !Accepts(first + i)) continue;
        const std::size_t row = first + i;
        ++stats_.reranked;
        PushNearest(
            heap_.data(), size_, k_,
            {.distance = ExactDistance(query.data(), row), .id = static_cast<std::uint32_t>(row)});
      }
    }
  }

  // No float64 distance whose f32 value (negated dot for cosine) is `computed` is smaller.
  double LowestDistance(float computed) const {
    if (rows_.metric == Metric::kL2) {
      return std::min<double>(computed, kFloatMax) * (1 - error_) - underflow_;
    }
    if (!std::isfinite(computed)) return -kInfinity;  // overflow of either sign, or both
    const double dot = computed - error_ * query_length_ * rows_.length_max - underflow_;
    if (rows_.metric == Metric::kInnerProduct) return dot;
    return query_length_ > 0 ? 1 + dot / query_length_ - 0x1p-40 : 1;
  }

  double ExactDistance(const float* query, std::size_t row) const {
    if (rows_.metric != Metric::kCosine) {
      return DistanceInF64(rows_.metric, query, rows_.rows, row);
    }
    const double dot = -DistanceInF64(Metric::kInnerProduct, query, rows_.rows, row);
    return query_length_ > 0 ? 1 - dot / query_length_ : 1;
  }

  const FlatRows rows_;
  double error_ = 0, underflow_ = 0;  // of the f32 distances
  std::vector<std::uint8_t> u8_query_;
  std::vector<std::int8_t> i8_query_;
  SearchFilter filter_;
  double query_length_ = 0;
  std::size_t k_ = 0;
  std::vector<ExactNeighbor> heap_;
  std::uint32_t size_ = 0;
  SearchStats stats_;
};

}  // namespace

std::unique_ptr<Searcher> NewFlatSearcher(const FlatRows& rows) {
  return std::make_unique<FlatSearcher>(rows);
}

}  // namespace kith
