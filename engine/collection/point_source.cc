#include "engine/collection/point_source.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "core/matrix.h"
#include "engine/collection/point_json.h"
#include "index/index_directory.h"
#include "storage/json_parser.h"
#include "storage/line_reader.h"
#include "storage/vector_file.h"

namespace kith {
namespace {

Error Bad(std::string message) { return Error{ErrorCode::kInvalidArgument, std::move(message)}; }

bool IsBlank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

Result<PointId> IdOfLine(std::string_view line, const std::string& where) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(line.data(), line.data() + line.size(), number);
  if (read.ec == std::errc() && read.ptr == line.data() + line.size()) return PointId(number);
  Result<PointId> uuid = PointId::ParseUuid(line);
  if (uuid.ok()) return uuid;
  return Bad(where + ": expected the id of a point, a 64-bit number or a UUID, found '" +
             std::string(line.substr(0, 64)) + "'");
}

Result<JsonObject> PayloadOfLine(std::string_view line, const std::string& where) {
  if (IsBlank(line)) return JsonObject();
  Result<JsonValue> json = ParseJson(line);
  if (!json.ok()) return Error{json.error().code, where + ": " + json.error().message};
  if (!json.value().is_object()) {
    return Bad(where + ": expected a payload, an object, found " +
               std::string(JsonKindName(json.value())));
  }
  return std::move(json.value().object());
}

// Files that have a line for each row, or are not given.
class RowLines {
 public:
  Status Open(const PointSourceParams& params) {
    if (!params.ids.empty()) ids_.emplace(TRY(LineReader::Open(params.ids, kPointLineBytesMax)));
    if (!params.payloads.empty()) {
      payloads_.emplace(TRY(LineReader::Open(params.payloads, kPointLineBytesMax)));
    }
    return {};
  }
  Status Read(Point& point, std::uint64_t& bytes) {
    if (ids_) {
      const std::string_view line = TRY(NextLine(*ids_));
      point.id = TRY(IdOfLine(line, ids_->Where()));
    }
    if (payloads_) {
      const std::string_view line = TRY(NextLine(*payloads_));
      point.payload = TRY(PayloadOfLine(line, payloads_->Where()));
      bytes += line.size();
    }
    return {};
  }
  Status Finish() {
    for (std::optional<LineReader>* lines : {&ids_, &payloads_}) {
      if (!*lines) continue;
      const std::optional<std::string_view> more = TRY((*lines)->Next());
      if (more) return Bad((*lines)->Where() + ": there are more lines than vectors");
    }
    return {};
  }

 private:
  static Result<std::string_view> NextLine(LineReader& lines) {
    const std::optional<std::string_view> line = TRY(lines.Next());
    if (line) return *line;
    return Bad(lines.Where() + ": the last line, expected as many lines as there are vectors");
  }
  std::optional<LineReader> ids_, payloads_;
};

// What an index and a file of vectors have in common: rows.
class RowSource : public PointSource {
 public:
  Status OpenLines(const PointSourceParams& params) {
    name_ = params.vector_name;
    return lines_.Open(params);
  }
  Result<std::vector<Point>> Next() final {
    std::vector<Point> points;
    if (next_ == rows_) {
      TRY(lines_.Finish());
      return points;
    }
    const std::uint64_t row_bytes = std::max<std::uint64_t>(1, dim_ * sizeof(float));
    const std::uint64_t count =
        std::min({std::uint64_t{kSourceBatchPoints}, rows_ - next_,
                  std::max<std::uint64_t>(1, kSourceBatchBytes / row_bytes)});
    Matrix<float> block(count, dim_);
    TRY(ReadRows(next_, block.view()));
    std::uint64_t bytes = 0;
    for (std::uint64_t i = 0; i < count && bytes < kSourceBatchBytes; ++i, ++next_) {
      Point point;
      point.id = PointId(next_);
      const auto row = std::as_const(block).view().row(i);
      point.vectors[name_].assign(row.begin(), row.end());
      TRY(lines_.Read(point, bytes));
      points.push_back(std::move(point));
    }
    return points;
  }
  std::uint64_t total() const final { return rows_; }
  std::uint64_t done() const final { return next_; }

 protected:
  virtual Status ReadRows(std::uint64_t first, MatrixView<float> out) = 0;
  void SetShape(std::uint64_t rows, std::uint32_t dim, const std::string& name) {
    rows_ = rows;
    dim_ = dim;
    shape_.dims[name] = dim;
  }

 private:
  std::string name_;
  std::uint64_t rows_ = 0, next_ = 0;
  std::uint32_t dim_ = 0;
  RowLines lines_;
};

class VectorFileSource final : public RowSource {
 public:
  VectorFileSource(std::unique_ptr<VectorReader> reader, const std::string& name)
      : reader_(std::move(reader)) {
    SetShape(reader_->info().rows, reader_->info().dim, name);
  }

