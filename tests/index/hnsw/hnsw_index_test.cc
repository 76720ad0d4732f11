#include "index/hnsw/hnsw_index.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <set>
#include <string>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/distance.h"
#include "tests/index/small_data.h"
#include "tests/temporary_folder.h"

namespace kith {
namespace {

using testing::HasSubstr;

// Builds and opens indexes of small data in a temporary folder.
class HnswIndexTest : public testing::Test {
 protected:
  Result<HnswBuildReport> Build(const Matrix<float>& vectors, HnswBuildParams params = {},
                                std::size_t threads = 1, DataType type = DataType::kF32) {
    const std::string input = folder_ / (type == DataType::kU8 ? "base.bvecs" : "base.fvecs");
    WriteVectors(input, vectors, type);
    auto reader = VectorReader::Open(input);
    if (!reader.ok()) return reader.error();
    ThreadPool pool(threads);
    std::filesystem::remove(Path());
    return BuildHnswIndex(*reader.value(), params, Path(), pool, Cancellation::Never(),
                          Progress::None());
  }
  std::unique_ptr<VectorIndex> Open(LoadMode mode = LoadMode::kResident) {
    auto index = OpenHnswIndex(Path(), mode);
    EXPECT_TRUE(index.ok()) << index.error().message;
    return index.ok() ? std::move(index).value() : nullptr;
  }
  std::string Path() const { return folder_ / "index.kith"; }
  std::string Bytes() const {
    std::ifstream file(Path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  TemporaryFolder folder_;
};

// The definition: every row, in double, sorted.
std::vector<Neighbor> BruteForce(const Matrix<float>& base, std::span<const float> query,
                                 Metric metric, std::size_t k) {
  std::vector<Neighbor> all;
  for (std::uint32_t r = 0; r < base.rows(); ++r) {
    double dot = 0, a = 0, b = 0, l2 = 0;
    for (std::size_t i = 0; i < query.size(); ++i) {
      const double x = base.row(r)[i], q = query[i];
      dot += x * q;
      a += x * x;
      b += q * q;
      l2 += (x - q) * (x - q);
    }
    const double distance = metric == Metric::kL2             ? l2
                            : metric == Metric::kInnerProduct ? -dot
                                                              : 1 - dot / std::sqrt(a * b);
    all.push_back({static_cast<float>(distance), r});
  }
  std::sort(all.begin(), all.end());
  all.resize(std::min(k, all.size()));
  return all;
}

double Recall(VectorIndex& index, const Matrix<float>& base, const Matrix<float>& queries,
              Metric metric, const SearchParams& params) {
  const auto searcher = index.NewSearcher();
  std::vector<Neighbor> out(params.k);
  double hits = 0;
  for (std::size_t q = 0; q < queries.rows(); ++q) {
    const auto truth = BruteForce(base, queries.row(q), metric, params.k);
    const auto found = searcher->Search(queries.row(q), params, out);
    EXPECT_TRUE(found.ok());
    std::set<std::uint32_t> ids;
    for (std::size_t i = 0; i < found.value(); ++i) ids.insert(out[i].id);
    EXPECT_EQ(ids.size(), found.value()) << "a row was returned twice";
    for (const Neighbor& neighbor : truth) hits += ids.count(neighbor.id);
  }
  return hits / static_cast<double>(queries.rows() * std::min<std::size_t>(params.k, base.rows()));
}

using CodecMetric = std::tuple<CodecKind, Metric>;
class HnswCodecTest : public HnswIndexTest, public testing::WithParamInterface<CodecMetric> {};

TEST_P(HnswCodecTest, FindsNearlyAllNeighborsWithExactDistances) {
  const auto [codec, metric] = GetParam();
  const Matrix<float> base = ClusteredVectors(3000, 48, 1), queries = ClusteredVectors(50, 48, 2);
  HnswBuildParams params;
  params.codec = codec;
  params.metric = metric;
  const auto report = Build(base, params);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report.value().rows, 3000u);
  EXPECT_EQ(report.value().codec, CodecName(codec));
  const auto index = Open();
  ASSERT_NE(index, nullptr);
  EXPECT_GE(Recall(*index, base, queries, metric, {.k = 10, .ef_search = 100}), 0.97);

  const auto searcher = index->NewSearcher();
  std::vector<Neighbor> out(5);
  ASSERT_TRUE(searcher->Search(queries.row(0), {.k = 5, .ef_search = 100}, out).ok());
  const bool rounded = codec == CodecKind::kF16;  // f16 codes are followed by f32 rows
  const auto truth = BruteForce(base, queries.row(0), metric, 3000);
  for (const Neighbor& neighbor : out) {
    const auto same = std::find_if(truth.begin(), truth.end(),
                                   [&](const Neighbor& t) { return t.id == neighbor.id; });
    ASSERT_NE(same, truth.end());
    EXPECT_NEAR(neighbor.distance, same->distance,
                (rounded ? 1e-2 : 1e-4) * (1 + std::abs(same->distance)));
  }
  ASSERT_TRUE(index->Verify(Cancellation::Never(), Progress::None()).ok());
}

TEST_P(HnswCodecTest, ScanIsExact) {
  const auto [codec, metric] = GetParam();
  const Matrix<float> base = ClusteredVectors(500, 33, 1), queries = ClusteredVectors(5, 33, 2);
  HnswBuildParams params;
  params.codec = codec;
  params.metric = metric;
  ASSERT_TRUE(Build(base, params).ok());
  EXPECT_EQ(Recall(*Open(), base, queries, metric, {.k = 20, .exact = true}), 1.0);
}

INSTANTIATE_TEST_SUITE_P(
    All, HnswCodecTest,
    testing::Combine(testing::Values(CodecKind::kF32, CodecKind::kF16, CodecKind::kSq8,
                                     CodecKind::kSq4, CodecKind::kLvq4),
                     testing::Values(Metric::kL2, Metric::kInnerProduct, Metric::kCosine)),
    [](const testing::TestParamInfo<CodecMetric>& param) {
      return std::string(CodecName(std::get<0>(param.param))) + "_" +
             std::string(MetricName(std::get<1>(param.param)));
    });

TEST_F(HnswIndexTest, AnyThreadCountGivesTheSameBytes) {
  const Matrix<float> base = ClusteredVectors(4000, 24, 7);
  ASSERT_TRUE(Build(base, {}, 1).ok());
  const std::string one = Bytes();
  for (const std::size_t threads : {2, 3, 8}) {
    ASSERT_TRUE(Build(base, {}, threads).ok());
    EXPECT_TRUE(Bytes() == one) << threads << " threads gave other bytes than one";
  }
}

TEST_F(HnswIndexTest, AnotherSeedGivesAnotherGraph) {
  const Matrix<float> base = ClusteredVectors(500, 24, 7);
  ASSERT_TRUE(Build(base, {.seed = 1}).ok());
  const std::string one = Bytes();
  ASSERT_TRUE(Build(base, {.seed = 2}).ok());
  EXPECT_FALSE(Bytes() == one);
}

TEST_F(HnswIndexTest, WholeNumbersAreKeptAsBytesWithoutLoss) {
  const Matrix<float> base = ByteVectors(800, 70, 3);
  for (const DataType type : {DataType::kF32, DataType::kU8}) {
    const auto report = Build(base, {}, 1, type);
    ASSERT_TRUE(report.ok());
    EXPECT_EQ(report.value().exact, "u8");
    const auto searcher = Open()->NewSearcher();
    EXPECT_EQ(
        Recall(*Open(), base, ByteVectors(10, 70, 4), Metric::kL2, {.k = 5, .ef_search = 200}),
        1.0);
  }
}

TEST_F(HnswIndexTest, OneFractionTurnsBytesIntoFloats) {
  Matrix<float> base = ByteVectors(300, 70, 3);
  base.row(250)[69] += 0.5f;
  const auto report = Build(base);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report.value().exact, "f32");
  std::vector<Neighbor> out(1);
  const auto index = Open();
  ASSERT_TRUE(index->NewSearcher()->Search(base.row(250), {.k = 1, .ef_search = 50}, out).ok());
  EXPECT_EQ(out[0].id, 250u);
  EXPECT_EQ(out[0].distance, 0.0f);
}

TEST_F(HnswIndexTest, EmptyAndTinyIndexesAnswer) {
  for (const std::size_t rows : {1, 2, 3, 17}) {
    const Matrix<float> base = ClusteredVectors(rows, 5, 9);
    ASSERT_TRUE(Build(base).ok()) << rows << " rows";
    const auto index = Open();
    std::vector<Neighbor> out(10);
    const auto found = index->NewSearcher()->Search(base.row(0), {.k = 10, .ef_search = 10}, out);
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found.value(), std::min<std::size_t>(rows, 10));
    EXPECT_EQ(out[0].id, 0u);
    EXPECT_TRUE(index->Verify(Cancellation::Never(), Progress::None()).ok());
  }
}

TEST_F(HnswIndexTest, AllEqualVectorsAreAllFound) {
  Matrix<float> base(600, 20);
  for (std::size_t r = 0; r < 600; ++r) std::ranges::fill(base.row(r), 2.5f);
  ASSERT_TRUE(Build(base).ok());
  const auto index = Open();
  ASSERT_TRUE(index->Verify(Cancellation::Never(), Progress::None()).ok());
  std::vector<Neighbor> out(600);
  const auto found = index->NewSearcher()->Search(base.row(0), {.k = 600, .ef_search = 600}, out);
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found.value(), 600u);
  for (std::uint32_t i = 0; i < 600; ++i) {
    EXPECT_EQ(out[i].id, i);  // ties to the lower id
    EXPECT_EQ(out[i].distance, 0.0f);
  }
}

