#include "bench/data_set.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>
#include <vector>

#include "storage/vector_file.h"

namespace kith {
namespace {

constexpr std::uint64_t kFileBytesMax = std::uint64_t{64} << 30;
constexpr double kTieTolerance = 1e-6;  // relative; far below any gap that matters

void Normalize(MatrixView<float> rows) {
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    double sum = 0;
    for (const float value : rows.row(r)) sum += double{value} * value;
    if (sum == 0) continue;
    const double scale = 1 / std::sqrt(sum);
    for (float& value : rows.row(r)) value = static_cast<float>(value * scale);
  }
}

// A multiplicative hash of the bit patterns: enough to tell data sets apart.
std::string HashRows(MatrixView<const float> rows) {
  std::uint64_t hash = 0x9e3779b97f4a7c15;
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    for (const float value : rows.row(r)) {
      hash = (std::rotl(hash, 5) ^ std::bit_cast<std::uint32_t>(value)) * 0x517cc1b727220a95;
    }
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

double Distance(std::span<const float> a, std::span<const float> b, Metric metric) {
  double sum = 0;
  if (metric == Metric::kL2) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      const double difference = double{a[i]} - b[i];
      sum += difference * difference;
    }
    return sum;
  }
  for (std::size_t i = 0; i < a.size(); ++i) sum -= double{a[i]} * b[i];
  return sum;
}

Status CheckShapes(const DataSet& data) {
  const DataSetParams& params = data.params;
  if (data.base.cols() != data.queries.cols()) {
    return Error{ErrorCode::kInvalidArgument, params.query_path + " has dim " +
                                                  std::to_string(data.queries.cols()) +
                                                  ", expected " + std::to_string(data.base.cols()) +
                                                  " as in " + params.base_path};
  }
  if (data.truth.rows() == 0 || data.queries.rows() == 0) {
    return Error{ErrorCode::kInvalidArgument, "no queries with ground truth in " +
                                                  params.query_path + " and " + params.truth_path};
  }
  for (std::size_t q = 0; q < data.truth.rows(); ++q) {
    for (const std::int32_t id : data.truth.row(q)) {
      if (id >= 0 && static_cast<std::size_t>(id) >= data.base.rows()) {
        return Error{ErrorCode::kInvalidArgument, params.truth_path + " row " + std::to_string(q) +
                                                      " names row " + std::to_string(id) +
                                                      ", expected less than " +
                                                      std::to_string(data.base.rows())};
      }
    }
  }
  return {};
}

}  // namespace

Result<DataSet> LoadDataSet(const DataSetParams& params) {
  DataSet data;
  data.params = params;
  data.base = TRY(ReadAllF32(params.base_path, kFileBytesMax));
  data.queries = TRY(ReadAllF32(params.query_path, kFileBytesMax));
  data.truth = TRY(ReadAllI32(params.truth_path, kFileBytesMax));
  TRY(CheckShapes(data));
  data.key = std::to_string(data.base.rows()) + "x" + std::to_string(data.base.cols()) + "-" +
             std::string(MetricName(params.metric)) + "-" + HashRows(data.base.view());
  if (params.metric == Metric::kCosine) {
    Normalize(data.base.view());
    Normalize(data.queries.view());
  }

  std::size_t count = std::min(data.queries.rows(), data.truth.rows());
  if (params.queries_max > 0) count = std::min<std::size_t>(count, params.queries_max);
  if (count < data.queries.rows()) {
    Matrix<float> first(count, data.queries.cols());
    std::memcpy(first.data(), data.queries.data(), count * first.cols() * sizeof(float));
    data.queries = std::move(first);
  }
  return data;
}

double RecallByDistance(const DataSet& data, MatrixView<const std::uint32_t> ids) {
  const std::size_t k = ids.cols();
  assert(ids.rows() == data.queries.rows() && k <= data.truth.cols());
  std::size_t hits = 0, wanted = 0;
  std::vector<std::uint32_t> named(k);
  for (std::size_t q = 0; q < ids.rows(); ++q) {
    const auto truth = data.truth.row(q).first(k);
    const std::size_t present = std::find(truth.begin(), truth.end(), -1) - truth.begin();
    if (present == 0) continue;
    wanted += present;

    const auto distance = [&](std::uint32_t id) {
      return Distance(data.queries.row(q), data.base.row(id), data.params.metric);
    };
    const double last = distance(static_cast<std::uint32_t>(truth[present - 1]));
    const double limit = last + kTieTolerance * std::abs(last);
    std::copy(ids.row(q).begin(), ids.row(q).end(), named.begin());
    std::sort(named.begin(), named.end());
    const auto end = std::unique(named.begin(), named.end());
    const auto found = std::count_if(named.begin(), end, [&](std::uint32_t id) {
      return id < data.base.rows() && distance(id) <= limit;
    });
    hits += std::min<std::size_t>(found, present);
  }
  return wanted == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(wanted);
}

}  // namespace kith
