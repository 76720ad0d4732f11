#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>
#include <utility>

#include "index/foreign/byte_cursor.h"
#include "index/foreign/foreign_format.h"

// FAISS writes its objects one inside the other, each begun by a four-character code.  Reading has
// two steps: parse the whole file into views, which allocate nothing, then copy what was asked.
// So the coarse quantizer of an IVF, of which only the end matters, costs nothing.
//
// FAISS's own reader believes what it reads (allocates by it, indexes with it) and is not used.

namespace kith {
namespace {

constexpr std::uint32_t FourCc(std::string_view code) {
  return static_cast<std::uint32_t>(static_cast<unsigned char>(code[0])) |
         static_cast<std::uint32_t>(static_cast<unsigned char>(code[1])) << 8 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(code[2])) << 16 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(code[3])) << 24;
}

std::string CodeText(std::uint32_t code) {
  std::string text = "\"";
  for (int i = 0; i < 4; ++i) {
    const char c = static_cast<char>(code >> 8 * i);
    text += c > ' ' && c < 0x7f ? c : '?';
  }
  return text + '"';
}

struct IndexHeader {
  std::uint64_t rows = 0;
  std::uint32_t dim = 0;
  Metric metric = Metric::kL2;
};

struct FlatView {
  IndexHeader header;
  std::span<const std::byte> vectors;
};

struct HnswView {
  IndexHeader header;
  PackedArray<std::int32_t> slots_below;   // of links: on levels below l, for each l
  PackedArray<std::int32_t> level_counts;  // of each node: its top level plus one
  PackedArray<std::uint64_t> offsets;      // in neighbors
  PackedArray<std::int32_t> neighbors;     // -1 ends a list before its slots do
  std::int32_t entry_point = -1, level_max = -1;
  FlatView storage;
};

struct ListView {
  std::span<const std::byte> vectors;
  PackedArray<std::int64_t> ids;
};

struct IvfView {
  IndexHeader header;
  std::vector<ListView> lists;  // that are not empty
};

// Parses views.
class FaissParser {
 public:
  explicit FaissParser(const ForeignSource& source) : cursor_(source.path, source.bytes) {}

  ByteCursor& cursor() { return cursor_; }

  Result<IndexHeader> Header() {
    IndexHeader header;
    const auto dim = TRY(cursor_.Read<std::int32_t>("dim"));
    const auto rows = TRY(cursor_.Read<std::int64_t>("number of vectors"));
    TRY(cursor_.Take(2, 8, "reserved fields"));
    TRY(cursor_.Take(1, 1, "is_trained"));
    const auto metric = TRY(cursor_.Read<std::int32_t>("metric"));
    if (dim < 0 || rows < 0) {
      return cursor_.Corruption(std::to_string(rows) + " vectors of dim " + std::to_string(dim));
    }
    if (metric != 0 && metric != 1) {
      return cursor_.Unsupported("FAISS metric " + std::to_string(metric) +
                                 "; kith has METRIC_INNER_PRODUCT (0) and METRIC_L2 (1)");
    }
    header.dim = static_cast<std::uint32_t>(dim);
    header.rows = static_cast<std::uint64_t>(rows);
    header.metric = metric == 0 ? Metric::kInnerProduct : Metric::kL2;
    return header;
  }

  // After its code.
  Result<FlatView> Flat() {
    FlatView flat;
    flat.header = TRY(Header());
    const auto floats = TRY(cursor_.Read<std::uint64_t>("number of values"));
    flat.vectors = TRY(cursor_.Take(floats, sizeof(float), "vectors"));
    TRY(CheckVectors(flat.header.rows, flat.header.dim, flat.vectors));
    return flat;
  }

