#include "core/data_type.h"

#include <array>
#include <cassert>
#include <string>

namespace kith {
namespace {

struct TypeRow {
  DataType type;
  std::string_view name;
  std::size_t bytes;
};
constexpr std::array<TypeRow, 6> kTypes = {{{DataType::kF32, "f32", 4},
                                            {DataType::kF16, "f16", 2},
                                            {DataType::kBf16, "bf16", 2},
                                            {DataType::kU8, "u8", 1},
                                            {DataType::kI8, "i8", 1},
                                            {DataType::kI32, "i32", 4}}};

struct MetricRow {
  Metric metric;
  std::string_view name;
};
constexpr std::array<MetricRow, 3> kMetrics = {
    {{Metric::kL2, "l2"}, {Metric::kInnerProduct, "ip"}, {Metric::kCosine, "cosine"}}};

// Rows stand at the position of their value, so that a look-up is an index.
template <typename Rows, typename Key>
constexpr bool StandAtTheirValue(const Rows& rows, Key key) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (static_cast<std::size_t>(rows[i].*key) != i) return false;
  }
  return true;
}
static_assert(StandAtTheirValue(kTypes, &TypeRow::type));
static_assert(StandAtTheirValue(kMetrics, &MetricRow::metric));

template <typename Rows>
Error UnknownName(std::string_view what, std::string_view name, const Rows& rows) {
  std::string message = "unknown " + std::string(what) + " '" + std::string(name) + "'; known: ";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i > 0) message += ", ";
    message += rows[i].name;
  }
  return Error{ErrorCode::kInvalidArgument, message};
}

const TypeRow& Row(DataType type) {
  assert(static_cast<std::size_t>(type) < kTypes.size());
  return kTypes[static_cast<std::size_t>(type)];
}

}  // namespace

std::size_t DataTypeBytes(DataType type) { return Row(type).bytes; }

std::string_view DataTypeName(DataType type) { return Row(type).name; }

Result<DataType> ParseDataType(std::string_view name) {
  for (const TypeRow& row : kTypes) {
    if (row.name == name) return row.type;
  }
  return UnknownName("data type", name, kTypes);
}

std::string_view MetricName(Metric metric) {
  assert(static_cast<std::size_t>(metric) < kMetrics.size());
  return kMetrics[static_cast<std::size_t>(metric)].name;
}

Result<Metric> ParseMetric(std::string_view name) {
  for (const MetricRow& row : kMetrics) {
    if (row.name == name) return row.metric;
  }
  return UnknownName("metric", name, kMetrics);
}

}  // namespace kith
