// Files made by the libraries themselves, compared with what the libraries hold in memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/random.h"
#include "index/foreign/foreign_index.h"
#include "tests/storage/file_fixture.h"

#ifdef KITH_TEST_FOREIGN_LIBRARIES

// hnswlib's prefetches read behind its lists, which the sanitizers take for what it is.
#define NO_MANUAL_VECTORIZATION

#include <faiss/IndexFlat.h>
#include <faiss/IndexHNSW.h>
#include <faiss/IndexIDMap.h>
#include <faiss/IndexIVFFlat.h>
#include <faiss/IndexIVFPQ.h>
#include <faiss/index_io.h>
#include <hnswlib/hnswlib.h>

namespace kith {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kRows = 900, kDim = 12, kM = 6;
constexpr std::uint64_t kBytesMax = 1 << 24;

class ForeignLibraryTest : public ::testing::Test {
 protected:
  ForeignLibraryTest() : rows_(kRows * kDim) {
    RandomStream random(3, 0);
    for (float& value : rows_) value = static_cast<float>(random.Normal());
  }

  const float* Row(std::size_t row) const { return rows_.data() + row * kDim; }

  ForeignIndex Read() const {
    auto index = ReadForeignIndex(path_, kBytesMax);
    EXPECT_TRUE(index.ok()) << (index.ok() ? "" : index.error().message);
    return index.ok() ? std::move(index).value() : ForeignIndex();
  }

  // Row i of `index` is row(i) of the test's.
  template <typename RowOf>
  void ExpectRows(const ForeignIndex& index, RowOf row_of) const {
    ASSERT_EQ(index.rows.rows(), kRows);
    ASSERT_EQ(index.rows.cols(), kDim);
    for (std::size_t i = 0; i < kRows; ++i) {
      ASSERT_TRUE(std::equal(Row(row_of(i)), Row(row_of(i)) + kDim, index.rows.row(i).begin()))
          << "row " << i;
    }
  }