TEST_F(HnswIndexTest, CopiesOfOneVectorDoNotHideTheRest) {
  Matrix<float> base = ClusteredVectors(2000, 32, 5);
  for (std::size_t r = 0; r < 500; ++r) std::ranges::copy(base.row(1999), base.row(r).begin());
  ASSERT_TRUE(Build(base).ok());
  const auto index = Open();
  ASSERT_TRUE(index->Verify(Cancellation::Never(), Progress::None()).ok());
  EXPECT_GE(
      Recall(*index, base, ClusteredVectors(40, 32, 6), Metric::kL2, {.k = 10, .ef_search = 100}),
      0.95);
}

TEST_F(HnswIndexTest, EveryRowFindsItself) {
  const Matrix<float> base = ClusteredVectors(3000, 16, 5, 3);
  ASSERT_TRUE(Build(base).ok());
  const auto index = Open();
  const auto searcher = index->NewSearcher();
  std::vector<Neighbor> out(1);
  for (std::uint32_t r = 0; r < base.rows(); ++r) {
    ASSERT_TRUE(searcher->Search(base.row(r), {.k = 1, .ef_search = 200}, out).ok());
    EXPECT_EQ(out[0].distance, 0.0f) << "row " << r;
  }
}

TEST_F(HnswIndexTest, RowsAnswerByTheIdsTheyWereGiven) {
  const Matrix<float> base = ClusteredVectors(500, 12, 3);
  std::vector<std::uint32_t> ids;
  for (std::uint32_t r = 0; r < 500; ++r) ids.push_back(7000 - 3 * r);
  ASSERT_TRUE(Build(base, {.ids = ids}).ok());
  const auto index = Open();
  const auto searcher = index->NewSearcher();
  std::vector<Neighbor> out(1);
  std::vector<float> vector(12);
  for (std::uint32_t r = 0; r < 500; ++r) {
    ASSERT_EQ(searcher->Search(base.row(r), {.k = 1, .ef_search = 50}, out).value(), 1u);
    EXPECT_EQ(out[0].id, ids[r]);
    index->VectorAt(r, vector);
    const std::uint32_t row = (7000 - index->ids()[r]) / 3;
    EXPECT_TRUE(std::ranges::equal(vector, base.row(row)));
  }
}

