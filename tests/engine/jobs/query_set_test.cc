#include "engine/jobs/query_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/temporary_folder.h"
#include "tests/vector_files.h"

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class QuerySetTest : public testing::Test {
 protected:
  void ExpectInvalid(const Error& error, const std::string& words) {
    EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(error.message, HasSubstr(words));
  }
  TemporaryFolder folder_;
};

TEST_F(QuerySetTest, ReadsAllOrTheFirstQueries) {
  folder_.Write("q.bvecs", Texmex<std::uint8_t>({{1, 2}, {3, 4}, {5, 6}}));
  const auto all = ReadQueries(folder_ / "q.bvecs", 0, 2, "x");
  ASSERT_TRUE(all.ok()) << all.error().message;
  EXPECT_EQ(all.value().rows(), 3u);
  EXPECT_THAT(all.value().row(2), ElementsAre(5, 6));
  EXPECT_EQ(ReadQueries(folder_ / "q.bvecs", 2, 2, "x").value().rows(), 2u);
  EXPECT_EQ(ReadQueries(folder_ / "q.bvecs", 9, 2, "x").value().rows(), 3u);
}

TEST_F(QuerySetTest, RejectsAnotherDim) {
  folder_.Write("q.fvecs", Texmex<float>({{1, 2}}));
  ExpectInvalid(ReadQueries(folder_ / "q.fvecs", 0, 3, "the index a").error(),
                "q.fvecs, but the index a has dim 3");
}

TEST_F(QuerySetTest, NamesTheValueThatIsNotFinite) {
  const float infinity = std::numeric_limits<float>::infinity();
  folder_.Write("q.fvecs", Texmex<float>({{1, 2}, {3, -infinity}}));
  ExpectInvalid(ReadQueries(folder_ / "q.fvecs", 0, 2, "x").error(), "q.fvecs: row 1 has");
  EXPECT_TRUE(ReadQueries(folder_ / "q.fvecs", 1, 2, "x").ok());
}

TEST_F(QuerySetTest, GroundTruthMustFitQueriesAndBase) {
  folder_.Write("t.ivecs", Texmex<std::int32_t>({{0, 9}, {4, -1}}));
  const std::string path = folder_ / "t.ivecs";
  EXPECT_TRUE(ReadGroundTruth(path, 2, false, 10).ok());
  EXPECT_TRUE(ReadGroundTruth(path, 5, false, 10).ok()) << "it may cover fewer queries";
  EXPECT_TRUE(ReadGroundTruth(path, 1, true, 10).ok());
  ExpectInvalid(ReadGroundTruth(path, 1, false, 10).error(), "2 queries, but there are only 1");
  ExpectInvalid(ReadGroundTruth(path, 2, false, 9).error(),
                "row 0 names vector 9, but the index has only 9");
}

TEST_F(QuerySetTest, GroundTruthIsIntegers) {
  folder_.Write("t.fvecs", Texmex<float>({{0, 1}}));
  EXPECT_FALSE(ReadGroundTruth(folder_ / "t.fvecs", 1, false, 10).ok());
}

}  // namespace
}  // namespace kith
