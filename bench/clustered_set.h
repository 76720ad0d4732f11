// The seeded float set of the benchmarks: a mixture of Gaussian-like clusters.
//
// Everything happens in a shared flat of `latent_dim` random directions, as embeddings lie near
// one: cluster c has a centre in it, a row is drawn around its cluster's centre and then lifted
// to `dim` numbers, with a little noise that leaves the flat:
//
//   row = sum_j (centre[c][j] + latent_j) * direction[j] + noise * e
//
// with every number of centre (times centre_spread), latent, direction and e drawn independently,
// mean 0, variance 1 (directions: 1 / latent_dim, so that a cluster has variance 1 + noise^2 in
// each of the `dim` numbers).  The latent dimension sets the difficulty, as local intrinsic
// dimension does in embeddings; by the defaults hnswlib (M=16, ef_construction=200) has recall@10
// .951 at ef 24 and .992 at ef 48.  Rejected: isotropic clusters of all 128 dimensions (no
// neighbours to find) and a flat for each cluster (no slope that leads a walk to the right
// cluster: hnswlib at ef 32 found all or nothing, 92 % and 8 % of the queries).
//
// A row is a pure function of (parameters, row number).  The numbers are sums of eight 16-bit
// integers (Irwin-Hall of order 8: bell-shaped, cut off at 4.9 standard deviations), so no
// rounding of a mathematics library enters, and a file has the same bytes on every machine.
//
// Thread-safe once constructed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kith {

struct ClusteredParams {
  std::uint64_t rows = 1'000'000;
  std::uint64_t queries = 2'000;
  std::uint32_t dim = 128;
  std::uint32_t clusters = 1'000;
  std::uint32_t latent_dim = 12;
  float centre_spread = 1.0F;  // standard deviation of a centre's numbers
  float noise = 0.1F;          // standard deviation of what leaves the flat
  std::uint64_t seed = 42;
};

class ClusteredSet {
 public:
  // REQUIRES: dim, clusters and latent_dim are not 0.
  explicit ClusteredSet(const ClusteredParams& params);

  const ClusteredParams& params() const { return params_; }
  // Base row r for r < rows, query r - rows after that.  REQUIRES: row.size() == dim.
  void Fill(std::uint64_t r, std::span<float> row) const;

 private:
  ClusteredParams params_;
  std::vector<float> centres_;     // clusters x latent_dim
  std::vector<float> directions_;  // latent_dim x dim
};

}  // namespace kith
