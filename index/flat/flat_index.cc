// Building, opening and verifying; the scan is in index/flat/flat_searcher.cc.
#include "index/flat/flat_index.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "core/distance.h"
#include "core/distance64.h"
#include "index/flat/flat_searcher.h"
#include "storage/little_endian.h"
#include "storage/segment_file.h"

namespace kith {
namespace {

constexpr std::uint32_t kFlatVersion = 1;
constexpr std::size_t kBlockBytes = std::size_t{8} << 20;
constexpr std::size_t kVerifyRows = 1024;  // between two looks at the cancellation
// Lengths are rounded up by more than their float64 sums can be off.
constexpr double kLengthSlack = 1 + 0x1p-30;

// The "meta" section (index/flat/flat_index.h).
struct FlatMeta {
  std::uint32_t version = kFlatVersion;
  std::uint8_t metric = 0, type = 0;
  std::uint16_t zero16 = 0;
  std::uint32_t dim = 0, zero32 = 0;
  std::uint64_t rows = 0;
  double length_max = 0;
};
static_assert(sizeof(FlatMeta) == 32);

Error Invalid(const std::string& path, const std::string& message) {
  return Error{ErrorCode::kInvalidArgument, path + ": " + message};
}

Status ValidateInput(const VectorFileInfo& info) {
  if (info.type == DataType::kI32) {
    return Invalid(info.path, "holds i32 values, expected f32, f16, u8 or i8 vectors");
  }
  if (info.dim > kIndexDimMax) {
    return Invalid(info.path, std::to_string(info.dim) + " dimensions, expected at most " +
                                  std::to_string(kIndexDimMax));
  }
  if (info.rows > kIndexRowsMax) {
    return Invalid(info.path, std::to_string(info.rows) + " rows, expected at most " +
                                  std::to_string(kIndexRowsMax));
  }
  return {};
}

// Checks rows [first_row, ...) as they come from the file and normalises them for cosine.  Returns
// the length of the longest one.
Result<double> PrepareRows(const VectorRows& rows, std::uint64_t first_row, bool normalize,
                           std::span<float> floats, std::span<float> normalized) {
  double longest = 0;
  for (std::size_t r = 0; r < rows.rows; ++r) {
    const std::span<float> row = normalize ? normalized.subspan(r * rows.dim, rows.dim) : floats;
    RowAsFloats(rows, r, row);
    if (HasNonFinite(row)) return CheckFinite(row, "row " + std::to_string(first_row + r)).error();
    if (normalize) (void)Normalize(row);  // a zero vector stays zero
    longest = std::max(longest, DotInF64(row.data(), row.data(), row.size()));
  }
  return std::sqrt(longest) * kLengthSlack;
}

// Copies the rows of `input` to the open section; the length of the longest one.
Result<double> WriteRows(const VectorReader& input, Metric metric, SegmentWriter& writer,
                         const Cancellation& cancellation, Progress& progress) {
  const VectorFileInfo& info = input.info();
  const bool normalize = metric == Metric::kCosine;
  const std::size_t row_bytes = info.dim * DataTypeBytes(info.type);
  const std::size_t block_rows =
      std::max<std::size_t>(1, kBlockBytes / std::max<std::size_t>(1, row_bytes));
  std::vector<std::byte> block(std::min<std::uint64_t>(info.rows, block_rows) * row_bytes);
  std::vector<float> floats(info.dim);
  std::vector<float> normalized(normalize ? block.size() / DataTypeBytes(info.type) : 0);
  double length_max = 0;
  for (std::uint64_t first = 0; first < info.rows; first += block_rows) {
    TRY(cancellation.Check());
    const std::size_t count = std::min<std::uint64_t>(block_rows, info.rows - first);
    const std::span<std::byte> bytes(block.data(), count * row_bytes);
    TRY(input.ReadRaw(first, count, bytes));
    const Result<double> longest = PrepareRows(VectorRows(bytes.data(), info.type, count, info.dim),
                                               first, normalize, floats, normalized);
    if (!longest.ok()) return Invalid(info.path, longest.error().message);
    length_max = std::max(length_max, longest.value());
    TRY(writer.Append(normalize ? std::as_bytes(std::span(normalized).first(count * info.dim))
                                : std::span<const std::byte>(bytes)));
    progress.Advance(count);
  }
  return length_max;
}

class FlatIndex : public VectorIndex {
 public:
  FlatIndex(SegmentReader file, FlatRows rows) : file_(std::move(file)), rows_(rows) {}

  IndexInfo info() const override {
    const std::string type(DataTypeName(rows_.rows.type));
    return {.kind = "flat",
            .rows = rows_.rows.rows,
            .dim = static_cast<std::uint32_t>(rows_.rows.dim),
            .metric = rows_.metric,
            .codec = type,
            .exact = type,
            .file_bytes = file_.bytes(),
            .resident_bytes = 0,
            .details = {}};
  }

  std::unique_ptr<Searcher> NewSearcher() const override { return NewFlatSearcher(rows_); }
  std::span<const std::uint32_t> ids() const override { return {}; }
  void VectorAt(std::uint32_t position, std::span<float> vector) const override {
    RowAsFloats(rows_.rows, position, vector);
  }

  Status Verify(const Cancellation& cancellation, Progress& progress) const override {
    TRY(file_.VerifyAll(cancellation, progress));
    progress.Start("check rows", rows_.rows.rows);
    std::vector<float> row(rows_.rows.dim);
    for (std::size_t r = 0; r < rows_.rows.rows; ++r) {
      if (r % kVerifyRows == 0) {
        TRY(cancellation.Check());
        progress.Advance(std::min(kVerifyRows, rows_.rows.rows - r));
      }
      RowAsFloats(rows_.rows, r, row);
      TRY(VerifyRow(r, row));
    }
    return {};
  }

