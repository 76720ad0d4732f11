#include "index/foreign/foreign_index.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/random.h"
#include "tests/index/foreign/foreign_bytes.h"
#include "tests/storage/file_fixture.h"

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ForeignIndexTest : public ::testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::string path_ = directory_.File("index.bin");

  Result<ForeignIndex> Read(const std::string& bytes, std::uint64_t bytes_max = 1 << 20) {
    WriteBytes(path_, bytes);
    return ReadForeignIndex(path_, bytes_max);
  }

  Error ErrorOf(const std::string& bytes, std::uint64_t bytes_max = 1 << 20) {
    const auto index = Read(bytes, bytes_max);
    EXPECT_FALSE(index.ok());
    if (index.ok()) return Error{ErrorCode::kIoError, "no error"};
    EXPECT_THAT(index.error().message, HasSubstr(path_));
    return index.error();
  }

  // A change of a good file that must be found out.
  template <typename Bytes, typename Change>
  void ExpectCorrupt(Change change, const std::string& message, Bytes bytes = {}) {
    change(bytes);
    const Error error = ErrorOf(bytes.Make());
    EXPECT_EQ(error.code, ErrorCode::kCorruption) << error.message;
    EXPECT_THAT(error.message, HasSubstr(message));
  }
};

TEST_F(ForeignIndexTest, HnswlibGivesRowsLabelsLinksAndDeletions) {
  const auto index = Read(HnswlibBytes().Make());
  ASSERT_TRUE(index.ok()) << index.error().message;
  EXPECT_EQ(index.value().format, "hnswlib");
  EXPECT_FALSE(index.value().metric.has_value());
  EXPECT_THAT(index.value().rows.row(2), ElementsAre(5, 6));
  EXPECT_THAT(index.value().ids, ElementsAre(100, 101, 102));
  EXPECT_THAT(index.value().deleted, ElementsAre(2));
  const ForeignGraph& graph = index.value().graph.value();
  EXPECT_THAT(graph.levels, ElementsAre(1, 0, 0));
  ASSERT_EQ(graph.links.size(), 2u);
  EXPECT_THAT(graph.links[0], ElementsAre(ElementsAre(1, 2), ElementsAre(0, 2), ElementsAre(1, 0)));
  EXPECT_THAT(graph.links[1], ElementsAre(IsEmpty(), IsEmpty(), IsEmpty()));
  EXPECT_EQ(graph.entry_point, 0u);
  EXPECT_EQ(graph.m, 2u);
}

TEST_F(ForeignIndexTest, FlatGivesRowsInOrder) {
  for (const auto& [code, metric, expected] : {std::tuple{"IxF2", 1, Metric::kL2},
                                               {"IxFI", 0, Metric::kInnerProduct},
                                               {"IxFl", 1, Metric::kL2}}) {
    const auto index = Read(FaissFlatBytes{.code = code, .metric = metric}.Make());
    ASSERT_TRUE(index.ok()) << index.error().message;
    EXPECT_EQ(index.value().format, "faiss IndexFlat");
    EXPECT_EQ(index.value().metric, expected);
    EXPECT_THAT(index.value().rows.row(1), ElementsAre(3, 4));
    EXPECT_THAT(index.value().ids, ElementsAre(0, 1, 2));
    EXPECT_FALSE(index.value().graph.has_value());
  }
}

TEST_F(ForeignIndexTest, FaissHnswGivesLinksUpToTheFirstGap) {
  const auto index = Read(FaissHnswBytes().Make());
  ASSERT_TRUE(index.ok()) << index.error().message;
  EXPECT_EQ(index.value().format, "faiss IndexHNSWFlat");
  const ForeignGraph& graph = index.value().graph.value();
  EXPECT_THAT(graph.levels, ElementsAre(1, 0, 0));
  EXPECT_THAT(graph.links[0], ElementsAre(ElementsAre(1, 2), ElementsAre(0, 2), ElementsAre(1, 0)));
  EXPECT_EQ(graph.m, 2u);
  EXPECT_THAT(index.value().rows.row(2), ElementsAre(5, 6));
}