  // Cuts at many lengths and changed bytes: an error or a value, never a crash.
  void ExpectRobust() {
    const std::string good = ReadBytes(path_);
    RandomStream random(9, 0);
    for (int i = 0; i < 300; ++i) {
      WriteBytes(path_, good.substr(0, random.Below(good.size())));
      EXPECT_FALSE(ReadForeignIndex(path_, kBytesMax).ok());
    }
    for (int i = 0; i < 700; ++i) {
      std::string bad = good;
      // Half of the changes near the start, where the sizes are.
      for (std::uint64_t n = 1 + random.Below(3); n > 0; --n) {
        const std::uint64_t at = random.Below(i % 2 == 0 ? 200 : bad.size());
        bad[at] = static_cast<char>(random.Below(256));
      }
      WriteBytes(path_, bad);
      const auto index = ReadForeignIndex(path_, kBytesMax);
      if (index.ok()) {
        EXPECT_EQ(index.value().ids.size(), index.value().rows.rows());
      }
    }
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_.File("index");
  std::vector<float> rows_;
};

std::vector<std::uint32_t> HnswlibLinks(const hnswlib::HierarchicalNSW<float>& index,
                                        std::uint32_t node, int level) {
  auto* list = level == 0 ? index.get_linklist0(node) : index.get_linklist(node, level);
  const auto* links = reinterpret_cast<const std::uint32_t*>(list + 1);
  return {links, links + index.getListCount(list)};
}

TEST_F(ForeignLibraryTest, HnswlibRowsLabelsAndLinksAreThoseInMemory) {
  hnswlib::L2Space space(kDim);
  hnswlib::HierarchicalNSW<float> library(&space, kRows + 50, kM, 40, 7);
  for (std::size_t i = 0; i < kRows; ++i) library.addPoint(Row(i), 1'000'000 + 3 * i);
  library.markDelete(1'000'000 + 3 * 17);
  library.markDelete(1'000'000);
  library.saveIndex(path_);

  const ForeignIndex index = Read();
  EXPECT_EQ(index.format, "hnswlib");
  ExpectRows(index, [](std::size_t i) { return i; });
  for (std::size_t i = 0; i < kRows; ++i) ASSERT_EQ(index.ids[i], 1'000'000 + 3 * i);
  EXPECT_EQ(index.deleted, (std::vector<std::uint32_t>{0, 17}));
  ASSERT_TRUE(index.graph.has_value());
  const ForeignGraph& graph = *index.graph;
  EXPECT_EQ(graph.m, kM);
  EXPECT_EQ(graph.entry_point, library.enterpoint_node_);
  ASSERT_EQ(graph.links.size(), static_cast<std::size_t>(library.maxlevel_) + 1);
  ASSERT_GE(graph.links.size(), 3u) << "the test wants upper levels";
  for (std::uint32_t node = 0; node < kRows; ++node) {
    ASSERT_EQ(graph.levels[node], static_cast<std::uint32_t>(library.element_levels_[node]));
    for (int level = 0; level < static_cast<int>(graph.links.size()); ++level) {
      const auto expected = level <= library.element_levels_[node]
                                ? HnswlibLinks(library, node, level)
                                : std::vector<std::uint32_t>();
      ASSERT_EQ(graph.links[static_cast<std::size_t>(level)][node], expected)
          << "node " << node << " level " << level;
    }
  }
  ExpectRobust();
}

TEST_F(ForeignLibraryTest, EmptyHnswlibIndexHasNoRows) {
  hnswlib::InnerProductSpace space(kDim);
  hnswlib::HierarchicalNSW<float> library(&space, 10, kM, 40);
  library.saveIndex(path_);
  const ForeignIndex index = Read();
  EXPECT_EQ(index.rows.rows(), 0u);
  EXPECT_FALSE(index.graph.has_value());
}

TEST_F(ForeignLibraryTest, FaissFlatRowsAreThoseInMemory) {
  for (const auto& [metric, expected] : {std::pair{faiss::METRIC_L2, Metric::kL2},
                                         {faiss::METRIC_INNER_PRODUCT, Metric::kInnerProduct}}) {
    faiss::IndexFlat library(kDim, metric);
    library.add(kRows, rows_.data());
    faiss::write_index(&library, path_.c_str());
    const ForeignIndex index = Read();
    EXPECT_EQ(index.format, "faiss IndexFlat");
    EXPECT_EQ(index.metric, expected);
    ExpectRows(index, [](std::size_t i) { return i; });
  }
  ExpectRobust();
}

TEST_F(ForeignLibraryTest, FaissHnswLinksAreThoseInMemory) {
  faiss::IndexHNSWFlat library(kDim, kM);
  library.add(kRows, rows_.data());
  faiss::write_index(&library, path_.c_str());

  const ForeignIndex index = Read();
  EXPECT_EQ(index.format, "faiss IndexHNSWFlat");
  ExpectRows(index, [](std::size_t i) { return i; });
  ASSERT_TRUE(index.graph.has_value());
  const ForeignGraph& graph = *index.graph;
  EXPECT_EQ(graph.m, kM);
  EXPECT_EQ(graph.entry_point, static_cast<std::uint32_t>(library.hnsw.entry_point));
  ASSERT_EQ(graph.links.size(), static_cast<std::size_t>(library.hnsw.max_level) + 1);
  ASSERT_GE(graph.links.size(), 2u) << "the test wants upper levels";
  for (std::size_t node = 0; node < kRows; ++node) {
    ASSERT_EQ(graph.levels[node] + 1, static_cast<std::uint32_t>(library.hnsw.levels[node]));
    for (std::size_t level = 0; level <= graph.levels[node]; ++level) {
      std::size_t begin = 0, end = 0;
      library.hnsw.neighbor_range(static_cast<std::int64_t>(node), static_cast<int>(level), &begin,
                                  &end);
      std::vector<std::uint32_t> expected;
      for (; begin < end && library.hnsw.neighbors[begin] >= 0; ++begin) {
        expected.push_back(static_cast<std::uint32_t>(library.hnsw.neighbors[begin]));
      }
      ASSERT_EQ(graph.links[level][node], expected) << "node " << node << " level " << level;
    }
  }
  ExpectRobust();
}

TEST_F(ForeignLibraryTest, FaissIvfRowsAreFoundByTheirIds) {
  for (const std::size_t lists : {8, 2000}) {  // full and sparse list sizes
    faiss::IndexFlatL2 quantizer(kDim);
    std::vector<float> centroids(lists * kDim, 100.0f);
    std::copy_n(rows_.data(), std::min(lists, std::size_t{8}) * kDim, centroids.data());
    quantizer.add(static_cast<std::int64_t>(lists), centroids.data());
    faiss::IndexIVFFlat library(&quantizer, kDim, lists);
    library.is_trained = true;
    std::vector<std::int64_t> ids(kRows);
    for (std::size_t i = 0; i < kRows; ++i) ids[i] = static_cast<std::int64_t>(kRows - 1 - i) * 10;
    library.add_with_ids(kRows, rows_.data(), ids.data());
    faiss::write_index(&library, path_.c_str());

    const ForeignIndex index = Read();
    EXPECT_EQ(index.format, "faiss IndexIVFFlat");
    EXPECT_EQ(index.metric, Metric::kL2);
    ExpectRows(index, [](std::size_t i) { return kRows - 1 - i; });
    for (std::size_t i = 0; i < kRows; ++i) ASSERT_EQ(index.ids[i], i * 10);
    ExpectRobust();
  }
}

TEST_F(ForeignLibraryTest, FaissIvfWithDirectMapsIsRead) {
  for (const auto map : {faiss::DirectMap::Array, faiss::DirectMap::Hashtable}) {
    faiss::IndexFlatIP quantizer(kDim);
    quantizer.add(8, rows_.data());
    faiss::IndexIVFFlat library(&quantizer, kDim, 8, faiss::METRIC_INNER_PRODUCT);
    library.is_trained = true;
    library.add(kRows, rows_.data());
    library.set_direct_map_type(map);
    faiss::write_index(&library, path_.c_str());
    const ForeignIndex index = Read();
    EXPECT_EQ(index.metric, Metric::kInnerProduct);
    ExpectRows(index, [](std::size_t i) { return i; });
  }
}

TEST_F(ForeignLibraryTest, FaissIdMapsNameTheRows) {
  std::vector<std::int64_t> ids(kRows);
  for (std::size_t i = 0; i < kRows; ++i) ids[i] = static_cast<std::int64_t>(i * i);
  faiss::IndexHNSWFlat hnsw(kDim, kM);
  faiss::IndexIDMap2 library(&hnsw);
  library.add_with_ids(kRows, rows_.data(), ids.data());
  faiss::write_index(&library, path_.c_str());
  const ForeignIndex index = Read();
  ExpectRows(index, [](std::size_t i) { return i; });
  EXPECT_TRUE(index.graph.has_value());
  for (std::size_t i = 0; i < kRows; ++i) ASSERT_EQ(index.ids[i], i * i);
  ExpectRobust();
}

TEST_F(ForeignLibraryTest, CompressedFaissIndexIsUnsupported) {
  faiss::IndexPQ library(kDim, 4, 8);
  faiss::write_index(&library, path_.c_str());
  const auto index = ReadForeignIndex(path_, kBytesMax);
  ASSERT_FALSE(index.ok());
  EXPECT_EQ(index.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(index.error().message, HasSubstr("FAISS index of type \"IxPq\""));
}

}  // namespace
}  // namespace kith

#else

TEST(ForeignLibraryTest, LibrariesAreInstalled) {
  GTEST_SKIP() << "FAISS, OpenBLAS or hnswlib not found when this was configured";
}

#endif
