#include "index/codec/pca_projection.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/distance.h"
#include "core/distance64.h"
#include "core/random.h"
#include "core/simd_target.h"
#include "core/top_k.h"
#include "storage/vector_file.h"
#include "tests/storage/file_fixture.h"

namespace kith {
namespace {

// Dim j has deviation (1 + j)^-decay around j % 7.
Matrix<float> Falling(std::size_t rows, std::size_t dim, double decay, std::uint64_t seed = 1) {
  Matrix<float> vectors(rows, dim);
  RandomStream random(seed, 0);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t j = 0; j < dim; ++j) {
      const double deviation = std::pow(1.0 + static_cast<double>(j), -decay);
      vectors.row(r)[j] =
          static_cast<float>(random.Normal() * deviation + static_cast<double>(j % 7));
    }
  }
  return vectors;
}

Matrix<float> ApplyToRows(const PcaProjection& projection, MatrixView<const float> vectors) {
  Matrix<float> projected(vectors.rows(), projection.rank());
  for (std::size_t r = 0; r < vectors.rows(); ++r) {
    projection.Apply(vectors.row(r), projected.row(r));
  }
  return projected;
}

double SquaredLength(std::span<const float> vector) {
  return DotInF64(vector.data(), vector.data(), vector.size());
}

class PcaProjectionTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ASSERT_TRUE(UseSimdTarget(GetParam())); }
  void TearDown() override { UseSimdTarget(""); }
};

INSTANTIATE_TEST_SUITE_P(Targets, PcaProjectionTest, testing::ValuesIn(SimdTargets()),
                         [](const auto& target) { return target.param; });

TEST_P(PcaProjectionTest, BitsAreThoseOfEveryOtherInstructionSet) {
  const Matrix<float> vectors = Falling(200, 150, 0.5);
  std::vector<float> results[2];
  for (std::vector<float>& result : results) {
    const auto projection = PcaProjection::Train(vectors.view(), 70, 3);
    std::vector<float> projected(70), back(150);
    for (std::size_t r = 0; r < 20; ++r) {
      result.push_back(projection.ApplyToDirection(vectors.row(r), projected));
      result.insert(result.end(), projected.begin(), projected.end());
      projection.Apply(vectors.row(r), projected);
      result.insert(result.end(), projected.begin(), projected.end());
      projection.Invert(projected, back);
      result.insert(result.end(), back.begin(), back.end());
    }
    ASSERT_TRUE(UseSimdTarget(""));
  }
  EXPECT_EQ(results[0], results[1]);
}

TEST_P(PcaProjectionTest, ProjectedLengthsHoldTheEnergyOfTheComponents) {
  const Matrix<float> vectors = Falling(400, 200, 1.0);
  const auto components = ComputePrincipalComponents(vectors.view(), 100, 1);
  const auto projection = PcaProjection::Train(components, 100, 1);
  EXPECT_EQ(projection.dim(), 200u);
  EXPECT_EQ(projection.rank(), 100u);
  double expected = 0, held = 0;
  for (std::size_t i = 0; i < 100; ++i) expected += components.variances[i];
  const Matrix<float> projected = ApplyToRows(projection, vectors.view());
  for (std::size_t r = 0; r < 400; ++r) held += SquaredLength(projected.row(r)) / 400;
  EXPECT_NEAR(held, expected, 3e-3 * expected);
}

TEST_P(PcaProjectionTest, CoordinatesHaveEqualVariance) {
  const Matrix<float> vectors = Falling(2000, 64, 1.0);
  const auto projection = PcaProjection::Train(vectors.view(), 32, 1);
  const Matrix<float> projected = ApplyToRows(projection, vectors.view());
  double least = 1e30, most = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    double variance = 0;
    for (std::size_t r = 0; r < 2000; ++r) variance += projected.row(r)[i] * projected.row(r)[i];
    least = std::min(least, variance);
    most = std::max(most, variance);
  }
  EXPECT_LT(most, 1.05 * least);  // the components' own variances differ by a factor of 1000
}

TEST_P(PcaProjectionTest, DistancesAreThoseOfTheVectorsWithoutWhatIsDropped) {
  const Matrix<float> vectors = Falling(300, 100, 2.0);
  const auto projection = PcaProjection::Train(vectors.view(), 60, 1);  // the rest is below 1e-5
  const Matrix<float> projected = ApplyToRows(projection, vectors.view());
  double error = 0, energy = 0;
  for (std::size_t r = 1; r < 300; ++r) {
    const double exact = SquaredL2(vectors.row(r).data(), vectors.row(0).data(), 100);
    const double found = SquaredL2(projected.row(r).data(), projected.row(0).data(), 60);
    error += std::abs(exact - found);
    energy += exact;
  }
  EXPECT_LT(error, 0.02 * energy);
}