TEST_F(ForeignIndexTest, IvfRowsComeSortedById) {
  FaissIvfBytes sparse;
  sparse.sizes_kind = "sprs";
  sparse.sizes = {0, 2, 2, 1};
  for (const std::string& bytes : {FaissIvfBytes().Make(), sparse.Make()}) {
    const auto index = Read(bytes);
    ASSERT_TRUE(index.ok()) << index.error().message;
    EXPECT_EQ(index.value().format, "faiss IndexIVFFlat");
    EXPECT_THAT(index.value().ids, ElementsAre(0, 1, 2));
    EXPECT_THAT(index.value().rows.row(0), ElementsAre(1, 2));
    EXPECT_THAT(index.value().rows.row(1), ElementsAre(3, 4));
    EXPECT_THAT(index.value().rows.row(2), ElementsAre(5, 6));
  }
}

TEST_F(ForeignIndexTest, IvfMapsAndQuantizersArePassedOver) {
  FaissIvfBytes bytes;
  bytes.quantizer = FaissHnswBytes().Make();
  bytes.direct_map = std::string(1, '\2');
  AppendObject(bytes.direct_map, std::uint64_t{1});
  AppendObject(bytes.direct_map, std::int64_t{7});
  AppendObject(bytes.direct_map, std::uint64_t{1});
  AppendObject(bytes.direct_map, std::int64_t{7});
  AppendObject(bytes.direct_map, std::int64_t{7});
  const auto index = Read(bytes.Make());
  ASSERT_TRUE(index.ok()) << index.error().message;
  EXPECT_THAT(index.value().ids, ElementsAre(0, 1, 2));
}

TEST_F(ForeignIndexTest, IdMapsNameTheRowsOfWhatTheyHold) {
  for (const std::string& inner :
       {FaissFlatBytes().Make(), FaissHnswBytes().Make(), FaissIvfBytes().Make()}) {
    for (const char* code : {"IxMp", "IxM2"}) {
      const auto index = Read(FaissIdMapBytes(inner, {70, 50, 1ll << 40}, code));
      ASSERT_TRUE(index.ok()) << index.error().message;
      EXPECT_THAT(index.value().ids, ElementsAre(70, 50, 1ull << 40));
      EXPECT_THAT(index.value().rows.row(1), ElementsAre(3, 4));
    }
  }
  EXPECT_THAT(ErrorOf(FaissIdMapBytes(FaissFlatBytes().Make(), {1, 2})).message,
              HasSubstr("map of 2 ids"));
  EXPECT_THAT(ErrorOf(FaissIdMapBytes(FaissFlatBytes().Make(), {1, 2, -3})).message,
              HasSubstr("id -3 of vector 2 is negative"));
  FaissIvfBytes beyond;
  beyond.ids = {2, 0, 3};
  EXPECT_THAT(ErrorOf(FaissIdMapBytes(beyond.Make(), {7, 8, 9})).message,
              HasSubstr("inner id 3 in a map of 3"));
  EXPECT_EQ(
      ErrorOf(FaissIdMapBytes(FaissIdMapBytes(FaissFlatBytes().Make(), {1, 2, 3}), {1, 2, 3})).code,
      ErrorCode::kUnsupported);
}

TEST_F(ForeignIndexTest, EmptyIndexesHaveNoGraph) {
  HnswlibBytes hnswlib;
  hnswlib.count = 0;
  hnswlib.level_max = -1;
  hnswlib.entry_point = ~0u;
  hnswlib.links.clear();
  hnswlib.upper_bytes.clear();
  const FaissFlatBytes flat{.rows = 0, .values = {}};
  FaissHnswBytes hnsw;
  hnsw.level_counts.clear();
  hnsw.offsets = {0};
  hnsw.neighbors.clear();
  hnsw.entry_point = hnsw.level_max = -1;
  hnsw.storage = flat.Make();
  for (const std::string& bytes : {hnswlib.Make(), flat.Make(), hnsw.Make()}) {
    const auto index = Read(bytes, 0);
    ASSERT_TRUE(index.ok()) << index.error().message;
    EXPECT_EQ(index.value().rows.rows(), 0u);
    EXPECT_EQ(index.value().rows.cols(), 2u);
    EXPECT_FALSE(index.value().graph.has_value());
  }
}

