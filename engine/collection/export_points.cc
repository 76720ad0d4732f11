#include "engine/collection/export_points.h"

#include <array>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/matrix.h"
#include "core/resource_usage.h"
#include "engine/collection/point_json.h"
#include "storage/vector_file.h"

namespace kith {
namespace {

constexpr std::size_t kPagePoints = 256;
constexpr std::size_t kNameInFileBytesMax = 80;
constexpr const char* kFolderMark = "export.json";

Status ForEachRecord(const Collection& collection, const Cancellation& cancellation,
                     Progress& progress, const std::function<Status(const Record&)>& callback) {
  progress.Start("export", collection.info().points);
  std::optional<PointId> from = PointId();
  const PayloadSelector payload;
  const VectorSelector vectors{.enabled = true, .names = {}};
  while (from) {
    TRY(cancellation.Check());
    const Collection::Page page =
        TRY(collection.Scroll(*from, kPagePoints, nullptr, payload, vectors));
    for (const Record& record : page.records) TRY(callback(record));
    progress.Advance(page.records.size());
    from = page.next;
  }
  return {};
}

std::string NameInFile(const std::string& name, std::uint16_t field) {
  std::string text;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-';
    if (plain) {
      text += c;
    } else {
      std::array<char, 4> hex;
      std::snprintf(hex.data(), hex.size(), "%%%02X", static_cast<unsigned char>(c));
      text += hex.data();
    }
  }
  return text.size() <= kNameInFileBytesMax ? text : "field-" + std::to_string(field);
}

DataType TypeOf(ExactKind rows) {
  return rows == ExactKind::kF16  ? DataType::kF16
         : rows == ExactKind::kU8 ? DataType::kU8
                                  : DataType::kF32;
}

// The three files of one vector.
class VectorOutput {
 public:
  static Result<VectorOutput> Create(const std::string& folder, const std::string& name,
                                     const VectorConfig& config) {
    const std::string infix = name.empty() ? "" : "." + NameInFile(name, config.field);
    constexpr auto kRefuse = OutputFile::IfExists::kRefuse;
    std::unique_ptr<VectorWriter> rows = TRY(VectorWriter::Create(
        folder + "/vectors" + infix + ".npy", TypeOf(config.rows), config.size, kRefuse));
    OutputFile ids = TRY(OutputFile::Create(folder + "/ids" + infix + ".txt", kRefuse));
    OutputFile payloads = TRY(OutputFile::Create(folder + "/payloads" + infix + ".jsonl", kRefuse));
    return VectorOutput(name, std::move(rows), std::move(ids), std::move(payloads));
  }
  // False: the point has no such vector.
  Result<bool> Append(const Record& record) {
    const auto vector = record.vectors.find(name_);
    if (vector == record.vectors.end()) return false;
    TRY(rows_->AppendF32(MatrixView<const float>(vector->second.data(), 1, vector->second.size())));
    TRY(ids_.Append(record.id.ToString() + "\n"));
    std::string payload;
    if (record.payload) AppendJson(JsonValue(*record.payload), payload);
    payload += '\n';
    TRY(payloads_.Append(payload));
    return true;
  }
  Status Commit() {
    TRY(rows_->Commit());
    TRY(ids_.Commit());
    return payloads_.Commit();
  }

 private:
  VectorOutput(std::string name, std::unique_ptr<VectorWriter> rows, OutputFile ids,
               OutputFile payloads)
      : name_(std::move(name)),
        rows_(std::move(rows)),
        ids_(std::move(ids)),
        payloads_(std::move(payloads)) {}
  std::string name_;
  std::unique_ptr<VectorWriter> rows_;
  OutputFile ids_, payloads_;
};

}  // namespace

Result<ExportPointsReport> ExportJsonLines(const Collection& collection,
                                           const ExportPointsParams& params,
                                           const Cancellation& cancellation, Progress& progress) {
  const double start_seconds = WallSeconds();
  OutputFile out = TRY(OutputFile::Create(params.output, params.if_exists));
  ExportPointsReport report;
  std::string line;
  const auto write = [&](const Record& record) -> Status {
    line.clear();
    AppendPoint(record, line);
    line += '\n';
    TRY(out.Append(line));
    ++report.points;
    report.vectors += record.vectors.size();
    return {};
  };
  TRY(ForEachRecord(collection, cancellation, progress, write));
  TRY(out.Commit());
  report.seconds = WallSeconds() - start_seconds;
  return report;
}

Result<ExportPointsReport> ExportFolder(const Collection& collection,
                                        const ExportPointsParams& params,
                                        const Cancellation& cancellation, Progress& progress) {
  const double start_seconds = WallSeconds();
  OutputDirectory folder =
      TRY(OutputDirectory::Create(params.output, params.if_exists, kFolderMark));
  const CollectionConfig config = collection.config();
  std::vector<VectorOutput> outputs;
  for (const auto& [name, vector] : config.vectors) {
    VectorOutput output = TRY(VectorOutput::Create(folder.path(), name, vector));
    outputs.push_back(std::move(output));
  }
  ExportPointsReport report;
  const auto write = [&](const Record& record) -> Status {
    ++report.points;
    for (VectorOutput& output : outputs) report.vectors += TRY(output.Append(record)) ? 1 : 0;
    return {};
  };
  TRY(ForEachRecord(collection, cancellation, progress, write));
  for (VectorOutput& output : outputs) TRY(output.Commit());
  // Says what the vectors are, and that the folder is an export and may be replaced.
  OutputFile mark =
      TRY(OutputFile::Create(folder.path() + "/" + kFolderMark, OutputFile::IfExists::kRefuse));
  TRY(mark.Append(ToJson(ConfigToJson(config)) + "\n"));
  TRY(mark.Commit());
  TRY(folder.Commit());
  report.seconds = WallSeconds() - start_seconds;
  return report;
}

}  // namespace kith
