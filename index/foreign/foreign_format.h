// The seam between foreign_index.cc and the readers of each library's files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/result.h"
#include "index/foreign/foreign_index.h"

namespace kith {

// A file in memory, and what its contents may take there.  Borrows.
struct ForeignSource {
  std::string path;
  std::span<const std::byte> bytes;
  std::uint64_t bytes_max = 0;
};

// Whether the file begins as one of that library; the readers then say what is wrong with it.
bool IsFaissFile(std::span<const std::byte> bytes);
bool IsHnswlibFile(std::span<const std::byte> bytes);

Result<ForeignIndex> ReadFaissFile(const ForeignSource& source);
Result<ForeignIndex> ReadHnswlibFile(const ForeignSource& source);

inline constexpr std::uint32_t kForeignLevelsMax = 64;  // far above -log(random) * 1 / log(2)

// What a result takes: counted before anything is allocated.
struct ForeignSize {
  std::uint64_t rows = 0, dim = 0;
  std::uint64_t levels = 0;      // of the graph; 0: none
  std::uint64_t lists = 0;       // that are not empty, at most
  std::uint64_t link_count = 0;  // at most
};

// kInvalidArgument for rows or dims that kith cannot index, kResourceExhausted above the bound.
Status CheckForeignSize(const ForeignSource& source, const ForeignSize& size);

// kCorruption naming node and level unless every list is within 2 m (level 0) or m, every link
// leads to a node that exists on its level, and the entry point is on the top level.
Status CheckForeignGraph(const std::string& path, const ForeignGraph& graph);

}  // namespace kith
