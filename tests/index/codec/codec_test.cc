// What every codec promises, and what is particular to some.
#include "index/codec/any_codec.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/distance.h"
#include "index/codec/rotation.h"
#include "tests/index/small_data.h"

namespace kith {
namespace {

constexpr std::size_t kDim = 150, kRows = 400;

double Definition(Metric metric, std::span<const float> a, std::span<const float> b) {
  double l2 = 0, dot = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    l2 += (double(a[i]) - b[i]) * (double(a[i]) - b[i]);
    dot += double(a[i]) * b[i];
  }
  return metric == Metric::kL2 ? l2 : metric == Metric::kCosine ? l2 / 2 : -dot;
}

template <typename Codec>
class CodecTest : public testing::Test {
 protected:
  // Rows of the metric (normalised for cosine), a codec trained on them, and their codes.
  explicit CodecTest() = default;
  void Prepare(Metric metric) {
    rows_ = ClusteredVectors(kRows, kDim, 3);
    if (metric == Metric::kCosine) {
      for (std::size_t r = 0; r < kRows; ++r) ASSERT_TRUE(Normalize(rows_.row(r)));
    }
    codec_.emplace(Codec::Train(rows_.view(), metric, 42));
    ASSERT_EQ(codec_->dim(), kDim);
    ASSERT_EQ(codec_->code_bytes() % 64, 0u);
    codes_ = AlignedBuffer(kRows * codec_->code_bytes());
    for (std::size_t r = 0; r < kRows; ++r) codec_->Encode(rows_.row(r), Code(r));
  }
  std::uint8_t* Code(std::size_t r) {
    return reinterpret_cast<std::uint8_t*>(codes_.data()) + r * codec_->code_bytes();
  }
  CodeArray Codes() { return {Code(0), codec_->code_bytes()}; }