TEST_F(ForeignIndexTest, DroppingDeletedRowsDropsTheGraph) {
  HnswlibBytes bytes;
  bytes.heads[0] |= 1 << 16;
  auto index = Read(bytes.Make());
  ASSERT_TRUE(index.ok()) << index.error().message;
  EXPECT_THAT(index.value().deleted, ElementsAre(0, 2));
  DropDeleted(index.value());
  EXPECT_EQ(index.value().rows.rows(), 1u);
  EXPECT_THAT(index.value().rows.row(0), ElementsAre(3, 4));
  EXPECT_THAT(index.value().ids, ElementsAre(101));
  EXPECT_THAT(index.value().deleted, IsEmpty());
  EXPECT_FALSE(index.value().graph.has_value());

  auto whole = Read(FaissHnswBytes().Make());
  DropDeleted(whole.value());
  EXPECT_TRUE(whole.value().graph.has_value());
}

TEST_F(ForeignIndexTest, MemoryIsCountedBeforeItIsTaken) {
  // 3 rows of 2 floats and an id; a graph adds lists, heads and links.
  EXPECT_TRUE(Read(FaissFlatBytes().Make(), 48).ok());
  const Error flat = ErrorOf(FaissFlatBytes().Make(), 47);
  EXPECT_EQ(flat.code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(flat.message, HasSubstr("take 48 bytes of memory, allowed are 47"));
  EXPECT_EQ(ErrorOf(FaissIvfBytes().Make(), 47).code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(ErrorOf(FaissHnswBytes().Make(), 200).code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(ErrorOf(HnswlibBytes().Make(), 200).code, ErrorCode::kResourceExhausted);
}

TEST_F(ForeignIndexTest, OtherFilesAreNamedByTheirFirstBytes) {
  const Error text = ErrorOf("hello world");
  EXPECT_EQ(text.code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(text.message, HasSubstr("beginning with 68 65 6c 6c 6f 20 77 6f"));
  EXPECT_THAT(ErrorOf("").message, HasSubstr("0 bytes beginning with nothing"));
  EXPECT_EQ(ReadForeignIndex(directory_.File("none"), 1).error().code, ErrorCode::kNotFound);
}

TEST_F(ForeignIndexTest, OtherFaissTypesAreUnsupportedByName) {
  const Error error = ErrorOf("IwPQ" + FaissHeader(2, 3));
  EXPECT_EQ(error.code, ErrorCode::kUnsupported);
  EXPECT_THAT(error.message, HasSubstr("type \"IwPQ\""));
  EXPECT_THAT(error.message, HasSubstr("save them as .npy"));
  FaissIvfBytes ivf;
  ivf.lists_code = "ilod";
  EXPECT_THAT(ErrorOf(ivf.Make()).message, HasSubstr("inverted lists of type \"ilod\""));
  ivf = {};
  ivf.quantizer = "Imiq";
  EXPECT_THAT(ErrorOf(ivf.Make()).message, HasSubstr("coarse quantizer of type \"Imiq\""));
  FaissHnswBytes hnsw;
  hnsw.storage = "null";
  EXPECT_THAT(ErrorOf(hnsw.Make()).message, HasSubstr("saved without its vectors"));
  hnsw.storage = "IxSQ";
  EXPECT_THAT(ErrorOf(hnsw.Make()).message, HasSubstr("storage of type \"IxSQ\""));
  const Error metric = ErrorOf(FaissFlatBytes{.code = "IxFl", .metric = 2}.Make());
  EXPECT_EQ(metric.code, ErrorCode::kUnsupported);
  EXPECT_THAT(metric.message, HasSubstr("FAISS metric 2"));
}

TEST_F(ForeignIndexTest, FlatSizesMustAgree) {
  using Bytes = FaissFlatBytes;
  ExpectCorrupt<Bytes>([](Bytes& b) { b.rows = 4; }, "24 bytes of vectors for 4 of dim 2");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.rows = -1; }, "-1 vectors");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.rows = std::int64_t{1} << 61; }, "of dim 2");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.dim = -2; }, "dim -2");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.dim = 0; }, "of dim 0");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.dim = 0x7fffffff; }, "of dim 2147483647");
  const FaissFlatBytes wide{.dim = 65537, .rows = 1, .values = std::vector<float>(65537)};
  EXPECT_THAT(ErrorOf(wide.Make()).message, HasSubstr("dim 65537; expected at most"));
  EXPECT_THAT(ErrorOf(FaissFlatBytes().Make() + "x").message,
              HasSubstr("1 bytes follow the end of the index"));
  std::string bytes = FaissFlatBytes().Make();
  ReplaceObject(bytes, 37, std::uint64_t{1} << 62);  // values, of 4 bytes each
  EXPECT_THAT(ErrorOf(bytes).message, HasSubstr("vectors takes 4611686018427387904 * 4 bytes"));
}

