// kith info and kith verify.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/tools/index_fixture.h"

namespace kith {
namespace {

using ::testing::HasSubstr;

using InfoCommandTest = IndexFixture;
using VerifyCommandTest = IndexFixture;

TEST_F(InfoCommandTest, DescribesAVectorFile) {
  const KithJson json(Run({"info", "base.fvecs", "--json"}));
  EXPECT_EQ(json.Text("/path"), "base.fvecs");
  EXPECT_EQ(json.Text("/holds"), "vector file");
  EXPECT_EQ(json.Text("/format"), "fvecs");
  EXPECT_EQ(json.Text("/type"), "f32");
  EXPECT_EQ(json.Number("/vectors"), kRows);
  EXPECT_EQ(json.Number("/dim"), kDim);
  EXPECT_EQ(json.Number("/file_bytes"), kRows * (4 + 4 * kDim));
  const KithRun run = Run({"info", "base.fvecs"});
  EXPECT_THAT(run.out, HasSubstr("base.fvecs: vector file"));
  EXPECT_THAT(run.out, HasSubstr("600"));
}

TEST_F(InfoCommandTest, DescribesADatasetOfAnHdf5File) {
  ASSERT_EQ(Run({"convert", "--input", "base.fvecs", "--output", "a.hdf5:test"}).exit_code, 0);
  const KithJson json(Run({"info", "a.hdf5:test", "--json"}));
  EXPECT_EQ(json.Number("/vectors"), kRows);
  EXPECT_EQ(json.Number("/file_bytes"), std::filesystem::file_size(folder_ / "a.hdf5"));
}

TEST_F(InfoCommandTest, DescribesAnIndexByFolderAndByFile) {
  Build("a", {"--metric", "cosine"});
  for (const std::string path : {"a", "a/index.kith"}) {
    const KithJson json(Run({"info", path, "--json"}));
    EXPECT_EQ(json.Text("/holds"), "index");
    EXPECT_EQ(json.Text("/index"), "hnsw");
    EXPECT_EQ(json.Text("/metric"), "cosine");
    EXPECT_EQ(json.Number("/vectors"), kRows);
    EXPECT_EQ(json.Number("/dim"), kDim);
    EXPECT_EQ(json.Number("/file_bytes"), std::filesystem::file_size(folder_ / "a/index.kith"));
    EXPECT_GT(json.Size("/sections"), 1u);
    EXPECT_GT(json.Size("/calibration"), 0u);
    EXPECT_TRUE(json.Has("/details"));
  }
  const KithRun run = Run({"info", "a"});
  EXPECT_THAT(run.out, HasSubstr("a: hnsw index"));
  EXPECT_THAT(run.out, HasSubstr("crc32c"));
  EXPECT_THAT(run.out, HasSubstr("recall@k"));
}

TEST_F(InfoCommandTest, SaysWhatIsWrongWithAPath) {
  std::filesystem::create_directory(folder_ / "photos");
  folder_.Write("notes.txt", "words");
  for (const auto& [path, exit_code, word] : std::vector<std::tuple<std::string, int, std::string>>{
           {"photos", 2, "index.kith"},
           {"notes.txt", 2, ".fvecs"},
           {"absent.fvecs", 1, "No such file"}}) {
    const KithRun run = Run({"info", path});
    ExpectError(run, exit_code, "kith info");
    EXPECT_THAT(run.err, HasSubstr(path));
    EXPECT_THAT(run.err, HasSubstr(word));
  }
}

TEST_F(VerifyCommandTest, PassesWhatIsIntact) {
  Build("hnsw");
  Build("flat", {"--index", "flat"});
  for (const std::string path : {"hnsw", "flat", "hnsw/index.kith", "base.fvecs"}) {
    const KithJson json(Run({"verify", path, "--json"}));
    EXPECT_TRUE(json.Flag("/intact"));
    EXPECT_EQ(json.Number("/vectors"), kRows);
    EXPECT_GT(json.Number("/bytes_checked"), kRows * kDim);
    EXPECT_THAT(Run({"verify", path}).out, HasSubstr(path + ": intact"));
  }
}

// One flipped bit anywhere in an index file must be found.
TEST_F(VerifyCommandTest, FindsAFlippedBitInEverySectionOfAnIndex) {
  for (const std::string index : {"hnsw", "flat"}) {
    Build(index, {"--index", index});
    const std::string good = folder_.Read(index + "/index.kith");
    const KithJson info(Run({"info", index, "--json"}));
    std::vector<std::size_t> places = {0, 9, 20, 60};  // header
    for (std::size_t s = 0; s < info.Size("/sections"); ++s) {
      const std::string section = "/sections/" + std::to_string(s);
      const auto offset = static_cast<std::size_t>(info.Number(section + "/offset"));
      const auto bytes = static_cast<std::size_t>(info.Number(section + "/bytes"));
      if (bytes > 0) places.insert(places.end(), {offset, offset + bytes / 2, offset + bytes - 1});
    }
    places.push_back(good.size() - 1);  // table
    for (const std::size_t place : places) {
      std::string bad = good;
      bad[place] = static_cast<char>(bad[place] ^ 0x10);
      folder_.Write(index + "/index.kith", bad);
      const KithRun run = Run({"verify", index});
      EXPECT_NE(run.exit_code, 0) << index << " byte " << place;
      EXPECT_THAT(run.err, HasSubstr(index + "/index.kith")) << place;
      EXPECT_EQ(run.out, "");
    }
  }
}

TEST_F(VerifyCommandTest, NamesTheFaultOfAVectorFile) {
  base_[77][3] = std::numeric_limits<float>::quiet_NaN();
  folder_.Write("nan.fvecs", Texmex(base_));
  KithRun run = Run({"verify", "nan.fvecs"});
  ExpectError(run, 1, "kith verify");
  EXPECT_THAT(run.err, HasSubstr("row 77 has NaN in dimension 3"));

  std::string bytes = Texmex(queries_);
  bytes[25 * (4 + 4 * kDim)] = 23;  // the dim of row 25
  folder_.Write("mixed.fvecs", bytes);
  run = Run({"verify", "mixed.fvecs"});
  EXPECT_NE(run.exit_code, 0);
  EXPECT_THAT(run.err, HasSubstr("25"));

  folder_.Write("short.fvecs", bytes.substr(0, bytes.size() - 2));
  run = Run({"verify", "short.fvecs"});
  ExpectError(run, 1, "kith verify");
}

}  // namespace
}  // namespace kith
