// Index files of other libraries, read for `kith import`: their vectors, ids and, where there is
// one, their graph.
//
//   hnswlib   saveIndex of 0.6 to 0.8 over float vectors (L2Space, InnerProductSpace)
//   FAISS     write_index, 1.7 and later, of IndexFlat, IndexHNSWFlat and IndexIVFFlat, each also
//             inside an IndexIDMap or IndexIDMap2
//
// The layouts are in docs/formats.md, "Foreign index files".  The bytes are not trusted: every
// count, level and link is checked before it is used, nothing is allocated that the file could not
// fill.  Vectors are copied as they are, NaN and infinity included.
//
// Thread-safe: a pure function.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/data_type.h"
#include "core/matrix.h"
#include "core/result.h"

namespace kith {

// Node i is row i.  The shape of ImportedGraph (index/hnsw/hnsw_index.h).
struct ForeignGraph {
  std::vector<std::uint32_t> levels;  // top level of each node
  // links[l] for level l: one list a node, empty for nodes below that level.
  std::vector<std::vector<std::vector<std::uint32_t>>> links;
  std::uint32_t entry_point = 0;
  std::uint32_t m = 0;  // no list is longer than this, on level 0 than 2 m
};

struct ForeignIndex {
  std::string format;            // "hnswlib", "faiss IndexHNSWFlat", ...
  std::optional<Metric> metric;  // hnswlib files do not say: ask the user
  Matrix<float> rows;
  std::vector<std::uint64_t> ids;  // of each row; lists of an IVF come sorted by it
  // Rows marked deleted (hnswlib), ascending: still nodes of the graph, not to be found.
  std::vector<std::uint32_t> deleted;
  std::optional<ForeignGraph> graph;  // absent for flat, IVF and empty indexes
};

// Errors: kInvalidArgument (no such file format: message says what the file begins with),
// kUnsupported (an index type, metric or inverted list that is not read: names it), kCorruption
// (sizes, links or levels that contradict one another: names offset or node), kResourceExhausted
// (the result takes more than `bytes_max` of memory), kNotFound, kIoError.
Result<ForeignIndex> ReadForeignIndex(const std::string& path, std::uint64_t bytes_max);

// Takes the deleted rows out of rows and ids; the graph goes with them, for its links would lead
// nowhere.  Without deleted rows nothing changes.
void DropDeleted(ForeignIndex& index);

}  // namespace kith