 private:
  Status VerifyRow(std::size_t r, std::span<const float> row) const {
    const std::string where = file_.path() + ": section \"rows\": ";
    const Status finite = CheckFinite(row, where + "row " + std::to_string(r));
    if (!finite.ok()) return Error{ErrorCode::kCorruption, finite.error().message};
    const double length = std::sqrt(DotInF64(row.data(), row.data(), row.size()));
    if (length > rows_.length_max) {
      return Error{ErrorCode::kCorruption, where + "row " + std::to_string(r) + " has length " +
                                               std::to_string(length) + ", expected at most " +
                                               std::to_string(rows_.length_max)};
    }
    return {};
  }

  SegmentReader file_;
  FlatRows rows_;
};

// The fields that do not depend on the rows.
Status ValidateMeta(const FlatMeta& meta, const std::string& where) {
  if (meta.version > kFlatVersion) {
    return Error{ErrorCode::kUnsupported, where + "version " + std::to_string(meta.version) +
                                              ", this kith reads up to " +
                                              std::to_string(kFlatVersion) + ": use a newer kith"};
  }
  const auto type = static_cast<DataType>(meta.type);
  const bool known_type = type == DataType::kF32 || type == DataType::kF16 ||
                          type == DataType::kU8 || type == DataType::kI8;
  const auto metric = static_cast<Metric>(meta.metric);
  const auto corrupt = [&](const std::string& what, std::uint64_t found) {
    return Error{ErrorCode::kCorruption, where + what + ", found " + std::to_string(found)};
  };
  if (meta.version == 0) return corrupt("expected version 1", meta.version);
  if (meta.metric > 2) return corrupt("expected metric 0 to 2", meta.metric);
  if (!known_type || (metric == Metric::kCosine && type != DataType::kF32)) {
    return corrupt("expected type 0 (f32), 1 (f16), 3 (u8) or 4 (i8), for cosine 0", meta.type);
  }
  if (meta.zero16 != 0 || meta.zero32 != 0) return corrupt("expected zero padding", 1);
  if (meta.dim > kIndexDimMax) {
    return corrupt("expected at most " + std::to_string(kIndexDimMax) + " dimensions", meta.dim);
  }
  if (meta.rows > kIndexRowsMax) {
    return corrupt("expected at most " + std::to_string(kIndexRowsMax) + " rows", meta.rows);
  }
  if (!(meta.length_max >= 0 && std::isfinite(meta.length_max))) {
    return Error{ErrorCode::kCorruption, where + "length_max is negative or not finite"};
  }
  return {};
}

}  // namespace

Status BuildFlatIndex(const VectorReader& input, const FlatBuildParams& params,
                      const std::string& file_path, const Cancellation& cancellation,
                      Progress& progress) {
  const VectorFileInfo& info = input.info();
  TRY(ValidateInput(info));
  SegmentWriter writer =
      TRY(SegmentWriter::Create(file_path, "flat", OutputFile::IfExists::kRefuse));
  progress.Start("write rows", info.rows);
  writer.Begin("rows");
  const double length_max = TRY(WriteRows(input, params.metric, writer, cancellation, progress));
  TRY(writer.End());
  const DataType type = params.metric == Metric::kCosine ? DataType::kF32 : info.type;
  const FlatMeta meta{.metric = static_cast<std::uint8_t>(params.metric),
                      .type = static_cast<std::uint8_t>(type),
                      .dim = info.dim,
                      .rows = info.rows,
                      .length_max = length_max};
  TRY(writer.AddSection("meta", BytesOf(meta)));
  return writer.Commit();
}

Result<std::unique_ptr<VectorIndex>> OpenFlatIndex(const std::string& file_path) {
  SegmentReader file = TRY(SegmentReader::Open(file_path, "flat"));
  const std::span<const std::byte> meta_bytes = TRY(file.VerifiedSection("meta"));
  const std::string where = file_path + ": section \"meta\": ";
  if (meta_bytes.size() < sizeof(FlatMeta)) {
    return Error{ErrorCode::kCorruption, where + "expected " + std::to_string(sizeof(FlatMeta)) +
                                             " bytes, found " + std::to_string(meta_bytes.size())};
  }
  const auto meta = LoadAt<FlatMeta>(meta_bytes);
  TRY(ValidateMeta(meta, where));
  if (meta_bytes.size() != sizeof(FlatMeta)) {
    return Error{ErrorCode::kCorruption, where + "expected " + std::to_string(sizeof(FlatMeta)) +
                                             " bytes, found " + std::to_string(meta_bytes.size())};
  }
  const auto type = static_cast<DataType>(meta.type);
  const std::span<const std::byte> bytes = TRY(file.Section("rows"));
  const std::uint64_t expected = meta.rows * meta.dim * DataTypeBytes(type);
  if (bytes.size() != expected) {
    return Error{ErrorCode::kCorruption,
                 file_path + ": section \"rows\": expected " + std::to_string(expected) +
                     " bytes for " + std::to_string(meta.rows) + " rows of " +
                     std::to_string(meta.dim) + " " + std::string(DataTypeName(type)) + ", found " +
                     std::to_string(bytes.size())};
  }
  const FlatRows rows{.rows = VectorRows(bytes.data(), type, meta.rows, meta.dim),
                      .metric = static_cast<Metric>(meta.metric),
                      .length_max = meta.length_max};
  return std::unique_ptr<VectorIndex>(std::make_unique<FlatIndex>(std::move(file), rows));
}

}  // namespace kith