TEST_F(HnswIndexTest, ExtremeDimensionsWork) {
  for (const std::size_t dim : {1, 2, 127, 128, 129, 1000, 4096}) {
    const Matrix<float> base = ClusteredVectors(150, dim, 5);
    ASSERT_TRUE(Build(base).ok()) << dim;
    EXPECT_GE(
        Recall(*Open(), base, ClusteredVectors(5, dim, 6), Metric::kL2, {.k = 3, .ef_search = 150}),
        1.0)
        << dim;
  }
}

TEST_F(HnswIndexTest, MappedAndResidentAnswerAlike) {
  const Matrix<float> base = ClusteredVectors(1500, 40, 5), queries = ClusteredVectors(20, 40, 6);
  ASSERT_TRUE(Build(base).ok());
  const auto resident = Open(LoadMode::kResident), mapped = Open(LoadMode::kMapped);
  EXPECT_GT(resident->info().resident_bytes, 0u);
  EXPECT_EQ(mapped->info().resident_bytes, 0u);
  std::vector<Neighbor> a(10), b(10);
  for (std::size_t q = 0; q < queries.rows(); ++q) {
    ASSERT_TRUE(resident->NewSearcher()->Search(queries.row(q), {}, a).ok());
    ASSERT_TRUE(mapped->NewSearcher()->Search(queries.row(q), {}, b).ok());
    EXPECT_EQ(a, b);
  }
}