TEST_P(PcaProjectionTest, InnerProductsAreThoseOfMeanAndDirectionTogether) {
  const Matrix<float> vectors = Falling(300, 100, 2.0), queries = Falling(20, 100, 2.0, 9);
  const auto projection = PcaProjection::Train(vectors.view(), 60, 1);
  const Matrix<float> projected = ApplyToRows(projection, vectors.view());
  std::vector<float> direction(60);
  for (std::size_t q = 0; q < 20; ++q) {
    const float constant = projection.ApplyToDirection(queries.row(q), direction);
    for (std::size_t r = 0; r < 300; ++r) {
      const double exact = DotInF64(queries.row(q).data(), vectors.row(r).data(), 100);
      const double found = constant + DotInF64(direction.data(), projected.row(r).data(), 60);
      ASSERT_NEAR(found, exact, 0.002 * exact) << q << " " << r;  // mean . mean is 1300
    }
  }
}

TEST_P(PcaProjectionTest, InvertComesBackNearTheVector) {
  const Matrix<float> vectors = Falling(300, 100, 2.0);
  const auto projection = PcaProjection::Train(vectors.view(), 60, 1);
  const Covariance covariance = ComputeCovariance(vectors.view());
  std::vector<float> projected(60), back(100);
  double error = 0;
  for (std::size_t r = 0; r < 300; ++r) {
    projection.Apply(vectors.row(r), projected);
    projection.Invert(projected, back);
    error += SquaredL2(back.data(), vectors.row(r).data(), 100) / 300;
  }
  EXPECT_LT(error, 1e-3 * covariance.total_variance);
}

TEST_P(PcaProjectionTest, TheMeanIsTheOrigin) {
  const Matrix<float> vectors = Falling(50, 40, 0.5);
  const auto projection = PcaProjection::Train(vectors.view(), 16, 1);
  const std::vector<float> mean = ComputeCovariance(vectors.view()).mean;
  std::vector<float> projected(16, 7), back(40);
  projection.Apply(mean, projected);
  EXPECT_EQ(projected, std::vector<float>(16, 0.0f));
  projection.Invert(projected, back);
  EXPECT_EQ(back, mean);
}

TEST(PcaProjectionTest, RanksAndDimsOfEverySizeProject) {
  for (const std::size_t dim : {1, 2, 3, 63, 64, 65, 130}) {
    for (const std::size_t rank : {1, 2, 7, 8, 9, 63, 64, 65, 129, 130}) {
      if (rank > dim) continue;
      const Matrix<float> vectors = Falling(100, dim, 0.5);
      const auto projection = PcaProjection::Train(vectors.view(), rank, 1);
      std::vector<float> projected(rank), back(dim), again(rank);
      projection.Apply(vectors.row(3), projected);
      projection.Invert(projected, back);
      projection.Apply(back, again);  // a projection: twice is once
      const double error = SquaredL2(projected.data(), again.data(), rank);
      EXPECT_LE(error, 1e-3 * SquaredLength(projected) + 1e-12) << dim << " to " << rank;
    }
  }
}

TEST(PcaProjectionTest, FullRankKeepsDistances) {
  const Matrix<float> vectors = Falling(50, 200, 0.2);
  const auto projection = PcaProjection::Train(vectors.view(), 200, 1);
  const Matrix<float> projected = ApplyToRows(projection, vectors.view());
  for (std::size_t r = 1; r < 50; ++r) {
    const double exact = SquaredL2(vectors.row(r).data(), vectors.row(0).data(), 200);
    const double found = SquaredL2(projected.row(r).data(), projected.row(0).data(), 200);
    EXPECT_NEAR(found, exact, 0.02 * exact) << r;
  }
}

