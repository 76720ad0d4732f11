#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/tools/kith_process.h"
#include "tests/vector_files.h"

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ConvertCommandTest : public testing::Test {
 protected:
  KithRun Convert(const std::vector<std::string>& arguments) {
    std::vector<std::string> words = {"convert"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return RunKith(words, folder_.path());
  }
  TemporaryFolder folder_;
};

TEST_F(ConvertCommandTest, GoesRoundThroughEveryFormatOfFloatsUnchanged) {
  const std::string bytes = Texmex(ClusteredRows(1000, 7, 1));
  folder_.Write("a.fvecs", bytes);
  std::string previous = "a.fvecs";
  for (const std::string name : {"b.npy", "c.hdf5", "d.fbin", "e.fvecs"}) {
    const KithRun run = Convert({"--input", previous, "--output", name});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("1,000 vectors of dim 7, f32"));
    previous = name;
  }
  EXPECT_EQ(folder_.Read("e.fvecs"), bytes);
}

TEST_F(ConvertCommandTest, TakesTheTypeOfTheOutputsFormat) {
  folder_.Write("a.bvecs", Texmex<std::uint8_t>({{0, 128, 255}, {1, 2, 3}}));
  const KithJson json(Convert({"--input", "a.bvecs", "--output", "b.fvecs", "--json"}));
  EXPECT_EQ(json.Number("/vectors"), 2);
  EXPECT_EQ(json.Number("/dim"), 3);
  EXPECT_EQ(json.Text("/input_type"), "u8");
  EXPECT_EQ(json.Text("/output_type"), "f32");
  EXPECT_EQ(folder_.Read("b.fvecs"), Texmex<float>({{0, 128, 255}, {1, 2, 3}}));
}

TEST_F(ConvertCommandTest, WritesTheTypeAskedFor) {
  folder_.Write("a.fvecs", Texmex<float>({{0, 7, 255}, {1, 2, 3}}));
  EXPECT_EQ(Convert({"--input", "a.fvecs", "--output", "b.npy", "--type", "u8"}).exit_code, 0);
  EXPECT_THAT(folder_.Read("b.npy"), HasSubstr("'|u1'"));
  EXPECT_EQ(Convert({"--input", "a.fvecs", "--output", "c.npy", "--type", "f16"}).exit_code, 0);
  EXPECT_THAT(folder_.Read("c.npy"), HasSubstr("'<f2'"));
}

TEST_F(ConvertCommandTest, RefusesToRoundToIntegers) {
  folder_.Write("a.fvecs", Texmex<float>({{1, 2}, {3, 4.5}}));
  const KithRun run = Convert({"--input", "a.fvecs", "--output", "b.bvecs"});
  ExpectError(run, 2, "kith convert");
  EXPECT_THAT(run.err, HasSubstr("row 1"));
  EXPECT_THAT(run.err, HasSubstr("4.5"));
  EXPECT_THAT(folder_.List(), ElementsAre("a.fvecs"));
}

TEST_F(ConvertCommandTest, RefusesToOverwriteUnlessForced) {
  folder_.Write("a.fvecs", Texmex<float>({{1, 2}}));
  folder_.Write("b.npy", "precious");
  const KithRun run = Convert({"--input", "a.fvecs", "--output", "b.npy"});
  ExpectError(run, 1, "kith convert");
  EXPECT_THAT(run.err, HasSubstr("b.npy"));
  EXPECT_THAT(run.err, HasSubstr("--force"));
  EXPECT_EQ(folder_.Read("b.npy"), "precious");
  EXPECT_EQ(Convert({"--input", "a.fvecs", "--output", "b.npy", "--force"}).exit_code, 0);
  EXPECT_THAT(folder_.Read("b.npy"), HasSubstr("NUMPY"));
  EXPECT_THAT(folder_.List(), ElementsAre("a.fvecs", "b.npy"));
}

TEST_F(ConvertCommandTest, NamesWhatIsWrongWithTheInput) {
  const std::string good = Texmex<float>({{1, 2}, {3, 4}});
  folder_.Write("short.fvecs", good.substr(0, good.size() - 3));
  folder_.Write("magic.npy", "this is not a npy file, whatever it is called");
  folder_.Write("mixed.fvecs", Texmex<float>({{1, 2}, {3, 4}, {5}, {6, 7, 8}}));
  folder_.Write("notes.txt", "words");
  struct Case {
    const char* input;
    int exit_code;
  };
  for (const Case& c : {Case{"short.fvecs", 1},
                        {"magic.npy", 2},
                        {"notes.txt", 2},
                        {"absent.fvecs", 1},
                        {"mixed.fvecs", 2}}) {
    const KithRun run = Convert({"--input", c.input, "--output", "out.fbin"});
    ExpectError(run, c.exit_code, "kith convert");
    EXPECT_THAT(run.err, HasSubstr(c.input));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out.fbin"));
  }
}

TEST_F(ConvertCommandTest, NamesTheFormatsForAnUnknownExtension) {
  folder_.Write("a.fvecs", Texmex<float>({{1, 2}}));
  const KithRun run = Convert({"--input", "a.fvecs", "--output", "b.vectors"});
  ExpectError(run, 2, "kith convert");
  EXPECT_THAT(run.err, HasSubstr(".npy"));
}

TEST_F(ConvertCommandTest, NamesTheTypesForAnUnknownOne) {
  folder_.Write("a.fvecs", Texmex<float>({{1, 2}}));
  const KithRun run = Convert({"--input", "a.fvecs", "--output", "b.npy", "--type", "double"});
  ExpectError(run, 2, "kith convert");
  EXPECT_THAT(run.err, HasSubstr("double"));
  EXPECT_THAT(run.err, HasSubstr("f16"));
}

}  // namespace
}  // namespace kith
