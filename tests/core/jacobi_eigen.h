// The oracle of eigenvalue tests: cyclic Jacobi rotations, slow and obviously right.
// Thread-safe: a pure function.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <vector>

namespace kith {

// The eigenvalues of a symmetric n x n matrix in row order, falling.
inline std::vector<double> JacobiEigenvalues(std::vector<double> a, std::size_t n) {
  const auto at = [&](std::size_t i, std::size_t j) -> double& { return a[i * n + j]; };
  for (int sweep = 0; sweep < 50; ++sweep) {
    double off = 0, all = 0;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        all += at(i, j) * at(i, j);
        if (i != j) off += at(i, j) * at(i, j);
      }
    }
    if (off <= 1e-30 * all) break;
    for (std::size_t p = 0; p < n; ++p) {
      for (std::size_t q = p + 1; q < n; ++q) {
        if (at(p, q) == 0) continue;
        const double angle = std::atan2(2 * at(p, q), at(p, p) - at(q, q)) / 2;
        const double c = std::cos(angle), s = std::sin(angle);
        for (std::size_t k = 0; k < n; ++k) {
          const double x = at(k, p), y = at(k, q);
          at(k, p) = c * x + s * y;
          at(k, q) = c * y - s * x;
        }
        for (std::size_t k = 0; k < n; ++k) {
          const double x = at(p, k), y = at(q, k);
          at(p, k) = c * x + s * y;
          at(q, k) = c * y - s * x;
        }
      }
    }
  }
  std::vector<double> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = at(i, i);
  std::sort(values.begin(), values.end(), std::greater<>());
  return values;
}

}  // namespace kith