TEST(PcaProjectionTest, EqualRowsAndFewRowsAreTaken) {
  Matrix<float> equal(3, 20);
  for (std::size_t r = 0; r < 3; ++r) std::ranges::fill(equal.row(r), 5.0f);
  const auto projection = PcaProjection::Train(equal.view(), 8, 1);
  std::vector<float> projected(8, 1.0f), vector(20, 5.0f);
  projection.Apply(vector, projected);
  EXPECT_EQ(projected, std::vector<float>(8, 0.0f));
  vector[3] = 6;
  projection.Apply(vector, projected);
  EXPECT_LE(SquaredLength(projected), 1.01);
  EXPECT_EQ(PcaProjection::Train(Falling(1, 20, 0).view(), 8, 1).rank(), 8u);
}

TEST(PcaProjectionTest, ChosenRankIsTheSmallestMultipleThatHoldsTheShare) {
  for (const std::size_t dim : {300, 1200}) {  // 1200: by subspace iteration
    const Matrix<float> vectors = Falling(400, dim, 0.6);
    const Covariance covariance = ComputeCovariance(vectors.view());
    for (const double share : {0.5, 0.85, 0.93, 0.97}) {
      const std::size_t rank = PcaProjection::ChooseRank(vectors.view(), share, 1);
      const auto components = ComputePrincipalComponents(covariance, std::min(dim, rank), 1);
      const auto held = [&](std::size_t count) {
        double sum = 0;
        for (std::size_t i = 0; i < count; ++i) sum += components.variances[i];
        return sum / covariance.total_variance;
      };
      EXPECT_TRUE(rank == dim || rank % PcaProjection::kRankMultiple == 0) << rank;
      EXPECT_GE(held(rank), share - 1e-3) << dim << " " << share;
      if (rank > 128) {
        EXPECT_LT(held((rank - 1) / 128 * 128), share + 1e-3) << dim << " " << share;
      }
    }
  }
}

TEST(PcaProjectionTest, IsotropicVectorsKeepAllDims) {
  EXPECT_EQ(PcaProjection::ChooseRank(Falling(1500, 300, 0.0).view(), 0.95, 1), 300u);
  EXPECT_EQ(PcaProjection::ChooseRank(Falling(2500, 1100, 0.0).view(), 0.97, 1), 1100u);
}

TEST(PcaProjectionTest, SmallAndHugeDimsAreLeftAlone) {
  EXPECT_EQ(PcaProjection::ChooseRank(Falling(20, 100, 2.0).view(), 0.5, 1), 100u);
  EXPECT_EQ(PcaProjection::ChooseRank(Falling(20, 128, 2.0).view(), 0.5, 1), 128u);
  const Matrix<float> wide(1, PcaProjection::kDimMax + 1);
  EXPECT_EQ(PcaProjection::ChooseRank(wide.view(), 0.5, 1), PcaProjection::kDimMax + 1);
}

TEST(PcaProjectionTest, TrainForShareHasTheChosenRank) {
  const Matrix<float> vectors = Falling(400, 300, 0.6);
  for (const double share : {0.8, 0.95, 0.9999}) {
    const auto projection = PcaProjection::TrainForShare(vectors.view(), share, 1);
    EXPECT_EQ(projection.rank(), PcaProjection::ChooseRank(vectors.view(), share, 1)) << share;
    const Matrix<float> projected = ApplyToRows(projection, vectors.view());
    double held = 0;
    for (std::size_t r = 0; r < 400; ++r) held += SquaredLength(projected.row(r)) / 400;
    EXPECT_GE(held, (share - 1e-3) * ComputeCovariance(vectors.view()).total_variance) << share;
  }
}

std::vector<std::byte> Saved(const PcaProjection& projection) {
  ByteWriter writer;
  projection.Save(writer);
  return {writer.bytes().begin(), writer.bytes().end()};
}

TEST(PcaProjectionTest, LoadedProjectionGivesTheSameBits) {
  const Matrix<float> vectors = Falling(100, 150, 0.5);
  const auto projection = PcaProjection::Train(vectors.view(), 70, 1);
  const std::vector<std::byte> bytes = Saved(projection);
  EXPECT_EQ(bytes.size(), 8u + 150 * 4 + 70 * 4 + 70 * 150);
  ByteReader reader(bytes, "test");
  const auto loaded = PcaProjection::Load(reader);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_TRUE(reader.Done().ok());
  EXPECT_EQ(Saved(loaded.value()), bytes);
  std::vector<float> a(70), b(70), c(150), d(150);
  for (std::size_t r = 0; r < 100; ++r) {
    projection.Apply(vectors.row(r), a);
    loaded.value().Apply(vectors.row(r), b);
    ASSERT_EQ(a, b);
    EXPECT_EQ(projection.ApplyToDirection(vectors.row(r), a),
              loaded.value().ApplyToDirection(vectors.row(r), b));
    ASSERT_EQ(a, b);
    projection.Invert(a, c);
    loaded.value().Invert(b, d);
    ASSERT_EQ(c, d);
  }
}

