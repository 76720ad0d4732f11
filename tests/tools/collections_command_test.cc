#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/tools/index_fixture.h"

namespace kith {
namespace {

using ::testing::HasSubstr;

class CollectionsCommandTest : public IndexFixture {
 protected:
  KithRun Do(std::vector<std::string> words) const {
    words.insert(words.begin(), "collections");
    words.insert(words.end(), {"--data", "data"});
    return Run(words);
  }
  KithJson Json(std::vector<std::string> words) const {
    words.push_back("--json");
    return KithJson(Do(words));
  }
  std::string SnapshotOf(const std::string& name) const {
    return Json({"snapshot", name}).Text("/path");
  }
};

TEST_F(CollectionsCommandTest, CreatesShowsAndDeletes) {
  const KithJson made(Do({"create", "a", "--dim", "24", "--metric", "l2", "--m", "8", "--vector",
                          "text:3:ip", "--vector", "image:5", "--json"}));
  EXPECT_EQ(made.Text("/name"), "a");
  EXPECT_EQ(made.Number("/config/vectors//size"), 24);
  EXPECT_EQ(made.Text("/config/vectors//distance"), "Euclid");
  EXPECT_EQ(made.Text("/config/vectors/text/distance"), "Dot");
  EXPECT_EQ(made.Number("/config/vectors/image/size"), 5);
  EXPECT_EQ(made.Number("/config/vectors/image/m"), 8);
  ASSERT_EQ(Do({"create", "b", "--dim", "2"}).exit_code, 0);
  const KithJson aliases(Json({"alias", "x", "--to", "b"}));
  EXPECT_EQ(aliases.Text("/aliases/x"), "b");

  const KithJson list(Json({"list"}));
  EXPECT_EQ(list.Size("/collections"), 2u);
  EXPECT_EQ(list.Text("/collections/0/name"), "a");
  EXPECT_EQ(list.Number("/collections/0/points"), 0);
  EXPECT_EQ(list.Text("/collections/1/aliases/0"), "x");
  const KithRun text = Do({"list"});
  EXPECT_THAT(text.out, HasSubstr("data: 2 collections"));
  const KithJson info(Json({"info", "x"}));
  EXPECT_EQ(info.Text("/name"), "b");
  EXPECT_EQ(info.Text("/status"), "green");
  EXPECT_EQ(info.Size("/snapshots"), 0u);

  EXPECT_TRUE(Json({"delete", "b"}).Flag("/deleted"));
  EXPECT_EQ(Json({"list"}).Size("/collections"), 1u);
  EXPECT_FALSE(Json({"alias"}).Has("/aliases/x"));
}

TEST_F(CollectionsCommandTest, ImportsAnIndexThatAnswersAsTheDefinition) {
  Build("base.index");
  const KithJson from_index(Json({"import", "a", "--index", "base.index"}));
  EXPECT_EQ(from_index.Number("/imported"), kRows);
  EXPECT_EQ(from_index.Number("/points"), kRows);
  ASSERT_EQ(Do({"import", "b", "--vectors", "base.fvecs", "--metric", "l2"}).exit_code, 0);
  ASSERT_EQ(Do({"export", "a", "--output", "a.jsonl"}).exit_code, 0);
  ASSERT_EQ(Do({"export", "b", "--output", "b.jsonl"}).exit_code, 0);
  EXPECT_EQ(folder_.Read("a.jsonl"), folder_.Read("b.jsonl"));
  const KithJson npy(Json({"export", "a", "--output", "a.npy.d", "--format", "npy"}));
  EXPECT_EQ(npy.Number("/vectors"), kRows);
  ASSERT_EQ(Run({"convert", "--input", "a.npy.d/vectors.npy", "--output", "a.fvecs"}).exit_code, 0);
  EXPECT_EQ(folder_.Read("a.fvecs"), folder_.Read("base.fvecs"));
  // Again: the same points.
  EXPECT_EQ(Json({"import", "a", "--index", "base.index"}).Number("/points"), kRows);
  ASSERT_EQ(Do({"import", "c", "--jsonl", "a.jsonl", "--metric", "l2"}).exit_code, 0);
  ASSERT_EQ(Do({"export", "c", "--output", "a.jsonl", "--force"}).exit_code, 0);
  EXPECT_EQ(folder_.Read("a.jsonl"), folder_.Read("b.jsonl"));
}

TEST_F(CollectionsCommandTest, SnapshotsAreListedVerifiedRestoredAndDeleted) {
  ASSERT_EQ(Do({"import", "a", "--vectors", "base.fvecs", "--metric", "l2"}).exit_code, 0);
  const std::string file = SnapshotOf("a");
  EXPECT_EQ(Json({"snapshot", "a", "--list"}).Size("/snapshots"), 1u);
  const KithJson verified(Json({"verify", "--snapshot", file}));
  EXPECT_TRUE(verified.Flag("/intact"));
  EXPECT_EQ(verified.Text("/collection"), "a");
  folder_.Write("one.jsonl", "{\"id\":9999}\n");
  // Into another data directory.
  const KithRun restored =
      Run({"collections", "restore", "b", "--snapshot", file, "--data", "other"});
  EXPECT_EQ(restored.exit_code, 0) << restored.err;
  EXPECT_EQ(restored.err.find("warning"), std::string::npos) << restored.err;
  ASSERT_EQ(Do({"export", "a", "--output", "a.jsonl"}).exit_code, 0);
  ASSERT_EQ(Run({"collections", "export", "b", "--output", "b.jsonl", "--data", "other"}).exit_code,
            0);
  EXPECT_EQ(folder_.Read("a.jsonl"), folder_.Read("b.jsonl"));
  ExpectError(Do({"restore", "a", "--snapshot", file}), 1, "kith collections");
  ASSERT_EQ(Do({"import", "a", "--jsonl", "one.jsonl"}).exit_code, 0);
  EXPECT_EQ(Json({"restore", "a", "--snapshot", file, "--force"}).Number("/points"), kRows);
  ASSERT_EQ(Do({"export", "a", "--output", "a.jsonl", "--force"}).exit_code, 0);
  EXPECT_EQ(folder_.Read("a.jsonl"), folder_.Read("b.jsonl"));
  ExpectError(Do({"restore", "c", "--snapshot", "base.fvecs"}), 1, "kith collections");
  const std::string name = file.substr(file.rfind('/') + 1);
  EXPECT_TRUE(Json({"snapshot", "a", "--delete", name}).Flag("/deleted"));
  ExpectError(Do({"snapshot", "a", "--delete", name}), 1, "kith collections");
  EXPECT_FALSE(std::filesystem::exists(folder_ / file));
}

TEST_F(CollectionsCommandTest, VerifyFindsWhatIsDamaged) {
  ASSERT_EQ(Do({"import", "a", "--vectors", "base.fvecs"}).exit_code, 0);
  ASSERT_EQ(Do({"create", "b", "--dim", "2"}).exit_code, 0);
  const KithJson whole(Json({"verify"}));
  EXPECT_TRUE(whole.Flag("/collections/0/intact"));
  EXPECT_EQ(whole.Number("/collections/0/points"), kRows);
  const std::string file = SnapshotOf("a");
  std::string bytes = folder_.Read(file);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  folder_.Write("broken.snapshot", bytes);
  ExpectError(Do({"verify", "--snapshot", "broken.snapshot"}), 1, "kith collections");

  folder_.Write("data/collections/b/store/CATALOG", "no");
  const KithRun damaged = Do({"verify"});
  EXPECT_EQ(damaged.exit_code, 1);
  EXPECT_THAT(damaged.out, HasSubstr("a: intact"));
  EXPECT_THAT(damaged.out, HasSubstr("b: DAMAGED"));
  EXPECT_EQ(Do({"verify", "a"}).exit_code, 0);
  ExpectError(Do({"info", "b"}), 1, "kith collections");
  const KithJson list(Json({"list"}));
  EXPECT_EQ(list.Size("/collections"), 2u);
  EXPECT_THAT(list.Text("/collections/1/error"), HasSubstr("cannot be opened"));
  EXPECT_EQ(Do({"delete", "b"}).exit_code, 0);
}

TEST_F(CollectionsCommandTest, NamesWhatIsWrong) {
  struct Bad {
    std::vector<std::string> words;
    int exit_code;
    const char* word;
  };
  folder_.Write("bad.jsonl", "{\"id\":1,\"vector\":[1,2]}\n{\"id\":2,\"vectr\":[1,2]}\n");
  ASSERT_EQ(Do({"create", "a", "--dim", "24", "--metric", "l2"}).exit_code, 0);
  for (const Bad& bad : std::vector<Bad>{
           {{"create", "x/y", "--dim", "2"}, 2, "'/'"},
           {{"create", "x"}, 2, "--dim"},
           {{"create", "x", "--dim", "99999999"}, 2, "size"},
           {{"create", "x", "--dim", "2", "--metric", "hamming"}, 2, "cosine"},
           {{"create", "x", "--dim", "2", "--datatype", "f64"}, 2, "float16"},
           {{"create", "x", "--vector", "nodim"}, 2, "NAME:DIM"},
           {{"create", "x", "--vector", "n:2", "--vector", "n:3"}, 2, "already"},
           {{"create", "a", "--dim", "24"}, 1, "already"},
           {{"delete", "x"}, 1, "no collection 'x'"},
           {{"info", "x"}, 1, "'x'"},
           {{"info"}, 2, "NAME"},
           {{"import", "a"}, 2, "expected one source"},
           {{"import", "a", "--vectors", "absent.npy"}, 1, "absent.npy"},
           {{"import", "a", "--vectors", "base.fvecs", "--metric", "ip"}, 2, "is for l2"},
           {{"import", "b", "--jsonl", "bad.jsonl"}, 2, "bad.jsonl:2"},
           {{"import", "a", "--jsonl", "bad.jsonl"}, 2, "bad.jsonl:2"},
           {{"export", "a", "--output", "x", "--format", "csv"}, 2, "jsonl or npy"},
           {{"export", "a", "--output", "base.fvecs"}, 1, "base.fvecs"},
           {{"export", "x", "--output", "y"}, 1, "'x'"},
           {{"snapshot", "x"}, 1, "'x'"},
           {{"restore", "x", "--snapshot", "absent"}, 1, "absent"},
           {{"alias", "x"}, 2, "--to"},
           {{"alias", "x", "--to", "none"}, 1, "'none'"},
           {{"alias", "a", "--to", "a"}, 1, "already"},
           {{"lst"}, 2, "did you mean \"list\"?"},
           {{"list", "--jsn"}, 2, "did you mean --json?"},
           {{}, 2, "kith collections --help"}}) {
    const KithRun run = Do(bad.words);
    ExpectError(run, bad.exit_code, "kith collections");
    EXPECT_THAT(run.err, HasSubstr(bad.word));
  }
  ExpectError(Run({"collections", "list", "--data", "absent"}), 1, "kith collections");
  ExpectError(Run({"collections", "list", "--data", "."}), 2, "kith collections");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "absent"));
}

TEST_F(CollectionsCommandTest, OneProcessAtATimeAndCtrlCMayBeRepeated) {
  folder_.Write("many.fvecs", Texmex(ClusteredRows(60000, 24, 5)));
  const std::vector<std::string> import = {"collections", "import",       "a",    "--vectors",
                                           "many.fvecs",  "--data",       "data", "--metric",
                                           "l2",          "--no-optimize"};
  {
    KithProcess process(import, folder_.path());
    ASSERT_TRUE(WaitFor(
        [&] { return std::filesystem::exists(folder_ / "data/collections/a/store/CATALOG"); }));
    const KithRun second = Do({"list"});
    process.Signal(SIGINT);
    const KithRun first = process.Wait();
    if (first.exit_code == 0) GTEST_SKIP() << "the import was over before it could be stopped";
    EXPECT_EQ(first.exit_code, 130);
    ExpectError(second, 1, "kith collections");
    EXPECT_THAT(second.err, HasSubstr("in use by another process (pid "));
  }
  EXPECT_LT(Json({"info", "a"}).Number("/points"), 60000);
  const KithRun again = Run(import);
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(Json({"info", "a"}).Number("/points"), 60000);
}

}  // namespace
}  // namespace kith
