// The option --load of every command that searches an index.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "index/index_directory.h"

namespace CLI {
class App;
}

namespace kith {

// Adds --load, whose value goes to `value`, which must outlive the parsing.
void DeclareLoadMode(CLI::App& app, std::string& value);

// "resident" or "mapped"; anything else is kInvalidArgument.
Result<LoadMode> ParseLoadMode(std::string_view name);

}  // namespace kith