 private:
  Status ReadRows(std::uint64_t first, MatrixView<float> out) override {
    return reader_->ReadF32(first, out);
  }
  const std::unique_ptr<VectorReader> reader_;
};

class IndexSource final : public RowSource {
 public:
  IndexSource(std::unique_ptr<VectorIndex> index, const std::string& name)
      : index_(std::move(index)) {
    const IndexInfo info = index_->info();
    SetShape(info.rows, info.dim, name);
    shape_.metric = info.metric;
  }

  // Where each row stands: an index may keep rows in another order than its input.
  Status OrderRows(const std::string& path) {
    const auto ids = index_->ids();
    constexpr std::uint32_t kNowhere = ~std::uint32_t{0};
    if (!ids.empty()) position_of_.assign(ids.size(), kNowhere);
    for (std::uint32_t position = 0; position < ids.size(); ++position) {
      if (ids[position] >= ids.size() || position_of_[ids[position]] != kNowhere) {
        return Error{ErrorCode::kCorruption,
                     path + ": position " + std::to_string(position) + " has row number " +
                         std::to_string(ids[position]) + ": expected each of 0 to " +
                         std::to_string(ids.size() - 1) + " once"};
      }
      position_of_[ids[position]] = position;
    }
    return {};
  }

 private:
  Status ReadRows(std::uint64_t first, MatrixView<float> out) override {
    for (std::size_t i = 0; i < out.rows(); ++i) {
      const auto row = static_cast<std::uint32_t>(first + i);
      index_->VectorAt(position_of_.empty() ? row : position_of_[row], out.row(i));
    }
    return {};
  }
  const std::unique_ptr<VectorIndex> index_;
  std::vector<std::uint32_t> position_of_;  // empty: as they come
};

class JsonlSource final : public PointSource {
 public:
  explicit JsonlSource(LineReader lines) : lines_(std::move(lines)) {}

  // Reads the first point, for the shape.
  Status Begin() {
    first_ = TRY(NextPoint());
    if (!first_) return {};
    for (const auto& [name, vector] : first_->vectors) {
      shape_.dims[name] = static_cast<std::uint32_t>(
          std::min<std::size_t>(vector.size(), std::numeric_limits<std::uint32_t>::max()));
    }
    return {};
  }
  Result<std::vector<Point>> Next() override {
    std::vector<Point> points;
    const std::uint64_t begin = lines_.bytes_read();
    if (first_) points.push_back(*std::exchange(first_, std::nullopt));
    while (points.size() < kSourceBatchPoints && lines_.bytes_read() - begin < kSourceBatchBytes) {
      std::optional<Point> point = TRY(NextPoint());
      if (!point) break;
      points.push_back(*std::move(point));
    }
    return points;
  }
  std::uint64_t total() const override { return lines_.file_bytes(); }
  std::uint64_t done() const override { return lines_.bytes_read(); }

 private:
  Result<std::optional<Point>> NextPoint() {
    for (;;) {
      const std::optional<std::string_view> line = TRY(lines_.Next());
      if (!line) return std::optional<Point>();
      if (IsBlank(*line)) continue;
      Point point = TRY(ParsePoint(*line, lines_.Where()));
      return std::optional<Point>(std::move(point));
    }
  }
  LineReader lines_;
  std::optional<Point> first_;
};

}  // namespace

Result<std::unique_ptr<PointSource>> PointSource::Open(const PointSourceParams& params) {
  const int given = !params.index.empty() + !params.vectors.empty() + !params.jsonl.empty();
  if (given != 1) {
    return Bad(
        "expected one source of points: an index, a file of vectors or a file of JSON lines");
  }
  if (!params.jsonl.empty()) {
    if (!params.ids.empty() || !params.payloads.empty() || !params.vector_name.empty()) {
      return Bad("JSON lines have their own ids, payloads and names of vectors");
    }
    auto source =
        std::make_unique<JsonlSource>(TRY(LineReader::Open(params.jsonl, kPointLineBytesMax)));
    TRY(source->Begin());
    return std::unique_ptr<PointSource>(std::move(source));
  }
  std::unique_ptr<RowSource> source;
  if (!params.index.empty()) {
    std::unique_ptr<VectorIndex> index = TRY(OpenIndex(params.index, LoadMode::kMapped));
    auto rows = std::make_unique<IndexSource>(std::move(index), params.vector_name);
    TRY(rows->OrderRows(params.index));
    source = std::move(rows);
  } else {
    std::unique_ptr<VectorReader> reader = TRY(VectorReader::Open(params.vectors));
    source = std::make_unique<VectorFileSource>(std::move(reader), params.vector_name);
  }
  TRY(source->OpenLines(params));
  return std::unique_ptr<PointSource>(std::move(source));
}

}  // namespace kith