TEST_F(HnswIndexTest, TargetRecallIsReachedOnFreshQueries) {
  const Matrix<float> base = ClusteredVectors(8000, 64, 5), queries = ClusteredVectors(300, 64, 6);
  ASSERT_TRUE(Build(base).ok());
  const auto index = Open();
  ASSERT_FALSE(index->calibration().empty());
  for (const double target : {0.9, 0.95, 0.99}) {
    const double recall =
        Recall(*index, base, queries, Metric::kL2, {.k = 10, .target_recall = target});
    EXPECT_GE(recall, target - 0.02) << target;
  }
}

TEST_F(HnswIndexTest, ARowThatIsNotANumberIsRefusedByItsNumber) {
  Matrix<float> base = ClusteredVectors(100, 8, 5);
  base.row(57)[3] = std::numeric_limits<float>::quiet_NaN();
  const auto report = Build(base);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(report.error().message, HasSubstr("row 57 has NaN in dimension 3"));
  EXPECT_FALSE(std::filesystem::exists(Path()));
}

TEST_F(HnswIndexTest, AZeroVectorHasNoCosine) {
  Matrix<float> base = ClusteredVectors(100, 8, 5);
  std::ranges::fill(base.row(9), 0.0f);
  const auto report = Build(base, {.metric = Metric::kCosine});
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.error().message, HasSubstr("row 9"));
}

