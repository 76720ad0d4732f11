// The development data, where it is: counts as its manifests state them.
#include <gtest/gtest.h>

#include "storage/vector_file.h"
#include "tests/storage/file_fixture.h"

namespace kith {
namespace {

struct SharedFile {
  const char* path;
  std::uint64_t rows;
  std::uint32_t dim;
  DataType type;
};

constexpr SharedFile kFiles[] = {
    {"fashion-mnist-784/base.bvecs", 60'000, 784, DataType::kU8},
    {"fashion-mnist-784/query.bvecs", 10'000, 784, DataType::kU8},
    {"fashion-mnist-784/groundtruth.ivecs", 10'000, 100, DataType::kI32},
    {"bigann10k/base.bvecs", 9'000, 128, DataType::kU8},
    {"bigann10k/groundtruth.ivecs", 1'000, 100, DataType::kI32},
    {"sift-bsds/base.bvecs", 200'000, 128, DataType::kU8},
    {"sift-bsds/groundtruth1000_200k.ivecs", 1'000, 100, DataType::kI32},
    {"acl/base.fvecs", 58'812, 128, DataType::kF32},
    {"acl/query.fvecs", 10'000, 128, DataType::kF32},
    {"llm-embeddings/openai-ada2.fvecs", 243, 1536, DataType::kF32},
};

TEST(SharedDataTest, FilesHaveTheCountsOfTheirManifests) {
  KITH_SKIP_WITHOUT_SHARED_DATA(SharedData());
  for (const SharedFile& file : kFiles) {
    const auto reader = VectorReader::Open(SharedData() + "/" + file.path);
    ASSERT_TRUE(reader.ok()) << reader.error().message;
    EXPECT_EQ(reader.value()->info().rows, file.rows) << file.path;
    EXPECT_EQ(reader.value()->info().dim, file.dim) << file.path;
    EXPECT_EQ(reader.value()->info().type, file.type) << file.path;
  }
}

TEST(SharedDataTest, GroundTruthIsTheNearestOfTheBase) {
  KITH_SKIP_WITHOUT_SHARED_DATA(SharedData());
  const std::string folder = SharedData() + "/bigann10k/";
  const auto base = ReadAllF32(folder + "base.bvecs", 1 << 24);
  const auto queries = ReadAllF32(folder + "query.bvecs", 1 << 24);
  const auto truth = ReadAllI32(folder + "groundtruth.ivecs", 1 << 24);
  ASSERT_TRUE(base.ok() && queries.ok() && truth.ok());
  for (std::size_t q = 0; q < 50; ++q) {
    float best = 1e30f;
    std::size_t nearest = 0;
    for (std::size_t row = 0; row < base.value().rows(); ++row) {
      float distance = 0;
      for (std::size_t i = 0; i < 128; ++i) {
        const float difference = base.value().row(row)[i] - queries.value().row(q)[i];
        distance += difference * difference;
      }
      if (distance < best) {
        best = distance;
        nearest = row;
      }
    }
    EXPECT_EQ(truth.value().row(q)[0], static_cast<std::int32_t>(nearest)) << q;
  }
}

TEST(SharedDataTest, ConversionToEveryFormatKeepsRealRows) {
  KITH_SKIP_WITHOUT_SHARED_DATA(SharedData());
  const auto rows = ReadAllF32(SharedData() + "/llm-embeddings/openai-ada2.fvecs", 1 << 24);
  ASSERT_TRUE(rows.ok());
  const TemporaryDirectory directory;
  for (const char* name : {"a.fvecs", "a.npy", "a.fbin", "a.hdf5"}) {
    auto writer = VectorWriter::Create(directory.File(name), DataType::kF32, 1536,
                                       OutputFile::IfExists::kRefuse);
    ASSERT_TRUE(writer.value()->AppendF32(rows.value().view()).ok());
    ASSERT_TRUE(writer.value()->Commit().ok());
    const auto back = ReadAllF32(directory.File(name), 1 << 24);
    ASSERT_TRUE(back.ok()) << back.error().message;
    for (std::size_t r = 0; r < rows.value().rows(); ++r) {
      ASSERT_TRUE(std::ranges::equal(back.value().row(r), rows.value().row(r))) << name << " " << r;
    }
  }
}

}  // namespace
}  // namespace kith
