#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/index/foreign/foreign_bytes.h"
#include "tests/tools/index_fixture.h"

#ifdef KITH_TEST_FOREIGN_LIBRARIES
// hnswlib's prefetches read behind its lists, which the sanitizers take for what it is.
#define NO_MANUAL_VECTORIZATION
#include <faiss/IndexFlat.h>
#include <faiss/IndexHNSW.h>
#include <faiss/IndexIVFFlat.h>
#include <faiss/index_io.h>
#include <hnswlib/hnswlib.h>
#endif

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ImportCommandTest : public testing::Test {
 protected:
  KithRun Import(const std::vector<std::string>& options) const {
    std::vector<std::string> words = {"import", "--output", "a.index"};
    words.insert(words.end(), options.begin(), options.end());
    return RunKith(words, folder_.path());
  }

  // The nearest of each query, by exact search in a.index.
  std::vector<std::vector<std::int32_t>> Nearest(const std::vector<std::vector<float>>& queries,
                                                 std::size_t k) const {
    folder_.Write("q.fvecs", Texmex(queries));
    const KithRun run = RunKith({"search", "--index", "a.index", "--queries", "q.fvecs", "--k",
                                 std::to_string(k), "--exact", "--output", "out.ivecs", "--force"},
                                folder_.path());
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return RowsOfTexmex<std::int32_t>(folder_.Read("out.ivecs"));
  }

  TemporaryFolder folder_;
};

// Rows {1,2}, {3,4}, {5,6} with ids 100, 101, 102, the last one deleted.
TEST_F(ImportCommandTest, LeavesDeletedRowsOutAndWritesIdsThatAreNoRowNumbers) {
  folder_.Write("a.bin", HnswlibBytes().Make());
  const KithJson json(Import({"--input", "a.bin", "--metric", "l2", "--json"}));
  EXPECT_EQ(json.Text("/format"), "hnswlib");
  EXPECT_EQ(json.Text("/index"), "hnsw");
  EXPECT_EQ(json.Number("/vectors"), 2);
  EXPECT_EQ(json.Number("/deleted"), 1);
  EXPECT_FALSE(json.Flag("/graph_kept"));
  EXPECT_TRUE(json.Flag("/ids_written"));
  EXPECT_EQ(folder_.Read("a.index/ids.txt"), "100\n101\n");
  EXPECT_THAT(Nearest({{5, 6}}, 2), ElementsAre(ElementsAre(1, 0)));
  EXPECT_EQ(RunKith({"verify", "a.index"}, folder_.path()).exit_code, 0);
}

TEST_F(ImportCommandTest, KeepsTheGraphOfTheFile) {
  HnswlibBytes bytes;
  bytes.heads = {2, 2, 2};
  folder_.Write("a.bin", bytes.Make());
  const KithRun run = Import({"--input", "a.bin", "--metric", "l2"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("that of the file"));
  EXPECT_THAT(run.out, HasSubstr("a.index/ids.txt"));
  EXPECT_THAT(Nearest({{5, 6}}, 3), ElementsAre(ElementsAre(2, 1, 0)));
}

TEST_F(ImportCommandTest, OrdersRowsByTheirIds) {
  folder_.Write("ivf.faiss", FaissIvfBytes().Make());
  const KithJson json(Import({"--input", "ivf.faiss", "--json"}));
  EXPECT_EQ(json.Text("/index"), "flat");
  EXPECT_FALSE(json.Flag("/ids_written"));
  EXPECT_THAT(Nearest({{1, 2}, {3, 4}, {5, 6}}, 1),
              ElementsAre(ElementsAre(0), ElementsAre(1), ElementsAre(2)));

  folder_.Write("map.faiss", FaissIdMapBytes(FaissFlatBytes().Make(), {7, 3, 5}));
  ASSERT_EQ(Import({"--input", "map.faiss", "--force"}).exit_code, 0);
  EXPECT_EQ(folder_.Read("a.index/ids.txt"), "3\n5\n7\n");
  EXPECT_THAT(Nearest({{1, 2}, {3, 4}, {5, 6}}, 1),
              ElementsAre(ElementsAre(2), ElementsAre(0), ElementsAre(1)));
}

TEST_F(ImportCommandTest, BuildsAGraphWhereOneIsWanted) {
  folder_.Write("flat.faiss", FaissFlatBytes().Make());
  const KithJson json(Import({"--input", "flat.faiss", "--index", "hnsw", "--json"}));
  EXPECT_EQ(json.Text("/index"), "hnsw");
  EXPECT_FALSE(json.Flag("/graph_kept"));
  EXPECT_THAT(Nearest({{3, 4}}, 1), ElementsAre(ElementsAre(1)));
}

TEST_F(ImportCommandTest, NamesWhatIsWrong) {
  const std::string hnswlib = HnswlibBytes().Make();
  folder_.Write("a.bin", hnswlib);
  folder_.Write("short.bin", hnswlib.substr(0, hnswlib.size() - 5));
  folder_.Write("flat.faiss", FaissFlatBytes().Make());
  folder_.Write("notes.txt", "these are words and no index, whatever they were called");
  struct Bad {
    std::vector<std::string> options;
    const char* word;
  };
  for (const Bad& bad : std::vector<Bad>{
           {{"--input", "a.bin"}, "do not say their metric"},
           {{"--input", "a.bin", "--metric", "hamming"}, "cosine"},
           {{"--input", "a.bin", "--metric", "l2", "--format", "faiss"}, "expected faiss"},
           {{"--input", "flat.faiss", "--metric", "ip"}, "index for l2, not for ip"},
           {{"--input", "flat.faiss", "--format", "usearch"}, "hnswlib or faiss"},
           {{"--input", "flat.faiss", "--index", "spann"}, "not in this version"},
           {{"--input", "short.bin", "--metric", "l2"}, "short.bin"},
           {{"--input", "notes.txt", "--metric", "l2"}, "notes.txt"},
           {{"--input", "absent.bin", "--metric", "l2"}, "absent.bin"}}) {
    const KithRun run = Import(bad.options);
    EXPECT_NE(run.exit_code, 0);
    ExpectError(run, run.exit_code, "kith import");
    EXPECT_THAT(run.err, HasSubstr(bad.word));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "a.index"));
  }
}

