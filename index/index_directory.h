// An index directory: what `kith build` writes and everything else opens.
//
//   directory/index.kith    one segment file; its kind says which index it is
//
// Opening dispatches on the kind.
#pragma once

#include <memory>
#include <string>

#include "index/vector_index.h"

namespace kith {

inline constexpr const char* kIndexFileName = "index.kith";

enum class LoadMode {
  kResident,  // what is walked is copied to huge pages and verified; exact rows stay mapped
  kMapped,    // everything stays in the page cache: open in milliseconds
};

// `path` is the directory, or its index.kith.
Result<std::unique_ptr<VectorIndex>> OpenIndex(const std::string& path, LoadMode mode);

}  // namespace kith