  Result<HnswView> Hnsw() {
    HnswView hnsw;
    hnsw.header = TRY(Header());
    TRY(Vector<double>("level probabilities"));
    hnsw.slots_below = TRY(Vector<std::int32_t>("cumulated links"));
    hnsw.level_counts = TRY(Vector<std::int32_t>("levels"));
    hnsw.offsets = TRY(Vector<std::uint64_t>("offsets"));
    hnsw.neighbors = TRY(Vector<std::int32_t>("links"));
    hnsw.entry_point = TRY(cursor_.Read<std::int32_t>("entry point"));
    hnsw.level_max = TRY(cursor_.Read<std::int32_t>("top level"));
    TRY(cursor_.Take(3, 4, "efConstruction, efSearch and upper_beam"));
    TRY(CheckSlots(hnsw));

    const auto code = TRY(cursor_.Read<std::uint32_t>("type of the storage"));
    if (code == FourCc("null")) {
      return cursor_.Unsupported("IndexHNSW saved without its vectors");
    }
    if (!IsFlat(code)) {
      return cursor_.Unsupported("IndexHNSW over storage of type " + CodeText(code) +
                                 ", expected IndexFlat");
    }
    hnsw.storage = TRY(Flat());
    const IndexHeader& inner = hnsw.storage.header;
    if (inner.rows != hnsw.header.rows || inner.dim != hnsw.header.dim ||
        inner.metric != hnsw.header.metric) {
      return cursor_.Corruption("storage of " + std::to_string(inner.rows) + " vectors of dim " +
                                std::to_string(inner.dim) + " under a graph of " +
                                std::to_string(hnsw.header.rows) + " of dim " +
                                std::to_string(hnsw.header.dim) + ", or of another metric");
    }
    return hnsw;
  }

  Result<IvfView> Ivf() {
    IvfView ivf;
    ivf.header = TRY(Header());
    const auto list_count = TRY(cursor_.Read<std::uint64_t>("number of lists"));
    TRY(cursor_.Read<std::uint64_t>("nprobe"));
    TRY(Quantizer());
    TRY(DirectMap());
    TRY(Lists(list_count, ivf));
    return ivf;
  }

  template <typename T>
  Result<PackedArray<T>> Vector(std::string_view what) {
    const auto count = TRY(cursor_.Read<std::uint64_t>(what));
    return cursor_.ReadArray<T>(count, what);
  }

  static bool IsFlat(std::uint32_t code) {
    return code == FourCc("IxF2") || code == FourCc("IxFI") || code == FourCc("IxFl");
  }

 private:
  Status CheckVectors(std::uint64_t rows, std::uint64_t dim, std::span<const std::byte> vectors) {
    const std::uint64_t row_bytes = dim * sizeof(float);
    const bool agree = row_bytes == 0
                           ? vectors.empty() && rows == 0
                           : vectors.size() % row_bytes == 0 && vectors.size() / row_bytes == rows;
    if (agree) return {};
    return cursor_.Corruption(std::to_string(vectors.size()) + " bytes of vectors for " +
                              std::to_string(rows) + " of dim " + std::to_string(dim));
  }

  // Sizes of the arrays of a graph against one another; links are checked when copied.
  Status CheckSlots(const HnswView& hnsw) {
    const std::uint64_t rows = hnsw.header.rows;
    const std::uint64_t levels = hnsw.slots_below.empty() ? 0 : hnsw.slots_below.size() - 1;
    if (hnsw.level_counts.size() != rows || hnsw.offsets.size() != rows + 1 ||
        levels > kForeignLevelsMax || (rows > 0 && levels == 0)) {
      return cursor_.Corruption("graph of " + std::to_string(rows) + " nodes with " +
                                std::to_string(hnsw.level_counts.size()) + " levels of nodes, " +
                                std::to_string(hnsw.offsets.size()) + " offsets and " +
                                std::to_string(levels) + " levels");
    }
    for (std::size_t l = 0; l <= levels && !hnsw.slots_below.empty(); ++l) {
      if (hnsw.slots_below[l] < (l == 0 ? 0 : hnsw.slots_below[l - 1]) ||
          (l == 0 && hnsw.slots_below[l] != 0)) {
        return cursor_.Corruption("links on levels below " + std::to_string(l) + ": " +
                                  std::to_string(hnsw.slots_below[l]));
      }
    }
    std::uint64_t expected = 0;
    for (std::uint64_t node = 0; node < rows; ++node) {
      const std::int32_t count = hnsw.level_counts[node];
      if (hnsw.offsets[node] != expected || count < 1 ||
          static_cast<std::uint64_t>(count) > levels) {
        return cursor_.Corruption("node " + std::to_string(node) + " has links at " +
                                  std::to_string(hnsw.offsets[node]) + " on " +
                                  std::to_string(count) + " levels; expected " +
                                  std::to_string(expected) + " and 1 to " + std::to_string(levels));
      }
      expected += static_cast<std::uint64_t>(hnsw.slots_below[static_cast<std::size_t>(count)]);
    }
    if (hnsw.offsets[rows] != expected || hnsw.neighbors.size() != expected) {
      return cursor_.Corruption("links end at " + std::to_string(hnsw.offsets[rows]) + " of " +
                                std::to_string(hnsw.neighbors.size()) + ", expected " +
                                std::to_string(expected));
    }
    return {};
  }