TEST_F(ForeignIndexTest, FaissGraphsMustBeConsistent) {
  using Bytes = FaissHnswBytes;
  ExpectCorrupt<Bytes>([](Bytes& b) { b.neighbors[0] = 3; }, "node 0 on level 0: a link to 3 of 3");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.neighbors[6] = -2; }, "node 1 on level 0: a link to");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.neighbors[4] = 1; },
                       "node 0 on level 1: a link to 1, which ends at level 0");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.level_counts[1] = 0; }, "node 1 has links");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.level_counts[1] = 3; }, "node 1 has links");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.level_counts[1] = -1; }, "node 1 has links");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.offsets[1] = 5; }, "node 1 has links at 5");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.offsets[1] = ~0ull; }, "node 1 has links at");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.offsets[3] = 15; }, "links end at 15 of 14");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.offsets.pop_back(); }, "3 offsets");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.neighbors.pop_back(); }, "links end at 14 of 13");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.slots_below = {0, 4, 3}; }, "links on levels below 2: 3");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.slots_below = {1, 4, 6}; }, "links on levels below 0: 1");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.slots_below = {}; }, "0 levels");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.slots_below.resize(100, 6); }, "99 levels");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.entry_point = 1; }, "entry point 1");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.entry_point = -1; }, "entry point");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.entry_point = 3; }, "entry point 3");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.level_max = 0; }, "top level 0, but nodes reach 1");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.level_max = 2; }, "top level 2");
  ExpectCorrupt<Bytes>(
      [](Bytes& b) { b.storage = FaissFlatBytes{.code = "IxFI", .metric = 0}.Make(); },
      "of another metric");
  ExpectCorrupt<Bytes>(
      [](Bytes& b) {
        b.storage = FaissFlatBytes{.rows = 2, .values = {1, 2, 3, 4}}.Make();
      },
      "storage of 2 vectors");
}

TEST_F(ForeignIndexTest, InvertedListsMustAgree) {
  using Bytes = FaissIvfBytes;
  ExpectCorrupt<Bytes>([](Bytes& b) { b.rows = 4; }, "3 vectors in lists of an index of 4");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.stored_count = 4; }, "4 inverted lists");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.code_bytes = 4; }, "4 bytes a vector");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.sizes = {2, 1}; }, "2 list sizes for 3 lists");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.sizes = {2, 0, 2}; }, "of a list takes 2 * 8 bytes");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.sizes = {~0ull, 0, 1}; }, "vectors of a list takes");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.sizes_kind = "half"; }, "kind \"half\"");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.direct_map[0] = 3; }, "direct map of type 3");
  const auto sparse = [](std::vector<std::uint64_t> sizes) {
    return [sizes](Bytes& b) {
      b.sizes_kind = "sprs";
      b.sizes = sizes;
    };
  };
  ExpectCorrupt<Bytes>(sparse({0, 2, 3, 1}), "list 3 of 3");
  ExpectCorrupt<Bytes>(sparse({2, 2, 0, 1}), "list 0 of 3");
  ExpectCorrupt<Bytes>(sparse({0, 2, 0, 1}), "list 0 of 3");
  ExpectCorrupt<Bytes>(sparse({0, 2, 2}), "in 3 sparse list sizes");
  FaissIvfBytes negative;
  negative.ids[1] = -7;
  const Error error = ErrorOf(negative.Make());
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message, HasSubstr("id -7 is negative"));
}