void ExpectCorruption(std::span<const std::byte> bytes, const std::string& what) {
  ByteReader reader(bytes, "test");
  const auto loaded = PcaProjection::Load(reader);
  EXPECT_TRUE(!loaded.ok() && loaded.error().code == ErrorCode::kCorruption) << what;
}

TEST(PcaProjectionTest, DamagedBytesAreCorruption) {
  const std::vector<std::byte> bytes =
      Saved(PcaProjection::Train(Falling(30, 20, 0.5).view(), 10, 1));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ExpectCorruption(std::span(bytes).first(size), "cut at " + std::to_string(size));
  }
  struct Damage {
    std::size_t offset;
    std::uint32_t value;
    const char* what;
  };
  for (const auto& [offset, value, what] : {Damage{0, 0, "dim 0"},
                                            {0, 9, "rank above dim"},
                                            {0, 0xffffffff, "huge dim"},
                                            {4, 0, "rank 0"},
                                            {4, 21, "rank above dim"},
                                            {8, 0x7f800000, "infinite mean"},
                                            {8 + 20 * 4, 0x7fc00000, "scale that is no number"}}) {
    std::vector<std::byte> damaged = bytes;
    std::memcpy(damaged.data() + offset, &value, sizeof(value));
    ExpectCorruption(damaged, what);
  }
}

// Of the 10 nearest of each query, how many are among the `candidates` nearest as projected.
TEST(PcaProjectionTest, NearestOfFashionMnistStayNearIn256Dims) {
  KITH_SKIP_WITHOUT_SHARED_DATA(SharedData());
  constexpr std::size_t kQueries = 100, kNearest = 10, kCandidates = 30, kRank = 256;
  const std::string folder = SharedData() + "/fashion-mnist-784/";
  const auto reader = VectorReader::Open(folder + "base.bvecs");
  const auto truth_reader = VectorReader::Open(folder + "groundtruth.ivecs");
  const auto query_reader = VectorReader::Open(folder + "query.bvecs");
  ASSERT_TRUE(reader.ok() && truth_reader.ok() && query_reader.ok());
  Matrix<float> queries(kQueries, 784);
  Matrix<std::int32_t> truth(kQueries, truth_reader.value()->info().dim);
  ASSERT_TRUE(query_reader.value()->ReadF32(0, queries.view()).ok());
  ASSERT_TRUE(truth_reader.value()->ReadI32(0, truth.view()).ok());

  Matrix<float> block(5000, 784);
  ASSERT_TRUE(reader.value()->ReadF32(10000, block.view()).ok());
  const auto projection = PcaProjection::Train(block.view(), kRank, 1);
  const Matrix<float> projected_queries = ApplyToRows(projection, queries.view());
  std::vector<TopK> nearest(kQueries, TopK(kCandidates));
  const auto rows = static_cast<std::size_t>(reader.value()->info().rows);
  ASSERT_EQ(rows % block.rows(), 0u);
  std::vector<float> distances(block.rows());
  for (std::size_t first = 0; first < rows; first += block.rows()) {
    ASSERT_TRUE(reader.value()->ReadF32(first, block.view()).ok());
    const Matrix<float> projected = ApplyToRows(projection, block.view());
    for (std::size_t q = 0; q < kQueries; ++q) {
      DistanceScan(Metric::kL2, projected_queries.row(q).data(), VectorRows(projected.view()), 0,
                   distances);
      for (std::size_t r = 0; r < block.rows(); ++r) {
        nearest[q].Push({distances[r], static_cast<std::uint32_t>(first + r)});
      }
    }
  }
  std::size_t found = 0;
  for (std::size_t q = 0; q < kQueries; ++q) {
    const std::vector<Neighbor>& candidates = nearest[q].Sort();
    for (std::size_t i = 0; i < kNearest; ++i) {
      const auto id = static_cast<std::uint32_t>(truth.row(q)[i]);
      found += std::ranges::count(candidates, id, &Neighbor::id);
    }
  }
  RecordProperty("found_of_1000", static_cast<int>(found));
  EXPECT_GE(found, 995u);
}

}  // namespace
}  // namespace kith