  // Only its end is needed.
  Status Quantizer() {
    const auto code = TRY(cursor_.Read<std::uint32_t>("type of the coarse quantizer"));
    if (IsFlat(code)) {
      TRY(Flat());
    } else if (code == FourCc("IHNf")) {
      TRY(Hnsw());
    } else {
      return cursor_.Unsupported("IndexIVFFlat with a coarse quantizer of type " + CodeText(code) +
                                 ", expected IndexFlat or IndexHNSWFlat");
    }
    return {};
  }

  Status DirectMap() {
    const auto type = TRY(cursor_.Read<std::uint8_t>("type of the direct map"));
    TRY(Vector<std::int64_t>("direct map"));
    if (type > 2) return cursor_.Corruption("direct map of type " + std::to_string(type));
    if (type == 2) {
      const auto pairs = TRY(cursor_.Read<std::uint64_t>("hashed direct map"));
      TRY(cursor_.Take(pairs, 16, "hashed direct map"));
    }
    return {};
  }

  Status Lists(std::uint64_t list_count, IvfView& ivf) {
    const auto code = TRY(cursor_.Read<std::uint32_t>("type of the inverted lists"));
    if (code != FourCc("ilar")) {
      return cursor_.Unsupported("inverted lists of type " + CodeText(code) +
                                 ", expected \"ilar\": lists in the file itself");
    }
    const auto stored_count = TRY(cursor_.Read<std::uint64_t>("number of stored lists"));
    const auto code_bytes = TRY(cursor_.Read<std::uint64_t>("bytes of a vector"));
    if (stored_count != list_count || ivf.header.dim == 0 ||
        code_bytes != ivf.header.dim * sizeof(float)) {
      return cursor_.Corruption(std::to_string(stored_count) + " inverted lists of " +
                                std::to_string(code_bytes) + " bytes a vector; expected " +
                                std::to_string(list_count) + " of dim " +
                                std::to_string(ivf.header.dim));
    }
    std::uint64_t rows = 0;
    for (const std::uint64_t size : TRY(ListSizes(list_count))) {
      ListView list;
      list.vectors = TRY(cursor_.Take(size, code_bytes, "vectors of a list"));
      list.ids = TRY(cursor_.ReadArray<std::int64_t>(size, "ids of a list"));
      ivf.lists.push_back(list);
      rows += size;  // no overflow: they are all in the file
    }
    if (rows != ivf.header.rows) {
      return cursor_.Corruption(std::to_string(rows) + " vectors in lists of an index of " +
                                std::to_string(ivf.header.rows));
    }
    return {};
  }

  // Of the lists that are not empty.
  Result<std::vector<std::uint64_t>> ListSizes(std::uint64_t list_count) {
    const auto kind = TRY(cursor_.Read<std::uint32_t>("kind of list sizes"));
    const auto numbers = TRY(Vector<std::uint64_t>("list sizes"));
    std::vector<std::uint64_t> sizes;
    if (kind == FourCc("full")) {
      if (numbers.size() != list_count) {
        return cursor_.Corruption(std::to_string(numbers.size()) + " list sizes for " +
                                  std::to_string(list_count) + " lists");
      }
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        if (numbers[i] > 0) sizes.push_back(numbers[i]);
      }
    } else if (kind == FourCc("sprs")) {
      for (std::size_t i = 0; i < numbers.size(); i += 2) {
        if (numbers.size() % 2 != 0 || numbers[i] >= list_count ||
            (i > 0 && numbers[i] <= numbers[i - 2])) {
          return cursor_.Corruption("list " + std::to_string(numbers[i]) + " of " +
                                    std::to_string(list_count) + " in " +
                                    std::to_string(numbers.size()) + " sparse list sizes");
        }
        if (numbers[i + 1] > 0) sizes.push_back(numbers[i + 1]);
      }
    } else {
      return cursor_.Corruption("list sizes of kind " + CodeText(kind) +
                                ", expected \"full\" or \"sprs\"");
    }
    return sizes;
  }

  ByteCursor cursor_;
};

