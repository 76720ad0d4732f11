// What the actions of `kith collections` share: each is declared on a subcommand of its own.
#pragma once

#include <memory>
#include <string>

#include "core/json_value.h"
#include "core/result.h"
#include "engine/collection/data_directory.h"
#include "tools/command.h"

namespace kith {

// Options of every action.
struct DataOptions {
  std::string data = "kith-data", name;
  bool json = false;
};

enum class NameOption { kNone, kOptional, kRequired };

// Adds --data, --json and NAME; `options` must outlive the parsing.
void DeclareData(CLI::App& action, DataOptions& options, NameOption name);

struct OpenDataParams {
  bool create_if_missing = false;
  bool background = false;  // whether collections link and seal meanwhile
};
// The directory; its collections are opened when they are asked for.
Result<std::unique_ptr<DataDirectory>> OpenData(const DataOptions& options,
                                                const OpenDataParams& params);

// The text, or with --json the object, as what the command prints.
void Print(const DataOptions& options, JsonObject json, const std::string& text,
           std::string& output);

// The actions of collections_copy_command.cc.
CommandRun DeclareCollectionSnapshot(CLI::App& action);
CommandRun DeclareCollectionRestore(CLI::App& action);
CommandRun DeclareCollectionImport(CLI::App& action);
CommandRun DeclareCollectionExport(CLI::App& action);

}  // namespace kith
