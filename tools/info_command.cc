// kith info: what a path holds.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "engine/jobs/inspect_job.h"
#include "tools/command.h"
#include "tools/json_out.h"
#include "tools/size_argument.h"
#include "tools/text_table.h"

namespace kith {
namespace {

struct InfoOptions {
  std::string path;
  bool json = false;
};

void PutFacts(JsonWriter& json, const std::vector<std::pair<std::string, std::string>>& facts) {
  json.BeginObject("details");
  for (const auto& [name, value] : facts) json.Field(name, value);
  json.End();
}

void PutIndex(JsonWriter& json, const InspectReport& report) {
  const IndexInfo& index = *report.index;
  json.Field("index", index.kind);
  json.Field("vectors", index.rows);
  json.Field("dim", index.dim);
  json.Field("metric", MetricName(index.metric));
  json.Field("codec", index.codec);
  json.Field("exact", index.exact);
  PutFacts(json, index.details);
  json.BeginArray("calibration");
  for (const CalibrationPoint& point : report.calibration) {
    json.BeginObject();
    json.Field("k", point.k);
    json.Field("ef_search", point.ef_search);
    json.Field("recall", point.recall);
    json.Field("distances_mean", point.distances);
    json.End();
  }
  json.End();
}

void PutSections(JsonWriter& json, const InspectReport& report) {
  json.Field("segment_kind", report.segment_kind);
  json.BeginArray("sections");
  for (const SegmentSection& section : report.sections) {
    json.BeginObject();
    json.Field("name", section.name);
    json.Field("offset", section.offset);
    json.Field("bytes", section.bytes);
    json.Field("crc32c", section.crc);
    json.End();
  }
  json.End();
}

void PrintJson(const std::string& path, const InspectReport& report, std::string& out) {
  JsonWriter json(out);
  json.BeginObject();
  json.Field("path", path);
  json.Field("holds", PathKindName(report.kind));
  json.Field("file_bytes", report.file_bytes);
  if (report.vectors) {
    json.Field("format", report.vectors->format);
    json.Field("type", DataTypeName(report.vectors->type));
    json.Field("vectors", report.vectors->rows);
    json.Field("dim", report.vectors->dim);
  }
  if (report.index) PutIndex(json, report);
  if (report.kind == PathKind::kSegmentFile) PutFacts(json, report.details);
  if (report.kind != PathKind::kVectorFile) PutSections(json, report);
  json.End();
  out += '\n';
}

void PrintSections(const InspectReport& report, std::string& out) {
  TextTable table({"section", "bytes", "offset", "crc32c"});
  for (const SegmentSection& section : report.sections) {
    char crc[16];
    std::snprintf(crc, sizeof crc, "%08x", section.crc);
    table.AddRow({section.name, FormatCount(section.bytes), FormatCount(section.offset), crc});
  }
  out += "\n" + table.Text();
}

void PrintCalibration(const InspectReport& report, std::string& out) {
  TextTable table({"k", "ef_search", "recall@k", "distances"});
  for (const CalibrationPoint& point : report.calibration) {
    table.AddRow({std::to_string(point.k), std::to_string(point.ef_search),
                  FormatFixed(point.recall, 4), FormatFixed(point.distances, 0)});
  }
  out += "\nCalibration, measured on held-out rows:\n" + table.Text();
}

void PrintText(const std::string& path, const InspectReport& report, std::string& out) {
  FactList facts;
  if (report.vectors) {
    const VectorFileInfo& vectors = *report.vectors;
    out += path + ": vector file\n";
    facts.Add("format", vectors.format);
    facts.Add("vectors", FormatCount(vectors.rows));
    facts.Add("dim", std::to_string(vectors.dim));
    facts.Add("type", std::string(DataTypeName(vectors.type)));
  } else if (report.index) {
    const IndexInfo& index = *report.index;
    out += path + ": " + index.kind + " index\n";
    facts.Add("vectors", FormatCount(index.rows));
    facts.Add("dim", std::to_string(index.dim));
    facts.Add("metric", std::string(MetricName(index.metric)));
    if (!index.codec.empty()) facts.Add("codec", index.codec);
    if (!index.exact.empty()) facts.Add("exact rows", index.exact);
    for (const auto& [name, value] : index.details) facts.Add(name, value);
  } else {
    out += path + ": segment file of kind \"" + report.segment_kind + "\"\n";
    for (const auto& [name, value] : report.details) facts.Add(name, value);
  }
  facts.Add("size", FormatSize(report.file_bytes));
  out += facts.Text();
  if (!report.sections.empty()) PrintSections(report, out);
  if (!report.calibration.empty()) PrintCalibration(report, out);
}

}  // namespace

CommandRun DeclareInfo(CLI::App& app) {
  const auto options = std::make_shared<InfoOptions>();
  app.add_option("path", options->path,
                 "Index directory, segment file (index.kith, text encoder) or vector file")
      ->required();
  app.add_flag("--json", options->json, "Print one JSON object");
  app.footer(
      "Reads headers only; `kith verify` reads and checks everything.\n\n"
      "Examples:\n"
      "  kith info base.index\n"
      "  kith info base.fvecs --json");
  return [options](CommandContext& context) -> Status {
    const InspectReport report = TRY(InspectPath(options->path));
    if (options->json) {
      PrintJson(options->path, report, context.output);
    } else {
      PrintText(options->path, report, context.output);
    }
    return {};
  };
}

}  // namespace kith