ForeignIndex CopyFlat(const FlatView& flat) {
  ForeignIndex index;
  index.metric = flat.header.metric;
  index.rows = Matrix<float>(flat.header.rows, flat.header.dim);
  if (!flat.vectors.empty()) {
    std::memcpy(index.rows.data(), flat.vectors.data(), flat.vectors.size());
  }
  index.ids.resize(flat.header.rows);
  std::iota(index.ids.begin(), index.ids.end(), std::uint64_t{0});
  return index;
}

Result<ForeignIndex> MakeFlat(const ForeignSource& source, const FlatView& flat) {
  TRY(CheckForeignSize(source, {flat.header.rows, flat.header.dim, 0, 0, 0}));
  ForeignIndex index = CopyFlat(flat);
  index.format = "faiss IndexFlat";
  return index;
}

// The least m whose bounds hold every list.
std::uint32_t LinksPerNode(const HnswView& hnsw) {
  std::int32_t m = (hnsw.slots_below[1] + 1) / 2;
  for (std::size_t level = 1; level + 1 < hnsw.slots_below.size(); ++level) {
    m = std::max(m, hnsw.slots_below[level + 1] - hnsw.slots_below[level]);
  }
  return static_cast<std::uint32_t>(m);
}

ForeignGraph CopyGraph(const HnswView& hnsw, std::size_t levels) {
  const std::size_t rows = hnsw.header.rows;
  ForeignGraph graph;
  graph.m = LinksPerNode(hnsw);
  graph.entry_point = static_cast<std::uint32_t>(hnsw.entry_point);  // -1 fails the check
  graph.links.assign(levels, std::vector<std::vector<std::uint32_t>>(rows));
  graph.levels.reserve(rows);
  for (std::size_t node = 0; node < rows; ++node) {
    const auto count = static_cast<std::size_t>(hnsw.level_counts[node]);
    graph.levels.push_back(static_cast<std::uint32_t>(count - 1));
    for (std::size_t level = 0; level < count; ++level) {
      const std::uint64_t first = hnsw.offsets[node];
      std::uint64_t slot = first + static_cast<std::uint64_t>(hnsw.slots_below[level]);
      const std::uint64_t end = first + static_cast<std::uint64_t>(hnsw.slots_below[level + 1]);
      std::uint64_t list_end = slot;
      while (list_end < end && hnsw.neighbors[list_end] != -1) ++list_end;
      std::vector<std::uint32_t>& list = graph.links[level][node];
      list.reserve(list_end - slot);
      for (; slot < list_end; ++slot) {
        list.push_back(static_cast<std::uint32_t>(hnsw.neighbors[slot]));
      }
    }
  }
  return graph;
}

Result<ForeignIndex> MakeHnsw(const ForeignSource& source, const HnswView& hnsw) {
  const std::uint64_t rows = hnsw.header.rows;
  std::uint64_t levels = 0, lists = 0;
  for (std::uint64_t node = 0; node < rows; ++node) {
    const auto count = static_cast<std::uint64_t>(hnsw.level_counts[node]);
    levels = std::max(levels, count);
    lists += count;
  }
  if (rows > 0 && hnsw.level_max != static_cast<std::int64_t>(levels) - 1) {
    return Error{ErrorCode::kCorruption, source.path + ": top level " +
                                             std::to_string(hnsw.level_max) + ", but nodes reach " +
                                             std::to_string(levels - 1)};
  }
  TRY(CheckForeignSize(source, {rows, hnsw.header.dim, levels, lists, hnsw.neighbors.size()}));
  ForeignIndex index = CopyFlat(hnsw.storage);
  index.format = "faiss IndexHNSWFlat";
  if (rows == 0) return index;
  ForeignGraph graph = CopyGraph(hnsw, levels);
  TRY(CheckForeignGraph(source.path, graph));
  index.graph = std::move(graph);
  return index;
}

