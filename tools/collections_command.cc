// kith collections: the data directory of a server, without the server.
#include "tools/collections_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "core/resource_usage.h"
#include "engine/collection/snapshot_file.h"
#include "tools/number_option.h"
#include "tools/size_argument.h"
#include "tools/text_table.h"

namespace kith {
namespace {

std::string_view StatusName(CollectionStatus status) {
  switch (status) {
    case CollectionStatus::kGreen:
      return "green";
    case CollectionStatus::kYellow:
      return "yellow";
    default:
      return "red";
  }
}

JsonArray AliasesOf(const DataDirectory& data, const std::string& name) {
  JsonArray list;
  for (const Alias& alias : data.Aliases()) {
    if (alias.collection == name) list.emplace_back(alias.alias);
  }
  return list;
}

std::string Joined(const JsonArray& names) {
  std::string text;
  for (const JsonValue& name : names) text += (text.empty() ? "" : ", ") + name.string();
  return text;
}

JsonObject InfoJson(const DataDirectory& data, const std::string& name,
                    const Collection& collection) {
  const CollectionInfo info = collection.info();
  JsonObject json;
  json.Set("name", name);
  json.Set("status", StatusName(info.status));
  json.Set("points", info.points);
  json.Set("vectors", info.vectors);
  json.Set("linked_vectors", info.linked_vectors);
  json.Set("segments", info.segments);
  json.Set("sequence", info.sequence);
  json.Set("disk_bytes", info.disk_bytes);
  json.Set("aliases", AliasesOf(data, name));
  return json;
}

// --- list ---

Status RunList(const DataOptions& options, CommandContext& context) {
  const std::unique_ptr<DataDirectory> data = TRY(OpenData(options, {}));
  TextTable table({"name", "points", "vectors", "segments", "disk", "aliases"});
  std::string broken;
  JsonArray list;
  for (const CollectionEntry& entry : data->List()) {
    TRY(context.cancellation.Check());
    const auto collection = data->Get(entry.name);
    if (!collection.ok()) {
      JsonObject json;
      json.Set("name", entry.name);
      json.Set("error", collection.error().message);
      list.emplace_back(std::move(json));
      broken += "  " + collection.error().message + "\n";
      continue;
    }
    const CollectionInfo info = collection.value()->info();
    list.emplace_back(InfoJson(*data, entry.name, *collection.value()));
    table.AddRow({entry.name, FormatCount(info.points), FormatCount(info.vectors),
                  FormatCount(info.segments), FormatSize(info.disk_bytes),
                  Joined(AliasesOf(*data, entry.name))});
  }
  std::string text = options.data + ": " + FormatCount(list.size()) +
                     (list.size() == 1 ? " collection\n" : " collections\n");
  if (!table.empty()) text += table.Text();
  JsonObject json;
  json.Set("collections", std::move(list));
  Print(options, std::move(json), text + broken, context.output);
  return {};
}

CommandRun DeclareList(CLI::App& action) {
  const auto options = std::make_shared<DataOptions>();
  DeclareData(action, *options, NameOption::kNone);
  return [options](CommandContext& context) { return RunList(*options, context); };
}

// --- info ---

std::string VectorText(const VectorConfig& vector) {
  return "dim " + std::to_string(vector.size) + ", " + std::string(MetricName(vector.metric)) +
         ", rows " + std::string(ExactName(vector.rows)) + ", m " + std::to_string(vector.m) +
         ", ef_construct " + std::to_string(vector.ef_construct) +
         (vector.on_disk ? ", on disk" : "");
}

Status RunInfo(const DataOptions& options, CommandContext& context) {
  const std::unique_ptr<DataDirectory> data = TRY(OpenData(options, {}));
  const std::shared_ptr<Collection> collection = TRY(data->Get(options.name));
  const std::string name = data->Resolve(options.name).value_or(options.name);
  const CollectionInfo info = collection->info();
  const CollectionConfig config = collection->config();
  const std::vector<SnapshotEntry> snapshots = TRY(data->Snapshots(name));
  FactList facts;
  facts.Add("points", FormatCount(info.points));
  for (const auto& [vector_name, vector] : config.vectors) {
    facts.Add(vector_name.empty() ? "vector" : "vector " + vector_name, VectorText(vector));
  }
  facts.Add("vectors", FormatCount(info.vectors));
  facts.Add("segments", FormatCount(info.segments));
  JsonObject indexes;
  for (const FieldInfo& field : collection->Indexes()) {
    indexes.Set(field.path.ToString(), FieldSchemaJson(field.schema));
    facts.Add("payload index", field.path.ToString());
  }
  facts.Add("disk", FormatSize(info.disk_bytes));
  facts.Add("writes", FormatCount(info.sequence));
  const JsonArray aliases = AliasesOf(*data, name);
  if (!aliases.empty()) facts.Add("aliases", Joined(aliases));
  JsonArray files;
  for (const SnapshotEntry& snapshot : snapshots) {
    files.emplace_back(snapshot.name);
    facts.Add("snapshot", snapshot.name + ", " + FormatSize(snapshot.bytes));
  }
  JsonObject json = InfoJson(*data, name, *collection);
  json.Set("config", ConfigToJson(config));
  json.Set("payload_indexes", std::move(indexes));
  json.Set("snapshots", std::move(files));
  Print(options, std::move(json), name + ": collection\n" + facts.Text(), context.output);
  return {};
}

CommandRun DeclareInfoAction(CLI::App& action) {
  const auto options = std::make_shared<DataOptions>();
  DeclareData(action, *options, NameOption::kRequired);
  return [options](CommandContext& context) { return RunInfo(*options, context); };
}

// --- create ---

struct CreateOptions : DataOptions {
  std::uint32_t dim = 0;
  std::string metric = "cosine", datatype = "float32";
  std::vector<std::string> vectors;  // NAME:DIM[:METRIC]
  VectorConfig defaults;
};

Result<ExactKind> ParseDatatype(const std::string& name) {
  if (name == "float32") return ExactKind::kF32;
  if (name == "float16") return ExactKind::kF16;
  if (name == "uint8") return ExactKind::kU8;
  return Error{ErrorCode::kInvalidArgument,
               "datatype '" + name + "': expected float32, float16 or uint8"};
}

// "NAME:DIM[:METRIC]".
Status AddVector(const std::string& text, const VectorConfig& defaults, CollectionConfig& config) {
  const Error bad{ErrorCode::kInvalidArgument,
                  "--vector " + text +
                      ": expected NAME:DIM or NAME:DIM:METRIC, for example "
                      "text:384:cosine"};
  const std::size_t name_end = text.find(':');
  if (name_end == std::string::npos) return bad;
  const std::string rest = text.substr(name_end + 1);
  const std::string dim = rest.substr(0, rest.find(':'));
  if (dim.empty() || dim.size() > 6 || dim.find_first_not_of("0123456789") != std::string::npos) {
    return bad;
  }
  VectorConfig vector = defaults;
  vector.size = static_cast<std::uint32_t>(std::stoul(dim));
  if (dim.size() < rest.size()) vector.metric = TRY(ParseMetric(rest.substr(dim.size() + 1)));
  if (!config.vectors.emplace(text.substr(0, name_end), vector).second) {
    return Error{ErrorCode::kInvalidArgument, "--vector " + text + ": the name is there already"};
  }
  return {};
}

Status RunCreate(const CreateOptions& options, CommandContext& context) {
  CollectionConfig config;
  VectorConfig defaults = options.defaults;
  defaults.metric = TRY(ParseMetric(options.metric));
  defaults.rows = TRY(ParseDatatype(options.datatype));
  for (const std::string& vector : options.vectors) TRY(AddVector(vector, defaults, config));
  if (options.dim > 0) {
    defaults.size = options.dim;
    config.vectors.emplace("", defaults);
  }
  if (config.vectors.empty()) {
    return Error{
        ErrorCode::kInvalidArgument,
        "expected --dim for a collection of one vector a point, or --vector for named ones"};
  }
  TRY(ValidateCollectionName(options.name));
  TRY(ValidateConfig(config));
  const std::unique_ptr<DataDirectory> data = TRY(OpenData(options, {.create_if_missing = true}));
  const std::shared_ptr<Collection> collection = TRY(data->Create(options.name, config));
  JsonObject json;
  json.Set("name", options.name);
  json.Set("config", ConfigToJson(collection->config()));
  FactList facts;
  for (const auto& [name, vector] : config.vectors) {
    facts.Add(name.empty() ? "vector" : "vector " + name, VectorText(vector));
  }
  Print(options, std::move(json), options.name + ": created\n" + facts.Text(), context.output);
  return {};
}

CommandRun DeclareCreate(CLI::App& action) {
  const auto options = std::make_shared<CreateOptions>();
  DeclareData(action, *options, NameOption::kRequired);
  AddNumber(action, "--dim", options->dim, "Of the unnamed vector; 0: there is none");
  action.add_option("--vector", options->vectors,
                    "NAME:DIM or NAME:DIM:METRIC, a named vector; may be given several times");
  action.add_option("--metric", options->metric, "l2, ip or cosine")->capture_default_str();
  action.add_option("--datatype", options->datatype, "float32, float16 or uint8")
      ->capture_default_str();
  AddNumber(action, "--m", options->defaults.m, "Links of a node on upper levels of the graph");
  AddNumber(action, "--ef-construct", options->defaults.ef_construct,
            "Pool of the walk that finds a node's links");
  action.add_flag("--on-disk", options->defaults.on_disk, "Keep links and codes mapped");
  return [options](CommandContext& context) { return RunCreate(*options, context); };
}

// --- delete ---

Status RunDelete(const DataOptions& options, CommandContext& context) {
  const std::unique_ptr<DataDirectory> data = TRY(OpenData(options, {}));
  if (!TRY(data->Delete(options.name))) {
    return Error{ErrorCode::kNotFound, "no collection '" + options.name + "' in " + options.data};
  }
  JsonObject json;
  json.Set("name", options.name);
  json.Set("deleted", true);
  Print(options, std::move(json), options.name + ": deleted\n", context.output);
  return {};
}

CommandRun DeclareDelete(CLI::App& action) {
  const auto options = std::make_shared<DataOptions>();
  DeclareData(action, *options, NameOption::kRequired);
  action.footer("Deletes its aliases too.  Its snapshots stay.");
  return [options](CommandContext& context) { return RunDelete(*options, context); };
}

// --- verify ---

struct VerifyOptions : DataOptions {
  std::string snapshot;
};

Status RunVerifySnapshot(const VerifyOptions& options, CommandContext& context) {
  if (!options.name.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 "expected the name of a collection or --snapshot, found both"};
  }
  const double start_seconds = WallSeconds();
  const SnapshotReader reader = TRY(SnapshotReader::Open(options.snapshot));
  const SnapshotTotals totals = TRY(reader.Verify(context.cancellation, context.progress));
  const double seconds = WallSeconds() - start_seconds;
  JsonObject json;
  json.Set("snapshot", options.snapshot);
  json.Set("collection", reader.meta().collection);
  json.Set("intact", true);
  json.Set("bytes_checked", reader.bytes());
  json.Set("files", totals.files);
  json.Set("seconds", seconds);
  Print(options, std::move(json),
        options.snapshot + ": intact snapshot of " + reader.meta().collection + ", " +
            FormatSize(reader.bytes()) + " checked in " + FormatSeconds(seconds) + "\n",
        context.output);
  return {};
}

Status RunVerifyCollections(const VerifyOptions& options, CommandContext& context) {
  const std::unique_ptr<DataDirectory> data = TRY(OpenData(options, {}));
  std::vector<std::string> names;
  if (!options.name.empty()) {
    names.push_back(options.name);
  } else {
    for (const CollectionEntry& entry : data->List()) names.push_back(entry.name);
  }
  const double start_seconds = WallSeconds();
  std::optional<Error> fault;
  std::string text;
  JsonArray list;
  for (const std::string& name : names) {
    const auto collection = data->Get(name);
    Status verified;
    if (!collection.ok()) {
      verified = collection.error();
    } else {
      verified = collection.value()->Verify(context.cancellation, context.progress);
    }
    if (!verified.ok() && verified.error().code == ErrorCode::kCancelled) return verified;
    JsonObject json;
    json.Set("name", name);
    json.Set("intact", verified.ok());
    if (verified.ok()) {
      const CollectionInfo info = collection.value()->info();
      json.Set("points", info.points);
      text += name + ": intact, " + FormatCount(info.points) + " points\n";
    } else {
      json.Set("error", verified.error().message);
      text += name + ": DAMAGED: " + verified.error().message + "\n";
      if (!fault) fault = verified.error();
    }
    list.emplace_back(std::move(json));
  }
  if (options.name.empty() || !fault) {
    JsonObject json;
    json.Set("collections", std::move(list));
    json.Set("seconds", WallSeconds() - start_seconds);
    Print(options, std::move(json), text, context.output);
  }
  if (fault) return *fault;
  return {};
}

CommandRun DeclareVerifyAction(CLI::App& action) {
  const auto options = std::make_shared<VerifyOptions>();
  DeclareData(action, *options, NameOption::kOptional);
  action.add_option("--snapshot", options->snapshot, "Check this snapshot file instead");
  action.footer("Without NAME every collection is checked; exit code 1 when one is damaged.");
  return [options](CommandContext& context) {
    return options->snapshot.empty() ? RunVerifyCollections(*options, context)
                                     : RunVerifySnapshot(*options, context);
  };
}

// --- alias ---

struct AliasOptions : DataOptions {
  std::string to;
  std::vector<std::string> deleted;
};

Status RunAlias(const AliasOptions& options, CommandContext& context) {
  const std::unique_ptr<DataDirectory> data = TRY(OpenData(options, {}));
  std::vector<AliasAction> actions;
  if (options.name.empty() != options.to.empty()) {
    return Error{ErrorCode::kInvalidArgument, "expected an alias and --to, found one of them"};
  }
  for (const std::string& alias : options.deleted) actions.emplace_back(DeleteAlias{alias});
  if (!options.name.empty()) actions.emplace_back(CreateAlias{options.name, options.to});
  if (!actions.empty()) TRY(data->ChangeAliases(actions));
  FactList facts;
  JsonObject aliases;
  for (const Alias& alias : data->Aliases()) {
    aliases.Set(alias.alias, alias.collection);
    facts.Add(alias.alias, alias.collection);
  }
  JsonObject json;
  json.Set("aliases", std::move(aliases));
  Print(options, std::move(json), facts.Text(), context.output);
  return {};
}

CommandRun DeclareAlias(CLI::App& action) {
  const auto options = std::make_shared<AliasOptions>();
  DeclareData(action, *options, NameOption::kOptional);
  action.add_option("--to", options->to, "Collection that NAME shall be an alias of");
  action.add_option("--delete", options->deleted, "Alias to delete; may be given several times");
  action.footer("All of it happens in one step; then every alias is shown.");
  return [options](CommandContext& context) { return RunAlias(*options, context); };
}

struct ActionEntry {
  const char *name, *summary;
  CommandRun (*declare)(CLI::App& action);
};
constexpr std::array kActions = {
    ActionEntry{"list", "Show every collection", DeclareList},
    ActionEntry{"info", "Show what a collection holds", DeclareInfoAction},
    ActionEntry{"create", "Create a collection", DeclareCreate},
    ActionEntry{"delete", "Delete a collection", DeclareDelete},
    ActionEntry{"verify", "Check every byte of collections, or of a snapshot", DeclareVerifyAction},
    ActionEntry{"alias", "Create and delete aliases", DeclareAlias},
    ActionEntry{"snapshot", "Write, list or delete snapshots of a collection",
                DeclareCollectionSnapshot},
    ActionEntry{"restore", "Make a collection from a snapshot", DeclareCollectionRestore},
    ActionEntry{"import", "Take points from an index, vectors or JSON lines",
                DeclareCollectionImport},
    ActionEntry{"export", "Write points as JSON lines or for NumPy", DeclareCollectionExport},
};

}  // namespace