#ifdef KITH_TEST_FOREIGN_LIBRARIES

class ImportLibraryFilesTest : public IndexFixture {
 protected:
  // recall@10 of the index against the definition, at ef_search 40.
  double Recall() const {
    WriteTruth(10);
    const KithJson json(Run({"search", "--index", "a.index", "--queries", "query.fvecs",
                             "--ground-truth", "truth.ivecs", "--ef-search", "40", "--json"}));
    return json.Number("/recall_at_10");
  }

  // Share of the 10 nearest by the definition among the answers of another library.
  template <typename Answers>
  double RecallOf(Answers answers) const {
    double found = 0;
    for (const auto& query : queries_) {
      const std::vector<std::int32_t> truth = NearestByDefinition(base_, query, 10);
      for (const std::int32_t id : answers(query)) found += std::ranges::count(truth, id) > 0;
    }
    return found / (10.0 * kQueries);
  }

  std::vector<float> Flattened() const {
    std::vector<float> all;
    for (const auto& row : base_) all.insert(all.end(), row.begin(), row.end());
    return all;
  }
};

TEST_F(ImportLibraryFilesTest, AnHnswlibGraphRecallsAsItDidThere) {
  hnswlib::L2Space space(kDim);
  hnswlib::HierarchicalNSW<float> index(&space, kRows, 6, 40);
  for (std::size_t i = 0; i < kRows; ++i) {  // not in the order of the labels
    const std::size_t row = (i * 7) % kRows;
    index.addPoint(base_[row].data(), row);
  }
  index.saveIndex(folder_ / "a.bin");
  index.setEf(40);
  const double theirs = RecallOf([&](const std::vector<float>& query) {
    std::vector<std::int32_t> ids;
    auto queue = index.searchKnn(query.data(), 10);
    for (; !queue.empty(); queue.pop())
      ids.push_back(static_cast<std::int32_t>(queue.top().second));
    return ids;
  });

  const KithJson json(Run({"import", "--input", "a.bin", "--metric", "l2", "--codec", "f32",
                           "--output", "a.index", "--json"}));
  EXPECT_TRUE(json.Flag("/graph_kept"));
  EXPECT_FALSE(json.Flag("/ids_written"));
  EXPECT_EQ(json.Number("/vectors"), kRows);
  EXPECT_NEAR(Recall(), theirs, 0.02);
  EXPECT_EQ(Run({"verify", "a.index"}).exit_code, 0);
}

TEST_F(ImportLibraryFilesTest, AFaissGraphRecallsAsItDidThere) {
  faiss::IndexHNSWFlat index(kDim, 8);
  index.hnsw.efConstruction = 40;
  index.hnsw.efSearch = 40;
  const std::vector<float> rows = Flattened();
  index.add(kRows, rows.data());
  faiss::write_index(&index, (folder_ / "a.faiss").c_str());
  const double theirs = RecallOf([&](const std::vector<float>& query) {
    std::vector<float> distances(10);
    std::vector<faiss::Index::idx_t> labels(10);
    index.search(1, query.data(), 10, distances.data(), labels.data());
    return std::vector<std::int32_t>(labels.begin(), labels.end());
  });
  const KithJson json(
      Run({"import", "--input", "a.faiss", "--codec", "f32", "--output", "a.index", "--json"}));
  EXPECT_EQ(json.Text("/format"), "faiss IndexHNSWFlat");
  EXPECT_TRUE(json.Flag("/graph_kept"));
  EXPECT_NEAR(Recall(), theirs, 0.02);
}

TEST_F(ImportLibraryFilesTest, FaissVectorsAreFoundExactly) {
  const std::vector<float> rows = Flattened();
  faiss::IndexFlatL2 flat(kDim);
  flat.add(kRows, rows.data());
  faiss::write_index(&flat, (folder_ / "flat.faiss").c_str());
  faiss::IndexFlatL2 quantizer(kDim);
  faiss::IndexIVFFlat ivf(&quantizer, kDim, 8);
  ivf.train(kRows, rows.data());
  ivf.add(kRows, rows.data());
  faiss::write_index(&ivf, (folder_ / "ivf.faiss").c_str());
  WriteTruth(10);
  for (const char* file : {"flat.faiss", "ivf.faiss"}) {
    ASSERT_EQ(Run({"import", "--input", file, "--output", "a.index", "--force"}).exit_code, 0);
    ASSERT_EQ(Run({"search", "--index", "a.index", "--queries", "query.fvecs", "--output",
                   "out.ivecs", "--force"})
                  .exit_code,
              0);
    EXPECT_EQ(folder_.Read("out.ivecs"), folder_.Read("truth.ivecs")) << file;
  }
}

#endif  // KITH_TEST_FOREIGN_LIBRARIES

}  // namespace
}  // namespace kith