Result<ForeignIndex> MakeIvf(const ForeignSource& source, const IvfView& ivf) {
  const std::uint64_t rows = ivf.header.rows, row_bytes = ivf.header.dim * sizeof(float);
  TRY(CheckForeignSize(source, {rows, ivf.header.dim, 0, 0, 0}));
  struct Place {
    std::int64_t id;
    const std::byte* vector;
  };
  std::vector<Place> places;
  places.reserve(rows);
  for (const ListView& list : ivf.lists) {
    for (std::size_t i = 0; i < list.ids.size(); ++i) {
      places.push_back({list.ids[i], list.vectors.data() + i * row_bytes});
    }
  }
  std::stable_sort(places.begin(), places.end(),
                   [](const Place& a, const Place& b) { return a.id < b.id; });
  if (!places.empty() && places.front().id < 0) {
    return Error{ErrorCode::kInvalidArgument,
                 source.path + ": id " + std::to_string(places.front().id) + " is negative"};
  }
  ForeignIndex index;
  index.format = "faiss IndexIVFFlat";
  index.metric = ivf.header.metric;
  index.rows = Matrix<float>(rows, ivf.header.dim);
  index.ids.reserve(rows);
  for (const Place& place : places) {
    std::memcpy(index.rows.row(index.ids.size()).data(), place.vector, row_bytes);
    index.ids.push_back(static_cast<std::uint64_t>(place.id));
  }
  return index;
}

Status ApplyIdMap(const ByteCursor& cursor, const IndexHeader& header,
                  PackedArray<std::int64_t> id_map, ForeignIndex& index) {
  if (id_map.size() != index.ids.size() || header.rows != index.ids.size()) {
    return cursor.Corruption("map of " + std::to_string(id_map.size()) + " ids and " +
                             std::to_string(header.rows) + " vectors around an index of " +
                             std::to_string(index.ids.size()));
  }
  for (std::uint64_t& id : index.ids) {
    if (id >= id_map.size()) {
      return cursor.Corruption("inner id " + std::to_string(id) + " in a map of " +
                               std::to_string(id_map.size()));
    }
    if (id_map[id] < 0) {
      return Error{ErrorCode::kInvalidArgument, cursor.path() + ": id " +
                                                    std::to_string(id_map[id]) + " of vector " +
                                                    std::to_string(id) + " is negative"};
    }
    id = static_cast<std::uint64_t>(id_map[id]);
  }
  return {};
}

Result<ForeignIndex> ReadIndex(const ForeignSource& source, FaissParser& parser,
                               std::uint32_t code) {
  if (FaissParser::IsFlat(code)) return MakeFlat(source, TRY(parser.Flat()));
  if (code == FourCc("IHNf")) return MakeHnsw(source, TRY(parser.Hnsw()));
  if (code == FourCc("IwFl")) return MakeIvf(source, TRY(parser.Ivf()));
  return parser.cursor().Unsupported(
      "FAISS index of type " + CodeText(code) +
      "; kith reads IndexFlat, IndexHNSWFlat and IndexIVFFlat: reconstruct the vectors with FAISS "
      "and save them as .npy");
}

}  // namespace

bool IsFaissFile(std::span<const std::byte> bytes) {
  if (bytes.size() < 4) return false;
  const std::string code = CodeText(LoadAt<std::uint32_t>(bytes));
  return code[1] == 'I' && code.find('?') == std::string::npos;
}

Result<ForeignIndex> ReadFaissFile(const ForeignSource& source) {
  FaissParser parser(source);
  ByteCursor& cursor = parser.cursor();
  auto code = TRY(cursor.Read<std::uint32_t>("type of the index"));
  std::optional<IndexHeader> map_header;
  if (code == FourCc("IxMp") || code == FourCc("IxM2")) {
    map_header = TRY(parser.Header());
    code = TRY(cursor.Read<std::uint32_t>("type of the mapped index"));
  }
  ForeignIndex index = TRY(ReadIndex(source, parser, code));
  if (map_header) {
    const auto id_map = TRY(parser.Vector<std::int64_t>("id map"));
    TRY(ApplyIdMap(cursor, *map_header, id_map, index));
  }
  TRY(cursor.ExpectEnd());
  return index;
}

}  // namespace kith
