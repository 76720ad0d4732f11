#include "engine/jobs/answer_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <utility>

#include "index/vector_index.h"
#include "storage/vector_file.h"
#include "tests/temporary_folder.h"
#include "tests/vector_files.h"

namespace kith {
namespace {

using ::testing::ElementsAre;

class AnswerFileTest : public testing::Test {
 protected:
  void SetUp() override {
    answers_ = Matrix<Neighbor>(3, 2);
    answers_.row(0)[0] = {0.5f, 7};
    answers_.row(0)[1] = {2, 2147483646};
    answers_.row(1)[0] = {-1e-9f, 0};
    for (const std::size_t r : {1, 2}) answers_.row(r)[1] = {.id = kNoNeighbor};
    answers_.row(2)[0] = {.id = kNoNeighbor};
  }

  Status Write(const std::string& name) {
    AnswerFile file = TRY(AnswerFile::Create(folder_ / name, 2, OutputFile::IfExists::kRefuse));
    return file.Write(std::as_const(answers_).view());
  }

  TemporaryFolder folder_;
  Matrix<Neighbor> answers_;
};

TEST_F(AnswerFileTest, WritesRowNumbersWithMinusOneForPadding) {
  ASSERT_TRUE(Write("a.ivecs").ok());
  EXPECT_EQ(folder_.Read("a.ivecs"), Texmex<std::int32_t>({{7, 2147483646}, {0, -1}, {-1, -1}}));
}

TEST_F(AnswerFileTest, WritesEveryIntegerFormat) {
  for (const char* name : {"a.ibin", "a.npy", "a.hdf5"}) {
    ASSERT_TRUE(Write(name).ok()) << name;
    const auto read = ReadAllI32(folder_ / name, 1 << 20);
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_THAT(read.value().row(0), ElementsAre(7, 2147483646));
    EXPECT_THAT(read.value().row(2), ElementsAre(-1, -1));
  }
}

TEST_F(AnswerFileTest, WritesJsonLinesWithoutPadding) {
  ASSERT_TRUE(Write("a.jsonl").ok());
  EXPECT_EQ(folder_.Read("a.jsonl"),
            "{\"query\":0,\"ids\":[7,2147483646],\"distances\":[0.5,2]}\n"
            "{\"query\":1,\"ids\":[0],\"distances\":[-1e-09]}\n"
            "{\"query\":2,\"ids\":[],\"distances\":[]}\n");
}

TEST_F(AnswerFileTest, AppearsOnlyWhenWritten) {
  {
    auto file = AnswerFile::Create(folder_ / "a.jsonl", 2, OutputFile::IfExists::kRefuse);
    ASSERT_TRUE(file.ok());
    EXPECT_FALSE(std::filesystem::exists(folder_ / "a.jsonl"));
  }
  EXPECT_THAT(folder_.List(), ElementsAre());
}

TEST_F(AnswerFileTest, RefusesFormatsWithoutIntegers) {
  for (const char* name : {"a.fvecs", "a.bvecs", "a.txt", "a"}) {
    const Status written = Write(name);
    ASSERT_FALSE(written.ok()) << name;
    EXPECT_EQ(written.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST_F(AnswerFileTest, DistancesAreAFileOfFloats) {
  auto file = DistanceFile::Create(folder_ / "d.fvecs", 2, OutputFile::IfExists::kRefuse);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file.value().Write(std::as_const(answers_).view()).ok());
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(folder_.Read("d.fvecs"),
            Texmex<float>({{0.5f, 2}, {-1e-9f, kInfinity}, {kInfinity, kInfinity}}));
}

}  // namespace
}  // namespace kith
