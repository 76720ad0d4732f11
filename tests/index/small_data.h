// Small made-up vector sets for the tests of index/.
#pragma once

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "core/matrix.h"
#include "core/random.h"
#include "storage/vector_file.h"

namespace kith {

// `clusters` Gaussian clusters of deviation 0.5 around normal centres.
inline Matrix<float> ClusteredVectors(std::size_t rows, std::size_t dim, std::uint64_t seed,
                                      std::size_t clusters = 20) {
  Matrix<float> centres(clusters, dim), vectors(rows, dim);
  RandomStream centre_random(42, 0), random(seed, 1);
  for (std::size_t c = 0; c < clusters; ++c) {
    for (float& x : centres.row(c)) x = static_cast<float>(centre_random.Normal());
  }
  for (std::size_t r = 0; r < rows; ++r) {
    const std::size_t cluster = random.Below(clusters);
    for (std::size_t i = 0; i < dim; ++i) {
      vectors.row(r)[i] = centres.row(cluster)[i] + 0.5f * static_cast<float>(random.Normal());
    }
  }
  return vectors;
}

// Whole numbers 0..255.
inline Matrix<float> ByteVectors(std::size_t rows, std::size_t dim, std::uint64_t seed) {
  Matrix<float> vectors(rows, dim);
  RandomStream random(seed, 2);
  for (std::size_t r = 0; r < rows; ++r) {
    for (float& x : vectors.row(r)) x = static_cast<float>(random.Below(256));
  }
  return vectors;
}

inline void WriteVectors(const std::string& path, const Matrix<float>& vectors,
                         DataType type = DataType::kF32) {
  auto writer = VectorWriter::Create(path, type, static_cast<std::uint32_t>(vectors.cols()),
                                     OutputFile::IfExists::kReplace);
  ASSERT_TRUE(writer.ok()) << writer.error().message;
  ASSERT_TRUE(writer.value()->AppendF32(vectors.view()).ok());
  ASSERT_TRUE(writer.value()->Commit().ok());
}

}  // namespace kith