  Matrix<float> rows_;
  std::optional<Codec> codec_;
  AlignedBuffer codes_;
};

using Codecs = testing::Types<FloatCodec, HalfCodec, Sq8Codec, Sq4Codec, Lvq4Codec, Pca4Codec>;
struct CodecNames {
  template <typename Codec>
  static std::string GetName(int) {
    return std::string(CodecName(Codec::kKind));
  }
};
TYPED_TEST_SUITE(CodecTest, Codecs, CodecNames);

constexpr Metric kMetrics[] = {Metric::kL2, Metric::kInnerProduct, Metric::kCosine};

TYPED_TEST(CodecTest, DistancesAreThoseOfTheDecodedVectors) {
  for (const Metric metric : kMetrics) {
    this->Prepare(metric);
    typename TypeParam::Query query(*this->codec_);
    const Matrix<float> queries = ClusteredVectors(10, kDim, 8);
    std::vector<float> decoded(kDim), projected(kDim);
    for (std::size_t q = 0; q < queries.rows(); ++q) {
      std::vector<float> vector(queries.row(q).begin(), queries.row(q).end());
      if (metric == Metric::kCosine) Normalize(vector);
      query.Prepare(vector);
      const std::uint32_t ids[] = {0, 7, 399, 7};
      float distances[4];
      query.Distances(this->Codes(), ids, 4, distances);
      EXPECT_EQ(distances[1], distances[3]);
      if (TypeParam::kKind == CodecKind::kPca4) continue;  // its distances leave a part out
      for (int i = 0; i < 4; ++i) {
        this->codec_->Decode(this->Code(ids[i]), decoded);
        const double expected = Definition(metric, vector, decoded);
        const double scale =  // of the rounding of the query to 8 bits
            std::sqrt(Definition(Metric::kInnerProduct, vector, vector) *
                      Definition(Metric::kInnerProduct, decoded, decoded));
        EXPECT_NEAR(distances[i], expected, 0.02 * scale) << MetricName(metric);
      }
    }
  }
}

TYPED_TEST(CodecTest, DecodedVectorsAreNearTheirOriginals) {
  const double allowed = TypeParam::kKind == CodecKind::kF32    ? 0
                         : TypeParam::kKind == CodecKind::kF16  ? 1e-6
                         : TypeParam::kKind == CodecKind::kSq8  ? 1e-3
                         : TypeParam::kKind == CodecKind::kPca4 ? 0.10
                                                                : 0.03;
  this->Prepare(Metric::kL2);
  std::vector<float> decoded(kDim);
  double error = 0, energy = 0;
  for (std::size_t r = 0; r < kRows; ++r) {
    this->codec_->Decode(this->Code(r), decoded);
    error += Definition(Metric::kL2, this->rows_.row(r), decoded);
    energy += -Definition(Metric::kInnerProduct, this->rows_.row(r), this->rows_.row(r));
  }
  EXPECT_LE(error / energy, allowed);
}

TYPED_TEST(CodecTest, ACodeAsQueryMeasuresLikeItsDecodedVector) {
  for (const Metric metric : kMetrics) {
    this->Prepare(metric);
    typename TypeParam::Query from_code(*this->codec_), from_vector(*this->codec_);
    std::vector<float> decoded(kDim);
    std::vector<std::uint32_t> ids(50);
    for (std::uint32_t i = 0; i < 50; ++i) ids[i] = i * 8;
    std::vector<float> a(50), b(50);
    this->codec_->Decode(this->Code(5), decoded);
    from_code.PrepareFromCode(this->Code(5));
    from_vector.Prepare(decoded);
    from_code.Distances(this->Codes(), ids.data(), 50, a.data());
    from_vector.Distances(this->Codes(), ids.data(), 50, b.data());
    const float scale =
        *std::ranges::max_element(b, [](float x, float y) { return std::abs(x) < std::abs(y); });
    for (int i = 0; i < 50; ++i)
      EXPECT_NEAR(a[i], b[i], 0.02 * std::abs(scale)) << MetricName(metric);
  }
}

TYPED_TEST(CodecTest, NearestByCodeAreMostlyNearestByVector) {
  for (const Metric metric : kMetrics) {
    this->Prepare(metric);
    typename TypeParam::Query query(*this->codec_);
    const Matrix<float> queries = ClusteredVectors(30, kDim, 8);
    std::vector<std::uint32_t> all(kRows);
    for (std::uint32_t i = 0; i < kRows; ++i) all[i] = i;
    std::vector<float> distances(kRows);
    int hits = 0;
    for (std::size_t q = 0; q < queries.rows(); ++q) {
      std::vector<float> vector(queries.row(q).begin(), queries.row(q).end());
      if (metric == Metric::kCosine) Normalize(vector);
      query.Prepare(vector);
      query.Distances(this->Codes(), all.data(), kRows, distances.data());
      std::vector<std::uint32_t> by_code = all, by_vector = all;
      std::ranges::sort(by_code, {}, [&](std::uint32_t i) { return distances[i]; });
      std::ranges::sort(by_vector, {}, [&](std::uint32_t i) {
        return Definition(metric, vector, this->rows_.row(i));
      });
      for (int i = 0; i < 10; ++i) {
        hits +=
            std::find(by_code.begin(), by_code.begin() + 30, by_vector[i]) != by_code.begin() + 30;
      }
    }
    EXPECT_GE(hits, 285) << MetricName(metric) << " of 300";
  }
}

TYPED_TEST(CodecTest, ComesBackFromBytesTheSame) {
  this->Prepare(Metric::kL2);
  ByteWriter writer;
  SaveCodec(TrainCodec(TypeParam::kKind, this->rows_.view(), Metric::kL2, 42), writer);
  ByteReader reader(writer.bytes(), "test");
  const auto loaded = LoadCodec(reader);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_TRUE(reader.Done().ok());
  EXPECT_EQ(KindOf(loaded.value()), TypeParam::kKind);
  std::vector<std::uint8_t> again(this->codec_->code_bytes());
  for (std::size_t r = 0; r < 20; ++r) {
    std::get<TypeParam>(loaded.value()).Encode(this->rows_.row(r), again.data());
    EXPECT_TRUE(std::equal(again.begin(), again.end(), this->Code(r)));
  }
}

TYPED_TEST(CodecTest, ShortBytesAreAnError) {
  this->Prepare(Metric::kL2);
  ByteWriter writer;
  SaveCodec(TrainCodec(TypeParam::kKind, this->rows_.view(), Metric::kL2, 42), writer);
  for (std::size_t bytes = 0; bytes < writer.bytes().size(); bytes += 1 + bytes / 20) {
    ByteReader reader(writer.bytes().first(bytes), "test");
    EXPECT_FALSE(LoadCodec(reader).ok()) << bytes << " of " << writer.bytes().size();
  }
}

TYPED_TEST(CodecTest, EqualRowsAndOneRowTrainWithoutNaN) {
  for (const std::size_t rows : {1, 5}) {
    Matrix<float> equal(rows, kDim);
    for (std::size_t r = 0; r < rows; ++r) std::ranges::fill(equal.row(r), -3.25f);
    const auto codec = TypeParam::Train(equal.view(), Metric::kL2, 1);
    AlignedBuffer code(codec.code_bytes());
    auto* bytes = reinterpret_cast<std::uint8_t*>(code.data());
    codec.Encode(equal.row(0), bytes);
    typename TypeParam::Query query(codec);
    query.Prepare(equal.row(0));
    const std::uint32_t id = 0;
    float distance = -1;
    query.Distances({bytes, codec.code_bytes()}, &id, 1, &distance);
    EXPECT_TRUE(std::isfinite(distance));
    std::vector<float> decoded(kDim);
    codec.Decode(bytes, decoded);
    for (const float x : decoded) EXPECT_NEAR(x, -3.25f, 1.0f);
  }
}

TEST(Sq8CodecTest, LosslessCodesGiveExactDistances) {
  const Matrix<float> rows = ByteVectors(20, 300, 4);
  const Sq8Codec codec = Sq8Codec::Lossless(300, Metric::kL2);
  AlignedBuffer codes(20 * codec.code_bytes());
  auto* bytes = reinterpret_cast<std::uint8_t*>(codes.data());
  for (std::size_t r = 0; r < 20; ++r) codec.Encode(rows.row(r), bytes + r * codec.code_bytes());
  Sq8Codec::Query query(codec);
  query.Prepare(rows.row(3));
  for (std::uint32_t i = 0; i < 20; ++i) {
    float distance = -1;
    query.Distances({bytes, codec.code_bytes()}, &i, 1, &distance);
    EXPECT_EQ(distance, static_cast<float>(Definition(Metric::kL2, rows.row(3), rows.row(i))));
  }
}

TEST(AutoCodecTest, FollowsTheDimension) {
  const auto choice = [](std::size_t dim) {
    return KindOf(
        TrainCodec(CodecKind::kAuto, ClusteredVectors(300, dim, 1, 300).view(), Metric::kL2, 42));
  };
  EXPECT_EQ(choice(8), CodecKind::kF32);
  EXPECT_EQ(choice(16), CodecKind::kF32);
  EXPECT_EQ(choice(17), CodecKind::kSq8);
  EXPECT_EQ(choice(64), CodecKind::kSq8);
  EXPECT_EQ(choice(100), CodecKind::kSq4);
  EXPECT_EQ(choice(128), CodecKind::kSq4);
}

TEST(AutoCodecTest, TakesPrincipalComponentsWhereFewDimsHoldTheVariance) {
  Matrix<float> rows(500, 400);
  RandomStream random(1, 1);
  for (std::size_t r = 0; r < 500; ++r) {
    for (std::size_t i = 0; i < 400; ++i) {
      rows.row(r)[i] = static_cast<float>(random.Normal() * (i < 40 ? 10 : 0.1));
    }
  }
  const AnyCodec codec = TrainCodec(CodecKind::kAuto, rows.view(), Metric::kL2, 42);
  EXPECT_EQ(KindOf(codec), CodecKind::kPca4);
  EXPECT_EQ(CodeBytes(codec), 64u);
}

TEST(CodecKindTest, NamesGoBothWaysAndUnknownOnesListTheKnown) {
  for (const char* name : {"f32", "f16", "sq8", "sq4", "lvq4", "pca4", "auto"}) {
    ASSERT_TRUE(ParseCodec(name).ok());
    EXPECT_EQ(CodecName(ParseCodec(name).value()), name);
  }
  const auto unknown = ParseCodec("pq");
  ASSERT_FALSE(unknown.ok());
  EXPECT_NE(unknown.error().message.find("lvq4"), std::string::npos);
}

TEST(RotationTest, KeepsLengthsAndComesBack) {
  for (const std::size_t dim : {1, 2, 3, 5, 64, 100, 128, 784}) {
    const Rotation rotation(dim, 7);
    Matrix<float> original = ClusteredVectors(2, dim, 9);
    std::vector<float> a(original.row(0).begin(), original.row(0).end());
    std::vector<float> b(original.row(1).begin(), original.row(1).end());
    const double before = Definition(Metric::kL2, a, b);
    rotation.Apply(a);
    rotation.Apply(b);
    EXPECT_NEAR(Definition(Metric::kL2, a, b), before, 1e-4 * (1 + before));
    rotation.ApplyInverse(a);
    for (std::size_t i = 0; i < dim; ++i) EXPECT_NEAR(a[i], original.row(0)[i], 1e-4);
  }
}

TEST(RotationTest, SpreadsOneDimOverAll) {
  for (const std::size_t dim : {128, 784, 1000}) {
    std::vector<float> vector(dim, 0.0f);
    vector[dim / 2] = 1;
    Rotation(dim, 7).Apply(vector);
    const float largest = std::abs(*std::ranges::max_element(
        vector, [](float x, float y) { return std::abs(x) < std::abs(y); }));
    EXPECT_LT(largest, 0.4f) << dim;
  }
}

}  // namespace
}  // namespace kith
