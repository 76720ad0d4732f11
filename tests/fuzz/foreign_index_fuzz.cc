// Any bytes as an index file of hnswlib or FAISS.  What is read keeps its promises: one id a row,
// links only to nodes that exist on their level.
#include "index/foreign/foreign_index.h"

#include "tests/fuzz/fuzz_input.h"
#include "tests/index/foreign/foreign_bytes.h"

namespace kith {
namespace {

constexpr std::uint64_t kBytesMax = 64 << 20;

void CheckGraph(const ForeignGraph& graph, std::size_t rows) {
  KITH_FUZZ_CHECK(graph.levels.size() == rows && graph.entry_point < rows);
  KITH_FUZZ_CHECK(graph.levels[graph.entry_point] + 1 == graph.links.size());
  for (std::size_t level = 0; level < graph.links.size(); ++level) {
    KITH_FUZZ_CHECK(graph.links[level].size() == rows);
    for (std::size_t node = 0; node < rows; ++node) {
      const auto& list = graph.links[level][node];
      KITH_FUZZ_CHECK(list.empty() || graph.levels[node] >= level);
      KITH_FUZZ_CHECK(list.size() <= graph.m * (level == 0 ? std::size_t{2} : 1));
      for (const std::uint32_t link : list) {
        KITH_FUZZ_CHECK(link < rows && graph.levels[link] >= level);
      }
    }
  }
}

void Check(std::string_view bytes) {
  const ScratchFile file("foreign");
  file.Write(bytes);
  auto index = ReadForeignIndex(file.path(), kBytesMax);
  if (!index.ok()) return;
  const std::size_t rows = index.value().rows.rows();
  KITH_FUZZ_CHECK(index.value().ids.size() == rows);
  KITH_FUZZ_CHECK(rows * index.value().rows.cols() * sizeof(float) <= bytes.size());
  for (const std::uint32_t row : index.value().deleted) KITH_FUZZ_CHECK(row < rows);
  if (index.value().graph) CheckGraph(*index.value().graph, rows);
  const std::size_t deleted = index.value().deleted.size();
  DropDeleted(index.value());
  KITH_FUZZ_CHECK(index.value().rows.rows() == rows - deleted);
  KITH_FUZZ_CHECK(index.value().ids.size() == rows - deleted);
}

std::vector<std::string> Seeds() {
  FaissIvfBytes sparse;
  sparse.sizes_kind = "sprs";
  sparse.sizes = {0, 2, 2, 1};
  FaissIvfBytes over_graph;
  over_graph.quantizer = FaissHnswBytes().Make();
  return {HnswlibBytes().Make(),
          FaissFlatBytes().Make(),
          FaissFlatBytes{.code = "IxFI", .metric = 0}.Make(),
          FaissHnswBytes().Make(),
          FaissIvfBytes().Make(),
          sparse.Make(),
          over_graph.Make(),
          FaissIdMapBytes(FaissIvfBytes().Make(), {5, 6, 7}),
          FaissIdMapBytes(FaissHnswBytes().Make(), {5, 6, 7}, "IxM2")};
}

}  // namespace
}  // namespace kith

KITH_FUZZ_SEEDS(kith::Seeds)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kith::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