TEST_F(ForeignIndexTest, HnswlibHeadersMustAgree) {
  using Bytes = HnswlibBytes;
  ExpectCorrupt<Bytes>([](Bytes& b) { b.count = 6; }, "6 elements in a capacity of 5");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.capacity = b.count = ~0ull; }, "records takes");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.m = 0; }, "M, maxM, maxM0 are 0, 2, 4");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.m = b.upper_max = 1ull << 63; }, "M, maxM, maxM0");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.level0_max = 5; }, "2, 2, 5");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.vector_offset = 24; }, "vector at 24");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.label_offset = 16; }, "label at 16");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.label_offset = 30, b.record_bytes = 38; }, "label at 30");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.record_bytes = 7; }, "record of 7 bytes");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.record_bytes = ~0ull; }, "hnswlib record of");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.level_max = -1; }, "top level -1");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.level_max = 64; }, "top level 64");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.level_max = 2; }, "entry point 0 is not one of");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.level_max = 0; }, "upper lists of node 0 take 12 bytes");
}

TEST_F(ForeignIndexTest, HnswlibGraphsMustBeConsistent) {
  using Bytes = HnswlibBytes;
  ExpectCorrupt<Bytes>([](Bytes& b) { b.links[1][1] = 3; }, "node 1 on level 0: a link to 3 of 3");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.heads[1] = 5; }, "list of node 1 has 5 links, at most 4");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.heads[1] |= 2 << 16; }, "marks 2 0");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.heads[1] |= 1 << 24; }, "marks 0 1");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.upper[0] = 1 << 16; }, "marks 1 0");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.upper[0] = 3; }, "list of node 0 has 3 links, at most 2");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.upper = {1, 2, 0}; }, "which ends at level 0");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.upper_bytes[0] = 11; }, "node 0 take 11 bytes");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.upper_bytes[2] = 12; }, "upper lists takes 12 * 1 bytes");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.upper_bytes[2] = 0xfffffff0; }, "node 2 take");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.entry_point = 1; }, "entry point 1");
  ExpectCorrupt<Bytes>([](Bytes& b) { b.entry_point = ~0u; }, "entry point");
  EXPECT_THAT(ErrorOf(HnswlibBytes().Make() + std::string(4, '\0')).message,
              HasSubstr("4 bytes follow the end"));
}

TEST_F(ForeignIndexTest, EveryTruncationIsAnError) {
  for (const std::string& good :
       {HnswlibBytes().Make(), FaissFlatBytes().Make(), FaissHnswBytes().Make(),
        FaissIvfBytes().Make(), FaissIdMapBytes(FaissIvfBytes().Make(), {5, 6, 7})}) {
    ASSERT_TRUE(Read(good).ok());
    for (std::size_t bytes = 0; bytes < good.size(); ++bytes) {
      ASSERT_FALSE(Read(good.substr(0, bytes)).ok()) << bytes;
    }
  }
}

// Whatever comes of it, it is a value: the sanitizers see the rest.
TEST_F(ForeignIndexTest, EveryByteMayBeAnything) {
  RandomStream random(1, 0);
  for (const std::string& good :
       {HnswlibBytes().Make(), FaissFlatBytes().Make(), FaissHnswBytes().Make(),
        FaissIvfBytes().Make(), FaissIdMapBytes(FaissIvfBytes().Make(), {5, 6, 7})}) {
    for (std::size_t i = 0; i < good.size(); ++i) {
      for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff, static_cast<int>(random.Below(256))}) {
        std::string bad = good;
        bad[i] = static_cast<char>(value);
        const auto index = Read(bad);
        if (index.ok()) {
          ASSERT_EQ(index.value().ids.size(), index.value().rows.rows());
        }
      }
    }
  }
}

}  // namespace
}  // namespace kith
