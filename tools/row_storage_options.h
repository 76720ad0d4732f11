// The options --codec and --exact of every command that writes an HNSW index.
#pragma once

#include <string>

#include "core/result.h"
#include "index/hnsw/hnsw_index.h"

namespace CLI {
class App;
}

namespace kith {

struct RowStorageOptions {
  std::string codec = "auto", exact = "auto";
};

// Adds the options, whose values go to `options`, which must outlive the parsing.
void DeclareRowStorage(CLI::App& app, RowStorageOptions& options);

// Writes them into `params`; kInvalidArgument lists the names that are known.
Status ReadRowStorage(const RowStorageOptions& options, HnswBuildParams& params);

}  // namespace kith
