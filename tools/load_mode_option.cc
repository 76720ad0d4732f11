#include "tools/load_mode_option.h"

#include <CLI/CLI.hpp>

namespace kith {

void DeclareLoadMode(CLI::App& app, std::string& value) {
  app.add_option("--load", value,
                 "resident: copy what is walked to huge pages and verify it; mapped: leave it in "
                 "the page cache, to open in milliseconds")
      ->capture_default_str();
}

Result<LoadMode> ParseLoadMode(std::string_view name) {
  if (name == "resident") return LoadMode::kResident;
  if (name == "mapped") return LoadMode::kMapped;
  return Error{ErrorCode::kInvalidArgument,
               "unknown load mode \"" + std::string(name) + "\": expected resident or mapped"};
}

}  // namespace kith
