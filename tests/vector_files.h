// Small vector files for tests, written byte by byte so that no code of the project is trusted.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace kith {

template <typename T>
std::string BytesOf(const T& value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

// Rows of texmex format: .fvecs of float, .ivecs of int32, .bvecs of uint8.
template <typename T>
std::string Texmex(const std::vector<std::vector<T>>& rows) {
  std::string bytes;
  for (const std::vector<T>& row : rows) {
    bytes += BytesOf(static_cast<std::int32_t>(row.size()));
    for (const T value : row) bytes += BytesOf(value);
  }
  return bytes;
}

// An .fbin file without rows.
inline std::string EmptyFbin(std::uint32_t dim) { return BytesOf(std::uint32_t{0}) + BytesOf(dim); }

template <typename T>
std::vector<std::vector<T>> RowsOfTexmex(const std::string& bytes) {
  std::vector<std::vector<T>> rows;
  for (std::size_t at = 0; at + 4 <= bytes.size();) {
    std::int32_t dim = 0;
    std::memcpy(&dim, bytes.data() + at, 4);
    std::vector<T> row(static_cast<std::size_t>(dim));
    std::memcpy(row.data(), bytes.data() + at + 4, row.size() * sizeof(T));
    at += 4 + row.size() * sizeof(T);
    rows.push_back(std::move(row));
  }
  return rows;
}

// Rows around a few centres, as real vectors lie.
inline std::vector<std::vector<float>> ClusteredRows(std::size_t count, std::size_t dim,
                                                     std::uint64_t seed) {
  std::mt19937_64 centre_random(99), random(seed);
  std::normal_distribution<float> normal;
  std::vector<std::vector<float>> centres(16, std::vector<float>(dim));
  for (auto& centre : centres) {
    for (float& x : centre) x = 3 * normal(centre_random);
  }
  std::vector<std::vector<float>> rows(count, std::vector<float>(dim));
  for (auto& row : rows) {
    const auto& centre = centres[random() % centres.size()];
    for (std::size_t d = 0; d < dim; ++d) row[d] = centre[d] + normal(random);
  }
  return rows;
}

// Row numbers of the k nearest rows by squared Euclidean distance in float64, ties to the lower.
inline std::vector<std::int32_t> NearestByDefinition(const std::vector<std::vector<float>>& base,
                                                     const std::vector<float>& query,
                                                     std::size_t k) {
  std::vector<std::pair<double, std::int32_t>> all;
  for (std::size_t r = 0; r < base.size(); ++r) {
    double distance = 0;
    for (std::size_t d = 0; d < query.size(); ++d) {
      const double difference = double{base[r][d]} - double{query[d]};
      distance += difference * difference;
    }
    all.emplace_back(distance, static_cast<std::int32_t>(r));
  }
  std::sort(all.begin(), all.end());
  std::vector<std::int32_t> ids;
  for (std::size_t i = 0; i < k; ++i) ids.push_back(all[i].second);
  return ids;
}

}  // namespace kith
