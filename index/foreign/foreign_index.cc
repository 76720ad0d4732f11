#include "index/foreign/foreign_index.h"

#include <algorithm>
#include <utility>

#include "core/file.h"
#include "index/foreign/foreign_format.h"
#include "index/vector_index.h"
#include "storage/vector_file.h"

namespace kith {
namespace {

std::string FirstBytes(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte b : bytes.first(std::min<std::size_t>(bytes.size(), 8))) {
    constexpr char kDigits[] = "0123456789abcdef";
    const auto value = std::to_integer<unsigned>(b);
    text += {' ', kDigits[value / 16], kDigits[value % 16]};
  }
  return text.empty() ? " nothing" : text;
}

}  // namespace

Result<ForeignIndex> ReadForeignIndex(const std::string& path, std::uint64_t bytes_max) {
  const MappedFile file = TRY(MappedFile::Open(path));
  const ForeignSource source{path, file.bytes(), bytes_max};
  if (IsFaissFile(source.bytes)) return ReadFaissFile(source);
  if (IsHnswlibFile(source.bytes)) return ReadHnswlibFile(source);
  return Error{ErrorCode::kInvalidArgument,
               path + ": expected an index file of hnswlib (which begins with 8 zero bytes) or " +
                   "FAISS (with \"Ix\", \"IH\" or \"Iw\"), found " +
                   std::to_string(file.bytes().size()) + " bytes beginning with" +
                   FirstBytes(file.bytes())};
}

void DropDeleted(ForeignIndex& index) {
  if (index.deleted.empty()) return;
  Matrix<float> rows(index.rows.rows() - index.deleted.size(), index.rows.cols());
  std::vector<std::uint64_t> ids;
  ids.reserve(rows.rows());
  auto deleted = index.deleted.begin();
  for (std::size_t row = 0; row < index.rows.rows(); ++row) {
    if (deleted != index.deleted.end() && *deleted == row) {
      ++deleted;
      continue;
    }
    std::ranges::copy(index.rows.row(row), rows.row(ids.size()).begin());
    ids.push_back(index.ids[row]);
  }
  index.rows = std::move(rows);
  index.ids = std::move(ids);
  index.deleted.clear();
  index.graph.reset();
}

Status CheckForeignSize(const ForeignSource& source, const ForeignSize& size) {
  if (size.rows > kIndexRowsMax || size.dim > kDimMax || (size.dim == 0 && size.rows > 0)) {
    return Error{ErrorCode::kInvalidArgument,
                 source.path + ": " + std::to_string(size.rows) + " vectors of dim " +
                     std::to_string(size.dim) + "; expected at most " +
                     std::to_string(kIndexRowsMax) + " of dim 1 to " + std::to_string(kDimMax)};
  }
  // No overflow: rows below 2^31, dim to 2^16, levels to 2^6, lists and links fit the file.
  constexpr std::uint64_t kVectorBytes = sizeof(std::vector<std::uint32_t>);
  constexpr std::uint64_t kHeapBlockBytes = 16;  // what malloc adds to a list
  const std::uint64_t bytes =
      size.rows * (size.dim * sizeof(float) + sizeof(std::uint64_t)) +
      size.rows * (size.levels * kVectorBytes + (size.levels > 0 ? sizeof(std::uint32_t) : 0)) +
      size.lists * kHeapBlockBytes + size.link_count * sizeof(std::uint32_t);
  if (bytes > source.bytes_max) {
    return Error{ErrorCode::kResourceExhausted,
                 source.path + ": " + std::to_string(size.rows) + " vectors of dim " +
                     std::to_string(size.dim) + (size.levels > 0 ? " and their graph" : "") +
                     " take " + std::to_string(bytes) + " bytes of memory, allowed are " +
                     std::to_string(source.bytes_max)};
  }
  return {};
}

Status CheckForeignGraph(const std::string& path, const ForeignGraph& graph) {
  const std::size_t nodes = graph.levels.size();
  const auto wrong = [&](std::size_t node, std::size_t level, const std::string& what) {
    return Error{ErrorCode::kCorruption, path + ": node " + std::to_string(node) + " on level " +
                                             std::to_string(level) + ": " + what};
  };
  for (std::size_t level = 0; level < graph.links.size(); ++level) {
    const std::size_t links_max = level == 0 ? std::size_t{2} * graph.m : graph.m;
    for (std::size_t node = 0; node < nodes; ++node) {
      const std::vector<std::uint32_t>& list = graph.links[level][node];
      if (list.size() > links_max) {
        return wrong(node, level,
                     std::to_string(list.size()) + " links, at most " + std::to_string(links_max));
      }
      for (const std::uint32_t link : list) {
        if (link >= nodes) {
          return wrong(
              node, level,
              "a link to " + std::to_string(link) + " of " + std::to_string(nodes) + " nodes");
        }
        if (graph.levels[link] < level) {
          return wrong(node, level,
                       "a link to " + std::to_string(link) + ", which ends at level " +
                           std::to_string(graph.levels[link]));
        }
      }
    }
  }
  if (graph.entry_point >= nodes || graph.levels[graph.entry_point] + 1 != graph.links.size()) {
    return Error{ErrorCode::kCorruption, path + ": entry point " +
                                             std::to_string(graph.entry_point) + " is not one of " +
                                             std::to_string(nodes) + " nodes on the top level " +
                                             std::to_string(graph.links.size() - 1)};
  }
  return {};
}

}  // namespace kith
