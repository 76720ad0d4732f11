// kith collections snapshot, restore, import, export: points into a data directory and out of it.
#include <CLI/CLI.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "engine/collection/export_points.h"
#include "engine/collection/import_points.h"
#include "tools/collections_command.h"
#include "tools/size_argument.h"
#include "tools/text_table.h"

namespace kith {
namespace {

JsonObject SnapshotJson(const SnapshotEntry& snapshot) {
  JsonObject json;
  json.Set("name", snapshot.name);
  json.Set("path", snapshot.path);
  json.Set("bytes", snapshot.bytes);
  json.Set("created_unix_s", snapshot.created_unix_s);
  return json;
}

struct SnapshotOptions : DataOptions {
  bool list = false;
  std::string deleted;
};

Status RunSnapshot(const SnapshotOptions& options, CommandContext& context) {
  if (options.list && !options.deleted.empty()) {
    return Error{ErrorCode::kInvalidArgument, "expected --list or --delete, found both"};
  }
  const std::unique_ptr<DataDirectory> data = TRY(OpenData(options, {}));
  if (options.list) {
    const std::vector<SnapshotEntry> snapshots = TRY(data->Snapshots(options.name));
    TextTable table;
    JsonArray list;
    for (const SnapshotEntry& snapshot : snapshots) {
      list.emplace_back(SnapshotJson(snapshot));
      table.AddRow({snapshot.name, FormatSize(snapshot.bytes)});
    }
    JsonObject json;
    json.Set("snapshots", std::move(list));
    Print(options, std::move(json), table.empty() ? "" : table.Text(), context.output);
    return {};
  }
  JsonObject json;
  if (!options.deleted.empty()) {
    const SnapshotEntry snapshot = TRY(data->FindSnapshot(options.name, options.deleted));
    TRY(data->DeleteSnapshot(options.name, snapshot.name));
    json.Set("name", snapshot.name);
    json.Set("deleted", true);
    Print(options, std::move(json), snapshot.name + ": deleted\n", context.output);
    return {};
  }
  const SnapshotEntry snapshot =
      TRY(data->CreateSnapshot(options.name, context.cancellation, context.progress));
  Print(options, SnapshotJson(snapshot), snapshot.path + ": " + FormatSize(snapshot.bytes) + "\n",
        context.output);
  return {};
}

struct RestoreOptions : DataOptions {
  std::string snapshot;
  bool force = false;
};

Status RunRestore(const RestoreOptions& options, CommandContext& context) {
  const std::unique_ptr<DataDirectory> data = TRY(OpenData(options, {.create_if_missing = true}));
  RestoreParams params{.name = options.name, .file = options.snapshot};
  if (options.force) params.if_exists = OutputFile::IfExists::kReplace;
  const std::shared_ptr<Collection> collection =
      TRY(data->Restore(params, context.cancellation, context.progress));
  const std::uint64_t points = collection->info().points;
  JsonObject json;
  json.Set("name", options.name);
  json.Set("points", points);
  Print(options, std::move(json), options.name + ": restored, " + FormatCount(points) + " points\n",
        context.output);
  return {};
}

struct ImportOptions : DataOptions {
  PointSourceParams source;
  std::string metric;
  bool no_optimize = false;
};

// The collection of that name, made for the points where there is none.
Result<std::shared_ptr<Collection>> CollectionFor(DataDirectory& data, const std::string& name,
                                                  const PointShape& shape,
                                                  const std::optional<Metric>& metric) {
  if (!data.Resolve(name)) {
    const CollectionConfig config = TRY(ConfigFor(shape, metric));
    return data.Create(name, config);
  }
  std::shared_ptr<Collection> collection = TRY(data.Get(name));
  const CollectionConfig config = collection->config();
  for (const auto& [vector, dim] : shape.dims) {
    const auto found = config.vectors.find(vector);
    if (found == config.vectors.end()) continue;  // told by the first write
    for (const auto& wanted : {metric, shape.metric}) {
      if (!wanted || *wanted == found->second.metric) continue;
      return Error{ErrorCode::kInvalidArgument, "collection '" + name + "' is for " +
                                                    std::string(MetricName(found->second.metric)) +
                                                    ", the points for " +
                                                    std::string(MetricName(*wanted))};
    }
  }
  return collection;
}

Status RunImport(const ImportOptions& options, CommandContext& context) {
  std::optional<Metric> metric;
  if (!options.metric.empty()) metric = TRY(ParseMetric(options.metric));
  TRY(ValidateCollectionName(options.name));
  const std::unique_ptr<PointSource> source = TRY(PointSource::Open(options.source));
  const std::unique_ptr<DataDirectory> data =
      TRY(OpenData(options, {.create_if_missing = true, .background = true}));
  const std::shared_ptr<Collection> collection =
      TRY(CollectionFor(*data, options.name, source->shape(), metric));
  const ImportPointsReport report =
      TRY(ImportPoints(*collection, *source, context.cancellation, context.progress));
  if (!options.no_optimize) {
    TRY(collection->OptimizeNow(context.cancellation, context.progress));
  }
  const CollectionInfo info = collection->info();
  JsonObject json;
  json.Set("name", options.name);
  json.Set("imported", report.points);
  json.Set("points", info.points);
  json.Set("segments", info.segments);
  json.Set("disk_bytes", info.disk_bytes);
  json.Set("seconds", report.seconds);
  FactList facts;
  facts.Add("points", FormatCount(info.points));
  facts.Add("segments", FormatCount(info.segments));
  facts.Add("size", FormatSize(info.disk_bytes));
  facts.Add("time", FormatSeconds(report.seconds));
  Print(options, std::move(json),
        options.name + ": imported " + FormatCount(report.points) + " points\n" + facts.Text(),
        context.output);
  return {};
}

struct ExportOptions : DataOptions {
  ExportPointsParams params;
  std::string format = "jsonl";
  bool force = false;
};

Status RunExport(const ExportOptions& options, CommandContext& context) {
  const bool folder = options.format == "npy";
  if (!folder && options.format != "jsonl") {
    return Error{ErrorCode::kInvalidArgument,
                 "--format " + options.format + ": expected jsonl or npy"};
  }
  ExportPointsParams params = options.params;
  if (options.force) params.if_exists = OutputFile::IfExists::kReplace;
  const std::unique_ptr<DataDirectory> data = TRY(OpenData(options, {}));
  const std::shared_ptr<Collection> collection = TRY(data->Get(options.name));
  const ExportPointsReport report =
      folder ? TRY(ExportFolder(*collection, params, context.cancellation, context.progress))
             : TRY(ExportJsonLines(*collection, params, context.cancellation, context.progress));
  JsonObject json;
  json.Set("name", options.name);
  json.Set("points", report.points);
  json.Set("vectors", report.vectors);
  json.Set("seconds", report.seconds);
  Print(options, std::move(json),
        params.output + ": " + FormatCount(report.points) + " points of " + options.name + "\n",
        context.output);
  return {};
}

}  // namespace

CommandRun DeclareCollectionSnapshot(CLI::App& action) {
  const auto options = std::make_shared<SnapshotOptions>();
  DeclareData(action, *options, NameOption::kRequired);
  action.add_flag("--list", options->list, "List the snapshots there are");
  action.add_option("--delete", options->deleted, "Delete the snapshot of this name");
  action.footer("Written to snapshots/NAME/ in the data directory.");
  return [options](CommandContext& context) { return RunSnapshot(*options, context); };
}

CommandRun DeclareCollectionRestore(CLI::App& action) {
  const auto options = std::make_shared<RestoreOptions>();
  DeclareData(action, *options, NameOption::kRequired);
  action.add_option("--snapshot", options->snapshot, "Snapshot file, wherever it lies")->required();
  action.add_flag("--force", options->force, "Replace the collection NAME if it exists");
  action.footer("The vectors' graphs are built again.");
  return [options](CommandContext& context) { return RunRestore(*options, context); };
}

CommandRun DeclareCollectionImport(CLI::App& action) {
  const auto options = std::make_shared<ImportOptions>();
  DeclareData(action, *options, NameOption::kRequired);
  PointSourceParams& source = options->source;
  action.add_option("--index", source.index, "Index directory of `kith build`");
  action.add_option("--vectors", source.vectors, "Vector file");
  action.add_option("--jsonl", source.jsonl,
                    "Lines {\"id\": .., \"vector\": [..] or {name: [..]}, \"payload\": {..}}");
  action.add_option("--payloads", source.payloads, "Payloads, a JSON object a line, line by row");
  action.add_option("--ids", source.ids,
                    "Ids, a number or UUID a line, line by row; default: row numbers from 0");
  action.add_option("--vector-name", source.vector_name,
                    "Of the rows; default: the unnamed vector");
  action.add_option("--metric", options->metric,
                    "l2, ip or cosine, of a collection that is made: default that of the index, "
                    "else cosine");
  action.add_flag("--no-optimize", options->no_optimize,
                  "Leave linking and sealing to whoever opens the collection next");
  action.footer(
      "A collection that does not exist is created.  Points that are there are replaced, so an\n"
      "import that was stopped may be repeated.");
  return [options](CommandContext& context) { return RunImport(*options, context); };
}

CommandRun DeclareCollectionExport(CLI::App& action) {
  const auto options = std::make_shared<ExportOptions>();
  DeclareData(action, *options, NameOption::kRequired);
  action.add_option("--output", options->params.output, "File (jsonl) or folder (npy) to write")
      ->required();
  action
      .add_option("--format", options->format,
                  "jsonl: points as `import --jsonl` takes them; npy: rows, ids and payloads in "
                  "files of their own")
      ->capture_default_str();
  action.add_flag("--force", options->force, "Replace the output if it exists");
  return [options](CommandContext& context) { return RunExport(*options, context); };
}

}  // namespace kith