void DeclareData(CLI::App& action, DataOptions& options, NameOption name) {
  if (name != NameOption::kNone) {
    CLI::Option* option = action.add_option("NAME", options.name, "Of the collection");
    if (name == NameOption::kRequired) option->required();
  }
  action.add_option("--data", options.data, "Data directory")->capture_default_str();
  action.add_flag("--json", options.json, "Print one JSON object");
}

Result<std::unique_ptr<DataDirectory>> OpenData(const DataOptions& options,
                                                const OpenDataParams& params) {
  DataDirectoryParams directory;
  directory.collection.background = params.background;
  directory.open_when = DataDirectoryParams::OpenWhen::kAtFirstUse;
  directory.create_if_missing = params.create_if_missing;
  return DataDirectory::Open(options.data, directory);
}

void Print(const DataOptions& options, JsonObject json, const std::string& text,
           std::string& output) {
  output += options.json ? ToJson(JsonValue(std::move(json))) + "\n" : text;
}

CommandRun DeclareCollections(CLI::App& app) {
  struct Declared {
    const CLI::App* action;
    CommandRun run;
  };
  const auto declared = std::make_shared<std::vector<Declared>>();
  for (const ActionEntry& entry : kActions) {
    CLI::App* action = app.add_subcommand(entry.name, entry.summary);
    declared->push_back({action, entry.declare(*action)});
  }
  app.require_subcommand(1);
  app.footer(
      "Works on the data directory itself, which no server may have open meanwhile.\n\n"
      "Examples:\n"
      "  kith collections create docs --dim 384 --data kith-data\n"
      "  kith collections import docs --vectors docs.npy --payloads docs.jsonl\n"
      "  kith collections snapshot docs\n"
      "  kith collections list --json");
  return [declared](CommandContext& context) -> Status {
    for (const Declared& each : *declared) {
      if (each.action->parsed()) return each.run(context);
    }
    return Error{ErrorCode::kInvalidArgument, "expected an action"};
  };
}

}  // namespace kith
