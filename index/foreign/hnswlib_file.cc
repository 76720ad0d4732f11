#include <algorithm>
#include <cstring>
#include <utility>

#include "index/foreign/byte_cursor.h"
#include "index/foreign/foreign_format.h"

// hnswlib writes its memory as it is: a header of sizes, one record a node with its links on level
// 0, its vector and its label, then for each node the lists of its upper levels.  Nothing names the
// space, so the dim follows from the record (float vectors) and the metric is not known.

namespace kith {
namespace {

constexpr std::uint64_t kHeaderBytes = 96;
constexpr std::uint64_t kListHeadBytes = 4;  // u16 count, u8 deleted, u8 zero
constexpr std::uint64_t kLinkBytes = 4;
constexpr std::uint64_t kLabelBytes = 8;
constexpr std::uint64_t kLinksMax = 10'000;  // hnswlib's own bound of M

struct Header {
  std::uint64_t count = 0;
  std::uint64_t m = 0;
  std::uint64_t dim = 0;
  std::uint64_t record_bytes = 0, vector_offset = 0, label_offset = 0;
  std::int32_t level_max = -1;
  std::uint32_t entry_point = 0;

  std::uint64_t upper_list_bytes() const { return kListHeadBytes + m * kLinkBytes; }
};

Result<Header> ReadHeader(ByteCursor& cursor) {
  Header header;
  const auto level0_offset = TRY(cursor.Read<std::uint64_t>("offset of level 0"));
  const auto capacity = TRY(cursor.Read<std::uint64_t>("capacity"));
  header.count = TRY(cursor.Read<std::uint64_t>("count"));
  header.record_bytes = TRY(cursor.Read<std::uint64_t>("bytes of a record"));
  header.label_offset = TRY(cursor.Read<std::uint64_t>("offset of labels"));
  header.vector_offset = TRY(cursor.Read<std::uint64_t>("offset of vectors"));
  header.level_max = TRY(cursor.Read<std::int32_t>("top level"));
  header.entry_point = TRY(cursor.Read<std::uint32_t>("entry point"));
  const auto upper_max = TRY(cursor.Read<std::uint64_t>("maxM"));
  const auto level0_max = TRY(cursor.Read<std::uint64_t>("maxM0"));
  header.m = TRY(cursor.Read<std::uint64_t>("M"));
  TRY(cursor.Take(2, 8, "mult and ef_construction"));

  if (header.m < 1 || header.m > kLinksMax || upper_max != header.m || level0_max != 2 * header.m) {
    return cursor.Corruption("hnswlib links M, maxM, maxM0 are " + std::to_string(header.m) + ", " +
                             std::to_string(upper_max) + ", " + std::to_string(level0_max) +
                             "; expected M, M, 2 M with M from 1 to " + std::to_string(kLinksMax));
  }
  if (level0_offset != 0 || header.count > capacity) {
    return cursor.Corruption("hnswlib level 0 at " + std::to_string(level0_offset) + ", " +
                             std::to_string(header.count) + " elements in a capacity of " +
                             std::to_string(capacity));
  }
  const std::uint64_t links_bytes = kListHeadBytes + level0_max * kLinkBytes;
  const std::uint64_t vector_bytes = header.label_offset - header.vector_offset;
  if (header.vector_offset != links_bytes || header.label_offset < links_bytes ||
      vector_bytes % sizeof(float) != 0 || header.record_bytes < kLabelBytes ||
      header.record_bytes - kLabelBytes != header.label_offset) {
    return cursor.Corruption("hnswlib record of " + std::to_string(header.record_bytes) +
                             " bytes, vector at " + std::to_string(header.vector_offset) +
                             ", label at " + std::to_string(header.label_offset) +
                             "; expected links of " + std::to_string(links_bytes) +
                             " bytes, a vector of float32 and a label of 8");
  }
  header.dim = vector_bytes / sizeof(float);
  return header;
}

// A list's links, its head checked.
Result<PackedArray<std::uint32_t>> ReadList(const ByteCursor& cursor,
                                            std::span<const std::byte> list, std::size_t node,
                                            bool may_be_deleted) {
  const auto count = LoadAt<std::uint16_t>(list);
  const auto mark = std::to_integer<unsigned>(list[2]), zero = std::to_integer<unsigned>(list[3]);
  const std::uint64_t links_max = (list.size() - kListHeadBytes) / kLinkBytes;
  if (count > links_max || mark > (may_be_deleted ? 1u : 0u) || zero != 0) {
    return cursor.Corruption("list of node " + std::to_string(node) + " has " +
                             std::to_string(count) + " links, at most " +
                             std::to_string(links_max) + ", and marks " + std::to_string(mark) +
                             " " + std::to_string(zero));
  }
  return PackedArray<std::uint32_t>(list.subspan(kListHeadBytes, count * kLinkBytes));
}

std::vector<std::uint32_t> ToVector(PackedArray<std::uint32_t> links) {
  std::vector<std::uint32_t> list(links.size());
  if (!list.empty()) std::memcpy(list.data(), links.bytes().data(), links.bytes().size());
  return list;
}

// The upper lists of every node, and the levels they give.
struct UpperLists {
  std::vector<std::span<const std::byte>> of_node;
  std::vector<std::uint32_t> levels;
  std::uint64_t list_count = 0;
};

Result<UpperLists> ReadUpperLists(ByteCursor& cursor, const Header& header) {
  UpperLists upper;
  upper.of_node.reserve(header.count);
  upper.levels.reserve(header.count);
  for (std::uint64_t node = 0; node < header.count; ++node) {
    const auto bytes = TRY(cursor.Read<std::uint32_t>("size of upper lists"));
    const std::uint64_t levels = bytes / header.upper_list_bytes();
    if (bytes % header.upper_list_bytes() != 0 ||
        levels > static_cast<std::uint64_t>(header.level_max)) {
      return cursor.Corruption("upper lists of node " + std::to_string(node) + " take " +
                               std::to_string(bytes) + " bytes; expected up to " +
                               std::to_string(header.level_max) + " lists of " +
                               std::to_string(header.upper_list_bytes()));
    }
    upper.of_node.push_back(TRY(cursor.Take(bytes, 1, "upper lists")));
    upper.levels.push_back(static_cast<std::uint32_t>(levels));
    upper.list_count += levels;
  }
  return upper;
}

Status FillRows(const ByteCursor& cursor, const Header& header, std::span<const std::byte> records,
                ForeignIndex& index, ForeignGraph& graph) {
  for (std::uint64_t node = 0; node < header.count; ++node) {
    const auto record = records.subspan(node * header.record_bytes, header.record_bytes);
    const auto list = record.first(header.vector_offset);
    graph.links[0][node] = ToVector(TRY(ReadList(cursor, list, node, true)));
    if (list[2] != std::byte{0}) index.deleted.push_back(static_cast<std::uint32_t>(node));
    std::memcpy(index.rows.row(node).data(), record.data() + header.vector_offset,
                header.dim * sizeof(float));
    index.ids.push_back(LoadAt<std::uint64_t>(record, header.label_offset));
  }
  return {};
}

Status FillUpperLinks(const ByteCursor& cursor, const Header& header, const UpperLists& upper,
                      ForeignGraph& graph) {
  for (std::uint64_t node = 0; node < header.count; ++node) {
    for (std::uint32_t level = 1; level <= graph.levels[node]; ++level) {
      const auto list = upper.of_node[node].subspan((level - 1) * header.upper_list_bytes(),
                                                    header.upper_list_bytes());
      graph.links[level][node] = ToVector(TRY(ReadList(cursor, list, node, false)));
    }
  }
  return {};
}

}  // namespace

bool IsHnswlibFile(std::span<const std::byte> bytes) {
  return bytes.size() >= sizeof(std::uint64_t) && LoadAt<std::uint64_t>(bytes) == 0;
}

Result<ForeignIndex> ReadHnswlibFile(const ForeignSource& source) {
  ByteCursor cursor(source.path, source.bytes);
  const Header header = TRY(ReadHeader(cursor));
  const auto records = TRY(cursor.Take(header.count, header.record_bytes, "records"));
  if (header.count > 0 &&
      (header.level_max < 0 || header.level_max >= static_cast<int>(kForeignLevelsMax))) {
    return cursor.Corruption("top level " + std::to_string(header.level_max) + ", expected 0 to " +
                             std::to_string(kForeignLevelsMax - 1));
  }
  const std::uint64_t levels = header.count > 0 ? std::uint64_t(header.level_max) + 1 : 0;
  ForeignSize size{header.count, header.dim, levels, 0, 0};
  TRY(CheckForeignSize(source, size));  // before the levels are listed

  UpperLists upper = TRY(ReadUpperLists(cursor, header));
  TRY(cursor.ExpectEnd());
  size.lists = header.count + upper.list_count;
  size.link_count = (2 * header.count + upper.list_count) * header.m;
  TRY(CheckForeignSize(source, size));

  ForeignIndex index;
  index.format = "hnswlib";
  index.rows = Matrix<float>(header.count, header.dim);
  if (header.count == 0) return index;
  index.ids.reserve(header.count);
  ForeignGraph graph;
  graph.levels = std::move(upper.levels);
  graph.links.assign(levels, std::vector<std::vector<std::uint32_t>>(header.count));
  graph.entry_point = header.entry_point;
  graph.m = static_cast<std::uint32_t>(header.m);
  TRY(FillRows(cursor, header, records, index, graph));
  TRY(FillUpperLinks(cursor, header, upper, graph));
  TRY(CheckForeignGraph(source.path, graph));
  index.graph = std::move(graph);
  return index;
}

}  // namespace kith