TEST_F(HnswIndexTest, ParametersOutOfRangeAreRefused) {
  const Matrix<float> base = ClusteredVectors(100, 8, 5);
  for (const HnswBuildParams& params :
       {HnswBuildParams{.m = 1}, HnswBuildParams{.m = 129}, HnswBuildParams{.ef_construction = 0},
        HnswBuildParams{.ef_construction = 4097}, HnswBuildParams{.exact = ExactKind::kU8}}) {
    const auto report = Build(base, params);
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST_F(HnswIndexTest, AMemoryLimitIsObeyedBeforeReading) {
  const auto report = Build(ClusteredVectors(100, 8, 5), {.memory_bytes_max = 1 << 20});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(report.error().message, HasSubstr("the limit is 1 MiB"));
}

TEST_F(HnswIndexTest, CancellationLeavesNoFile) {
  WriteVectors(folder_ / "base.fvecs", ClusteredVectors(2000, 8, 5));
  const auto reader = VectorReader::Open(folder_ / "base.fvecs");
  ThreadPool pool(1);
  Cancellation cancellation;
  cancellation.Request();
  const auto report =
      BuildHnswIndex(*reader.value(), {}, Path(), pool, cancellation, Progress::None());
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, ErrorCode::kCancelled);
  EXPECT_FALSE(std::filesystem::exists(Path()));
}

TEST_F(HnswIndexTest, AFlippedBitIsNoticedOnOpeningOrVerifying) {
  ASSERT_TRUE(Build(ClusteredVectors(400, 20, 5), {.codec = CodecKind::kSq4}).ok());
  const std::string good = Bytes();
  RandomStream random(1, 1);
  for (int i = 0; i < 300; ++i) {
    std::string bad = good;
    bad[random.Below(bad.size())] ^= static_cast<char>(1 << random.Below(8));
    std::ofstream(Path(), std::ios::binary) << bad;
    const auto index = OpenHnswIndex(Path(), LoadMode::kResident);
    if (!index.ok()) continue;
    EXPECT_FALSE(index.value()->Verify(Cancellation::Never(), Progress::None()).ok());
  }
}

TEST_F(HnswIndexTest, TruncationIsNoticedOnOpening) {
  ASSERT_TRUE(Build(ClusteredVectors(200, 20, 5)).ok());
  const std::string good = Bytes();
  for (std::size_t bytes = 0; bytes < good.size(); bytes += 997) {
    std::ofstream(Path(), std::ios::binary) << good.substr(0, bytes);
    EXPECT_FALSE(OpenHnswIndex(Path(), LoadMode::kMapped).ok()) << bytes << " bytes";
  }
}

TEST_F(HnswIndexTest, ImportedGraphsAreWalkedAsTheyAre) {
  ImportedGraph graph;
  graph.rows = ClusteredVectors(50, 12, 5);
  graph.m = 4;
  graph.entry_point = 7;
  graph.levels.assign(50, 0);
  graph.levels[7] = graph.levels[20] = 1;
  graph.links.assign(2, std::vector<std::vector<std::uint32_t>>(50));
  for (std::uint32_t i = 0; i < 50; ++i) {  // a ring with chords
    for (const std::uint32_t step : {1, 2, 7}) {
      graph.links[0][i].push_back((i + step) % 50);
      graph.links[0][i].push_back((i + 50 - step) % 50);
    }
    graph.ids.push_back(1000 + i);
  }
  graph.links[1][7] = {20};
  graph.links[1][20] = {7};
  const Matrix<float> rows = ClusteredVectors(50, 12, 5);
  ThreadPool pool(1);
  const auto report =
      ImportHnswIndex(std::move(graph), {}, Path(), pool, Cancellation::Never(), Progress::None());
  ASSERT_TRUE(report.ok()) << report.error().message;
  const auto index = Open();
  std::vector<Neighbor> out(1);
  for (std::uint32_t i = 0; i < 50; ++i) {
    ASSERT_TRUE(index->NewSearcher()->Search(rows.row(i), {.k = 1, .ef_search = 50}, out).ok());
    EXPECT_EQ(out[0].id, 1000 + i);
  }
  EXPECT_TRUE(index->Verify(Cancellation::Never(), Progress::None()).ok());
}

TEST_F(HnswIndexTest, ImportedLinksOutOfRangeAreRefused) {
  ImportedGraph graph;
  graph.rows = ClusteredVectors(3, 4, 5);
  graph.levels = {0, 0, 0};
  graph.ids = {0, 1, 2};
  graph.links = {{{1}, {2}, {3}}};
  ThreadPool pool(1);
  const auto report =
      ImportHnswIndex(std::move(graph), {}, Path(), pool, Cancellation::Never(), Progress::None());
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.error().message, HasSubstr("node 2 links to 3"));
}

}  // namespace
}  // namespace kith
