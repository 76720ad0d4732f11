#include "index/flat/flat_index.h"

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/distance.h"
#include "core/simd_target.h"
#include "storage/segment_file.h"
#include "tests/index/flat/exact_answers.h"
#include "tests/index/memory_reader.h"
#include "tests/temporary_folder.h"

namespace kith {
namespace {

using testing::HasSubstr;

constexpr Metric kMetrics[] = {Metric::kL2, Metric::kInnerProduct, Metric::kCosine};
constexpr DataType kTypes[] = {DataType::kF32, DataType::kF16, DataType::kU8, DataType::kI8};

class FlatIndexTest : public testing::Test {
 protected:
  Status Build(const VectorReader& reader, Metric metric) {
    return BuildFlatIndex(reader, {.metric = metric}, path_, Cancellation::Never(),
                          Progress::None());
  }

  std::unique_ptr<VectorIndex> BuildAndOpen(const VectorReader& reader, Metric metric) {
    std::filesystem::remove(path_);
    const Status built = Build(reader, metric);
    EXPECT_TRUE(built.ok()) << built.error().message;
    Result<std::unique_ptr<VectorIndex>> index = OpenFlatIndex(path_);
    EXPECT_TRUE(index.ok()) << index.error().message;
    return std::move(index).value();
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_ / "index.kith";
};

// What the index stores for `rows`: itself, or normalised.
Matrix<float> Stored(Matrix<float> rows, Metric metric) {
  for (std::size_t r = 0; r < rows.rows() && metric == Metric::kCosine; ++r) {
    (void)Normalize(rows.row(r));
  }
  return rows;
}

void ExpectDefinition(const VectorIndex& index, const Matrix<float>& stored,
                      MatrixView<const float> queries, std::uint32_t k, bool exact_sums) {
  const Metric metric = index.info().metric;
  const std::unique_ptr<Searcher> searcher = index.NewSearcher();
  std::vector<Neighbor> out(k);
  for (std::size_t q = 0; q < queries.rows(); ++q) {
    SCOPED_TRACE(testing::Message() << MetricName(metric) << ' ' << index.info().codec << " dim "
                                    << stored.cols() << " query " << q);
    const Result<std::size_t> found = searcher->Search(queries.row(q), {.k = k}, out);
    ASSERT_TRUE(found.ok()) << found.error().message;
    // The definition's cosine divides by the rows' lengths too, which are 1 up to a rounding.
    ExactAnswer expected = AnswerByDefinition(metric, queries.row(q), stored.view(), k);
    ASSERT_EQ(found.value(), expected.size());
    if (metric != Metric::kCosine) {
      ExpectAnswer(out, expected, metric, queries.row(q), stored.view(), exact_sums);
      continue;
    }
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_NEAR(out[i].distance, expected[i].first, 3e-7) << "place " << i;
      ASSERT_NEAR(DistanceByDefinition(metric, queries.row(q), stored.row(out[i].id)),
                  expected[i].first, 3e-7);
    }
  }
}

TEST_F(FlatIndexTest, AnswersAreTheDefinitionsForEveryTypeMetricAndTarget) {
  for (const std::size_t dim : {1, 3, 16, 33, 784, 4096}) {
    const Matrix<float> base = RandomMatrix(301, dim, 1, 30, 60),
                        queries = RandomMatrix(4, dim, 2, 30, 60);
    for (const DataType type : kTypes) {
      const MemoryReader reader(base.view(), type);
      for (const Metric metric : kMetrics) {
        const std::unique_ptr<VectorIndex> index = BuildAndOpen(reader, metric);
        const Matrix<float> stored = Stored(reader.Floats(), metric);
        for (const std::string& target : SimdTargets()) {
          ASSERT_TRUE(UseSimdTarget(target));
          ExpectDefinition(*index, stored, queries.view(), 10, /*exact_sums=*/false);
          if (HasFatalFailure()) return;
        }
        UseSimdTarget("");
      }
    }
  }
}

TEST_F(FlatIndexTest, WholeNumbersAreComparedExactlyAndTiesGoToTheLowerRow) {
  const Matrix<float> base = RandomIntegers(3000, 5, 3, 3), queries = RandomIntegers(20, 5, 3, 4);
  for (const DataType type : kTypes) {
    const MemoryReader reader(base.view(), type);
    for (const Metric metric : {Metric::kL2, Metric::kInnerProduct}) {
      const std::unique_ptr<VectorIndex> index = BuildAndOpen(reader, metric);
      ExpectDefinition(*index, reader.Floats(), queries.view(), 200, /*exact_sums=*/true);
    }
  }
}

// Integer distances that floats would round together.
TEST_F(FlatIndexTest, LargeIntegerDistancesAreNotRoundedTogether) {
  Matrix<float> base(3, 4096), query(1, 4096);
  for (std::size_t r = 0; r < 3; ++r) std::ranges::fill(base.row(r), 255.0f);
  base.row(0)[7] = 252, base.row(1)[7] = 253, base.row(2)[7] = 254;
  const MemoryReader reader(base.view(), DataType::kU8);
  const std::unique_ptr<VectorIndex> index = BuildAndOpen(reader, Metric::kL2);
  ExpectDefinition(*index, reader.Floats(), query.view(), 3, /*exact_sums=*/true);
}

TEST_F(FlatIndexTest, QueriesOutsideTheRangeOfByteRowsAreNotCutOff) {
  const Matrix<float> base = RandomIntegers(50, 6, 127, 5);
  Matrix<float> queries = RandomIntegers(5, 6, 255, 6);
  queries.row(0)[0] = -300, queries.row(1)[1] = 1000, queries.row(2)[2] = 0.5f;
  queries.row(3)[3] = 3e9f, queries.row(4)[4] = -128;
  for (const DataType type : {DataType::kU8, DataType::kI8}) {
    const MemoryReader reader(base.view(), type);
    const std::unique_ptr<VectorIndex> index = BuildAndOpen(reader, Metric::kL2);
    ExpectDefinition(*index, reader.Floats(), queries.view(), 10, /*exact_sums=*/false);
  }
}

TEST_F(FlatIndexTest, KAboveTheRowCountGivesAllRows) {
  for (const std::size_t rows : {0, 1, 7}) {
    const Matrix<float> base = RandomMatrix(rows, 4, 7), query = RandomMatrix(1, 4, 8);
    const std::unique_ptr<VectorIndex> index =
        BuildAndOpen(MemoryReader(base.view(), DataType::kF32), Metric::kL2);
    EXPECT_EQ(index->info().rows, rows);
    std::vector<Neighbor> out(20);
    const Result<std::size_t> found = index->NewSearcher()->Search(query.row(0), {.k = 20}, out);
    ASSERT_TRUE(found.ok()) << found.error().message;
    EXPECT_EQ(found.value(), rows);
    EXPECT_TRUE(index->Verify(Cancellation::Never(), Progress::None()).ok());
  }
}

TEST_F(FlatIndexTest, AllEqualRowsComeInRowOrder) {
  Matrix<float> base(2000, 9);
  for (std::size_t r = 0; r < base.rows(); ++r) std::ranges::fill(base.row(r), 0.3f);
  const Matrix<float> queries = RandomMatrix(3, 9, 9);
  for (const Metric metric : kMetrics) {
    const std::unique_ptr<VectorIndex> index =
        BuildAndOpen(MemoryReader(base.view(), DataType::kF32), metric);
    std::vector<Neighbor> out(30);
    for (std::size_t q = 0; q < queries.rows(); ++q) {
      ASSERT_TRUE(index->NewSearcher()->Search(queries.row(q), {.k = 30}, out).ok());
      for (std::size_t i = 0; i < out.size(); ++i) ASSERT_EQ(out[i].id, i);
    }
  }
}

TEST_F(FlatIndexTest, HugeAndTinyValuesAreRankedRight) {
  for (const float scale : {1e-42f, 1e-30f, 1e-18f, 1e18f, 1e30f, 1e37f}) {
    const Matrix<float> base = RandomMatrix(300, 24, 10, scale);
    const Matrix<float> queries = RandomMatrix(5, 24, 11, scale);
    for (const Metric metric : {Metric::kL2, Metric::kInnerProduct}) {
      const std::unique_ptr<VectorIndex> index =
          BuildAndOpen(MemoryReader(base.view(), DataType::kF32), metric);
      std::vector<Neighbor> out(5);
      for (std::size_t q = 0; q < queries.rows(); ++q) {
        const ExactAnswer expected = AnswerByDefinition(metric, queries.row(q), base.view(), 5);
        ASSERT_TRUE(index->NewSearcher()->Search(queries.row(q), {.k = 5}, out).ok());
        for (std::size_t i = 0; i < 5; ++i) {
          ASSERT_EQ(out[i].id, expected[i].second) << MetricName(metric) << ' ' << scale;
        }
      }
    }
  }
}

TEST_F(FlatIndexTest, CosineDistanceToAndFromAZeroVectorIsOne) {
  Matrix<float> base = RandomMatrix(50, 6, 12), queries = RandomMatrix(2, 6, 13);
  std::ranges::fill(base.row(20), 0.0f);
  std::ranges::fill(queries.row(1), 0.0f);
  const std::unique_ptr<VectorIndex> index =
      BuildAndOpen(MemoryReader(base.view(), DataType::kF32), Metric::kCosine);
  std::vector<Neighbor> out(50);
  ASSERT_TRUE(index->NewSearcher()->Search(queries.row(0), {.k = 50}, out).ok());
  EXPECT_THAT(out, testing::Contains(Neighbor{1.0f, 20}));
  ASSERT_TRUE(index->NewSearcher()->Search(queries.row(1), {.k = 50}, out).ok());
  for (std::uint32_t i = 0; i < 50; ++i) EXPECT_EQ(out[i], (Neighbor{1.0f, i}));
}

TEST_F(FlatIndexTest, ABadValueIsRefusedWithItsRowAndNoFileIsLeft) {
  for (const DataType type : {DataType::kF32, DataType::kF16}) {
    for (const Metric metric : {Metric::kL2, Metric::kCosine}) {
      Matrix<float> base = RandomMatrix(90, 6, 14);
      base.row(77)[5] = std::numeric_limits<float>::quiet_NaN();
      base.row(78)[0] = std::numeric_limits<float>::infinity();
      const Status built = Build(MemoryReader(base.view(), type), metric);
      ASSERT_FALSE(built.ok());
      EXPECT_EQ(built.error().code, ErrorCode::kInvalidArgument);
      EXPECT_THAT(built.error().message, HasSubstr("row 77 has NaN in dimension 5"));
      EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
    }
  }
}

TEST_F(FlatIndexTest, RowNumbersOfLaterBlocksCountFromTheFirstRow) {
  Matrix<float> base(9000, 1000);  // 36 MB: more than one block
  base.row(8999)[1] = std::numeric_limits<float>::infinity();
  const MemoryReader reader(base.view(), DataType::kF32);
  const Status built = Build(reader, Metric::kL2);
  ASSERT_FALSE(built.ok());
  EXPECT_THAT(built.error().message, HasSubstr("row 8999 has infinity in dimension 1"));
  EXPECT_LE(reader.read_bytes_max(), std::size_t{8} << 20) << "one block at a time";
}

TEST_F(FlatIndexTest, InputThatNoIndexHoldsIsRefused) {
  const Matrix<float> base = RandomMatrix(3, 4, 15);
  const auto expect = [&](const VectorReader& reader, const std::string& words) {
    const Status built = Build(reader, Metric::kL2);
    ASSERT_FALSE(built.ok()) << words;
    EXPECT_EQ(built.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(built.error().message, HasSubstr(words));
  };
  expect(MemoryReader(base.view(), DataType::kI32), "holds i32 values");
  MemoryReader wide(base.view(), DataType::kF32);
  wide.mutable_info().dim = kIndexDimMax + 1;
  expect(wide, "4097 dimensions, expected at most 4096");
  MemoryReader tall(base.view(), DataType::kF32);
  tall.mutable_info().rows = std::uint64_t{kIndexRowsMax} + 1;
  expect(tall, "2147483648 rows, expected at most 2147483647");
}

TEST_F(FlatIndexTest, AnExistingFileIsNotOverwritten) {
  const Matrix<float> base = RandomMatrix(3, 4, 16);
  folder_.Write("index.kith", "precious");
  const Status built = Build(MemoryReader(base.view(), DataType::kF32), Metric::kL2);
  ASSERT_FALSE(built.ok());
  EXPECT_EQ(built.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(folder_.Read("index.kith"), "precious");
}

TEST_F(FlatIndexTest, BuildingStopsOnRequestAndLeavesNothing) {
  const Matrix<float> base = RandomMatrix(3, 4, 17);
  Cancellation cancellation;
  cancellation.Request();
  const Status built = BuildFlatIndex(MemoryReader(base.view(), DataType::kF32), {}, path_,
                                      cancellation, Progress::None());
  ASSERT_FALSE(built.ok());
  EXPECT_EQ(built.error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(FlatIndexTest, InfoSaysWhatTheFileHolds) {
  const Matrix<float> base = RandomMatrix(12, 5, 18);
  const std::unique_ptr<VectorIndex> index =
      BuildAndOpen(MemoryReader(base.view(), DataType::kF16), Metric::kInnerProduct);
  const IndexInfo info = index->info();
  EXPECT_EQ(info.kind, "flat");
  EXPECT_EQ(info.rows, 12u);
  EXPECT_EQ(info.dim, 5u);
  EXPECT_EQ(info.metric, Metric::kInnerProduct);
  EXPECT_EQ(info.codec, "f16");
  EXPECT_EQ(info.file_bytes, std::filesystem::file_size(path_));
}

TEST_F(FlatIndexTest, StatsCountTheRowsScannedAndThoseComparedInF64) {
  const Matrix<float> base = RandomMatrix(1000, 8, 19), query = RandomMatrix(1, 8, 20);
  const std::unique_ptr<VectorIndex> index =
      BuildAndOpen(MemoryReader(base.view(), DataType::kF32), Metric::kL2);
  const std::unique_ptr<Searcher> searcher = index->NewSearcher();
  std::vector<Neighbor> out(5);
  ASSERT_TRUE(searcher->Search(query.row(0), {.k = 5}, out).ok());
  EXPECT_EQ(searcher->stats().distances, 1000u);
  EXPECT_GE(searcher->stats().reranked, 5u);
  EXPECT_LT(searcher->stats().reranked, 200u) << "most rows are ruled out by their f32 distance";
}

// A file of kind "flat" with these sections, checksums right.
void WriteSegment(const std::string& path, std::span<const std::byte> meta,
                  std::span<const std::byte> rows) {
  Result<SegmentWriter> writer =
      SegmentWriter::Create(path, "flat", OutputFile::IfExists::kReplace);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writer.value().AddSection("meta", meta).ok());
  ASSERT_TRUE(writer.value().AddSection("rows", rows).ok());
  ASSERT_TRUE(writer.value().Commit().ok());
}

// The 32 bytes that index/flat/flat_index.h describes: 3 rows of 2 f32, l2.
std::vector<std::byte> GoodMeta() {
  std::vector<std::byte> meta(32);
  meta[0] = std::byte{1}, meta[8] = std::byte{2}, meta[16] = std::byte{3};
  const double length_max = 10;
  std::memcpy(&meta[24], &length_max, 8);
  return meta;
}

TEST_F(FlatIndexTest, AFileWrittenByTheGrammarIsRead) {
  const float rows[] = {1, 2, 3, 4, 5, 6};
  WriteSegment(path_, GoodMeta(), std::as_bytes(std::span(rows)));
  const Result<std::unique_ptr<VectorIndex>> index = OpenFlatIndex(path_);
  ASSERT_TRUE(index.ok()) << index.error().message;
  std::vector<Neighbor> out(1);
  const float query[] = {3, 5};
  ASSERT_TRUE(index.value()->NewSearcher()->Search(query, {.k = 1}, out).ok());
  EXPECT_EQ(out[0], (Neighbor{1.0f, 1}));
  EXPECT_TRUE(index.value()->Verify(Cancellation::Never(), Progress::None()).ok());
}

TEST_F(FlatIndexTest, MetaThatDoesNotFitIsCorruptEvenWithAGoodChecksum) {
  const float rows[] = {1, 2, 3, 4, 5, 6};
  struct Forgery {
    std::size_t offset;
    int value;
    ErrorCode code;
    std::string words;
  };
  const Forgery forgeries[] = {
      {0, 0, ErrorCode::kCorruption, "expected version 1"},
      {0, 2, ErrorCode::kUnsupported, "use a newer kith"},
      {4, 3, ErrorCode::kCorruption, "expected metric 0 to 2"},
      {5, 2, ErrorCode::kCorruption, "expected type 0"},
      {5, 5, ErrorCode::kCorruption, "expected type 0"},
      {5, 1, ErrorCode::kCorruption, "expected 12 bytes for 3 rows of 2 f16, found 24"},
      {6, 1, ErrorCode::kCorruption, "zero padding"},
      {8, 3, ErrorCode::kCorruption, "expected 36 bytes for 3 rows of 3 f32, found 24"},
      {10, 1, ErrorCode::kCorruption, "expected at most 4096 dimensions"},
      {12, 1, ErrorCode::kCorruption, "zero padding"},
      {16, 4, ErrorCode::kCorruption, "expected 32 bytes for 4 rows of 2 f32, found 24"},
      {23, 1, ErrorCode::kCorruption, "expected at most 2147483647 rows"},
      {31, 0xff, ErrorCode::kCorruption, "length_max is negative or not finite"},
  };
  for (const Forgery& forgery : forgeries) {
    std::vector<std::byte> meta = GoodMeta();
    meta[forgery.offset] = static_cast<std::byte>(forgery.value);
    WriteSegment(path_, meta, std::as_bytes(std::span(rows)));
    const Result<std::unique_ptr<VectorIndex>> index = OpenFlatIndex(path_);
    ASSERT_FALSE(index.ok()) << "byte " << forgery.offset << " = " << forgery.value;
    EXPECT_EQ(index.error().code, forgery.code) << index.error().message;
    EXPECT_THAT(index.error().message, HasSubstr(forgery.words));
    EXPECT_THAT(index.error().message, HasSubstr(path_));
  }
  for (const std::size_t bytes : {0, 31, 33}) {
    std::vector<std::byte> meta = GoodMeta();
    meta.resize(bytes);
    WriteSegment(path_, meta, std::as_bytes(std::span(rows)));
    const Result<std::unique_ptr<VectorIndex>> index = OpenFlatIndex(path_);
    ASSERT_FALSE(index.ok());
    EXPECT_THAT(index.error().message, HasSubstr("expected 32 bytes"));
  }
}

TEST_F(FlatIndexTest, VerifyFindsRowsThatNoBuilderWrites) {
  const auto expect = [&](std::span<const float> rows, const std::string& words) {
    WriteSegment(path_, GoodMeta(), std::as_bytes(rows));
    const Result<std::unique_ptr<VectorIndex>> index = OpenFlatIndex(path_);
    ASSERT_TRUE(index.ok());
    const Status verified = index.value()->Verify(Cancellation::Never(), Progress::None());
    ASSERT_FALSE(verified.ok());
    EXPECT_EQ(verified.error().code, ErrorCode::kCorruption);
    EXPECT_THAT(verified.error().message, HasSubstr(words));
  };
  const float with_nan[] = {1, 2, 3, std::numeric_limits<float>::quiet_NaN(), 5, 6};
  expect(with_nan, "row 1 has NaN in dimension 1");
  const float too_long[] = {1, 2, 3, 4, 9, 9};
  expect(too_long, "row 2 has length 12.7");
}

TEST_F(FlatIndexTest, VerifyFindsAFlippedBitOfARow) {
  const Matrix<float> base = RandomMatrix(500, 16, 21);
  ASSERT_TRUE(Build(MemoryReader(base.view(), DataType::kU8), Metric::kL2).ok());
  std::string bytes = folder_.Read("index.kith");
  bytes[64 + 4000] ^= 4;  // "rows" is the first section
  folder_.Write("index.kith", bytes);
  const Result<std::unique_ptr<VectorIndex>> index = OpenFlatIndex(path_);
  ASSERT_TRUE(index.ok()) << "rows are not read on opening";
  const Status verified = index.value()->Verify(Cancellation::Never(), Progress::None());
  ASSERT_FALSE(verified.ok());
  EXPECT_EQ(verified.error().code, ErrorCode::kCorruption);
  EXPECT_THAT(verified.error().message, HasSubstr("rows"));
}

TEST_F(FlatIndexTest, AFileOfAnotherKindIsRefused) {
  Result<SegmentWriter> writer =
      SegmentWriter::Create(path_, "hnsw", OutputFile::IfExists::kRefuse);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writer.value().Commit().ok());
  EXPECT_FALSE(OpenFlatIndex(path_).ok());
  EXPECT_EQ(OpenFlatIndex(folder_ / "absent").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace kith
