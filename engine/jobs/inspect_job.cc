#include "engine/jobs/inspect_job.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "core/file.h"
#include "core/matrix.h"
#include "core/resource_usage.h"
#include "embeddings/text/hashed_encoder.h"
#include "engine/jobs/row_blocks.h"
#include "index/index_directory.h"

namespace kith {
namespace {

namespace fs = std::filesystem;

constexpr std::array<char, 8> kSegmentMagic = {'K', 'I', 'T', 'H', 'S', 'E', 'G', '\0'};
constexpr std::string_view kTextEncoderKind = "text-encoder";
constexpr std::array<std::string_view, 2> kIndexKinds = {"flat", "hnsw"};

Result<bool> BeginsLikeSegment(const std::string& path) {
  const File file = TRY(File::Open(path));
  std::array<std::byte, kSegmentMagic.size()> magic;
  if (file.bytes() < magic.size()) return false;
  TRY(file.ReadAt(0, magic));
  return std::memcmp(magic.data(), kSegmentMagic.data(), magic.size()) == 0;
}

// What a path is, and the segment file in it unless it is a vector file.
struct Target {
  PathKind kind = PathKind::kVectorFile;
  std::optional<SegmentReader> segment;
};

Result<Target> OpenSegmentTarget(const std::string& path, bool must_be_index) {
  Target target;
  target.segment.emplace(TRY(SegmentReader::Open(path, "")));
  const std::string& kind = target.segment->kind();
  const bool is_index = std::ranges::find(kIndexKinds, kind) != kIndexKinds.end();
  if (must_be_index && !is_index) {
    return Error{ErrorCode::kCorruption,
                 path + " is a segment file of kind \"" + kind + "\": expected an index"};
  }
  target.kind = is_index ? PathKind::kIndex : PathKind::kSegmentFile;
  return target;
}

Result<Target> Recognise(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    const std::string index_path = (fs::path(path) / kIndexFileName).string();
    if (fs::exists(index_path, ignored)) return OpenSegmentTarget(index_path, true);
    return Error{ErrorCode::kInvalidArgument,
                 path + " is a directory without " + kIndexFileName +
                     ": expected an index that `kith build` or `kith import` wrote"};
  }
  // A name without a file may still be "file.hdf5:dataset".
  if (fs::exists(path, ignored)) {
    const bool is_segment = TRY(BeginsLikeSegment(path));
    if (is_segment) return OpenSegmentTarget(path, false);
  }
  return Target{};
}

Status VerifyRows(MatrixView<const float> rows, std::uint64_t first, const std::string& path) {
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    Status finite = CheckFinite(rows.row(r), path + ": row " + std::to_string(first + r));
    if (!finite.ok()) return Error{ErrorCode::kCorruption, std::move(finite).error().message};
  }
  return {};
}

Status VerifyVectors(const VectorReader& reader, const Cancellation& cancellation,
                     Progress& progress) {
  const VectorFileInfo& info = reader.info();
  const std::uint64_t block_rows = std::min(RowsPerBlock(info.dim * sizeof(float)), info.rows);
  Matrix<float> block(block_rows, info.dim);
  progress.Start("verify", info.rows);
  for (std::uint64_t row = 0; row < info.rows; row += block_rows) {
    TRY(cancellation.Check());
    const MatrixView<float> rows = block.view().rows(0, std::min(block_rows, info.rows - row));
    TRY(reader.ReadF32(row, rows));
    TRY(VerifyRows(rows, row, info.path));
    progress.Advance(rows.rows());
  }
  return {};
}

Status VerifyTarget(const Target& target, const std::string& path, const Cancellation& cancellation,
                    Progress& progress, VerifyReport& report) {
  report.kind = target.kind;
  if (target.kind == PathKind::kVectorFile) {
    const std::unique_ptr<VectorReader> reader = TRY(VectorReader::Open(path));
    const VectorFileInfo& info = reader->info();
    TRY(VerifyVectors(*reader, cancellation, progress));
    report.rows_checked = info.rows;
    report.bytes_checked = info.rows * info.dim * DataTypeBytes(info.type);
    return {};
  }
  report.bytes_checked = target.segment->bytes();
  if (target.kind == PathKind::kSegmentFile) {
    TRY(target.segment->VerifyAll(cancellation, progress));
    if (target.segment->kind() == kTextEncoderKind) TRY(HashedEncoder::Load(path));
    return {};
  }
  const std::unique_ptr<VectorIndex> index = TRY(OpenIndex(path, LoadMode::kMapped));
  report.rows_checked = index->info().rows;
  return index->Verify(cancellation, progress);
}

}  // namespace

std::string_view PathKindName(PathKind kind) {
  switch (kind) {
    case PathKind::kIndex:
      return "index";
    case PathKind::kSegmentFile:
      return "segment file";
    case PathKind::kVectorFile:
      return "vector file";
  }
  return "?";
}

Result<InspectReport> InspectPath(const std::string& path) {
  const Target target = TRY(Recognise(path));
  InspectReport report;
  report.kind = target.kind;
  if (target.kind == PathKind::kVectorFile) {
    const std::unique_ptr<VectorReader> reader = TRY(VectorReader::Open(path));
    report.vectors = reader->info();
    std::error_code error;
    const std::string file = path.substr(0, path.find_last_of(':'));  // of "file.hdf5:dataset"
    const std::uintmax_t bytes = fs::file_size(fs::exists(path, error) ? path : file, error);
    report.file_bytes = error ? 0 : bytes;
    return report;
  }
  report.file_bytes = target.segment->bytes();
  report.segment_kind = target.segment->kind();
  report.sections = target.segment->sections();
  if (target.kind == PathKind::kIndex) {
    const std::unique_ptr<VectorIndex> index = TRY(OpenIndex(path, LoadMode::kMapped));
    report.index = index->info();
    report.calibration = index->calibration();
  } else if (report.segment_kind == kTextEncoderKind) {
    const HashedEncoder encoder = TRY(HashedEncoder::Load(path));
    report.details = {{"dim", std::to_string(encoder.dim())},
                      {"documents", std::to_string(encoder.documents())},
                      {"features", std::to_string(encoder.features())},
                      {"seed", std::to_string(encoder.seed())}};
  }
  return report;
}

Result<VerifyReport> VerifyPath(const std::string& path, const Cancellation& cancellation,
                                Progress& progress) {
  const double start_seconds = WallSeconds();
  const Target target = TRY(Recognise(path));
  VerifyReport report;
  TRY(VerifyTarget(target, path, cancellation, progress, report));
  report.seconds = WallSeconds() - start_seconds;
  return report;
}

}  // namespace kith
