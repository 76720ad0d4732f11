#include "tools/text_search_command.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "tools/json_out.h"
#include "tools/text_table.h"

namespace kith {
namespace {

constexpr std::size_t kFieldWidthMax = 72;  // columns of the terminal

std::optional<double> MeanRecall(const TextSearchReport& report) {
  double sum = 0;
  for (const TextSearchResult& result : report.results) {
    if (!result.recall) return std::nullopt;
    sum += *result.recall;
  }
  return sum / static_cast<double>(report.results.size());
}

double MeanUs(const TextSearchReport& report, double TextSearchResult::*member) {
  double sum = 0;
  for (const TextSearchResult& result : report.results) sum += result.*member;
  return sum / static_cast<double>(report.results.size());
}

// Names of the fields of an answer: those asked for, or "text" for a file of plain lines.
std::string FieldName(const TextSearchParams& params, std::size_t i) {
  return i < params.show.size() ? params.show[i] : "text";
}

void PutResult(JsonWriter& json, const TextSearchParams& params, const TextSearchResult& result) {
  json.BeginObject();
  json.Field("text", result.text);
  json.Field("has_features", result.found.has_features);
  json.Field("has_known_features", result.found.has_known_features);
  json.Field("embed_us", result.embed_us);
  json.Field("search_us", result.search_us);
  if (result.recall) json.Field("recall", *result.recall);
  json.BeginArray("answers");
  for (const TextAnswer& answer : result.answers) {
    json.BeginObject();
    json.Field("id", answer.id);
    json.Field("distance", answer.distance);
    if (!answer.fields.empty()) {
      json.BeginObject("fields");
      for (std::size_t i = 0; i < answer.fields.size(); ++i) {
        json.Field(FieldName(params, i), answer.fields[i]);
      }
      json.End();
    }
    json.End();
  }
  json.End();
  json.End();
}

void PrintJson(const TextSearchParams& params, const TextSearchReport& report, std::string& out) {
  JsonWriter json(out);
  json.BeginObject();
  json.Field("queries", report.results.size());
  json.Field("k", params.search.k);
  const std::optional<double> recall = MeanRecall(report);
  if (recall) json.Field("recall_at_" + std::to_string(params.search.k), *recall);
  json.Field("mean_us", MeanUs(report, &TextSearchResult::search_us));
  json.Field("embed_us_mean", MeanUs(report, &TextSearchResult::embed_us));
  json.BeginArray("results");
  for (const TextSearchResult& result : report.results) PutResult(json, params, result);
  json.End();
  json.BeginObject("params");
  json.Field("k", params.search.k);
  if (params.search.exact) {
    json.Field("exact", true);
  } else {
    if (params.search.ef_search == 0) json.Field("target_recall", params.search.target_recall);
    json.Field("ef_search", report.ef_search);
  }
  json.End();
  json.End();
  out += '\n';
}

void PrintAnswers(const TextSearchResult& result, std::string& out) {
  out += "\"" + result.text + "\"\n";
  TextTable table;
  for (std::size_t i = 0; i < result.answers.size(); ++i) {
    const TextAnswer& answer = result.answers[i];
    std::vector<std::string> cells = {std::to_string(i + 1), FormatFixed(answer.distance, 4)};
    if (answer.fields.empty()) cells.push_back("row " + std::to_string(answer.id));
    for (const std::string& field : answer.fields) {
      cells.push_back(ShortenText(field, kFieldWidthMax));
    }
    table.AddRow(std::move(cells));
  }
  out += table.Text();
}

void PrintText(const TextSearchParams& params, const TextSearchReport& report, std::string& out) {
  for (const TextSearchResult& result : report.results) {
    PrintAnswers(result, out);
    out += "\n";
  }
  out += FormatFixed(MeanUs(report, &TextSearchResult::search_us), 0) + " us to search " +
         FormatCount(report.index.rows) + " vectors of dim " + std::to_string(report.index.dim);
  if (report.ef_search > 0) out += " (ef_search " + std::to_string(report.ef_search) + ")";
  out += ", " + FormatFixed(MeanUs(report, &TextSearchResult::embed_us), 0) +
         " us to embed the text\n";
  const std::optional<double> recall = MeanRecall(report);
  if (recall) {
    out += "recall@" + std::to_string(params.search.k) + " " + FormatFixed(*recall, 4) +
           " against an exact scan\n";
  }
}

}  // namespace

Status RunTextSearch(const TextSearchParams& params, bool json, CommandContext& context) {
  const TextSearchReport report = TRY(SearchTexts(params, context.cancellation));
  for (const TextSearchResult& result : report.results) {
    if (result.found.has_features && result.found.has_known_features) continue;
    std::fprintf(
        stderr, "kith search: warning: %s \"%s\": its answers mean nothing\n",
        result.found.has_features ? "the encoder knows nothing of" : "no letter or digit in",
        result.text.c_str());
  }
  if (json) {
    PrintJson(params, report, context.output);
  } else {
    PrintText(params, report, context.output);
  }
  return {};
}

}  // namespace kith
