#include "tools/row_storage_options.h"

#include <CLI/CLI.hpp>

namespace kith {

void DeclareRowStorage(CLI::App& app, RowStorageOptions& options) {
  app.add_option("--codec", options.codec,
                 "What the walk compares: auto, f32, f16, sq8, sq4, lvq4 or pca4")
      ->capture_default_str();
  app.add_option("--exact", options.exact,
                 "How the rows for re-ranking are kept: auto, f32, f16, u8 or none")
      ->capture_default_str();
}

Status ReadRowStorage(const RowStorageOptions& options, HnswBuildParams& params) {
  params.codec = TRY(ParseCodec(options.codec));
  params.exact = TRY(ParseExact(options.exact));
  return {};
}

}  // namespace kith
