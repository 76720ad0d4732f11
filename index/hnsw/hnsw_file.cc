#include "index/hnsw/hnsw_file.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "storage/segment_file.h"

namespace kith {
namespace {

// Rows gathered in memory before they go to the file.
constexpr std::size_t kBlockBytes = std::size_t{4} << 20;

// Writes a section of `count` rows; fill(i, row) makes file row i.
template <typename Fill>
Status WriteRows(SegmentWriter& writer, std::string_view name, std::size_t count,
                 std::size_t row_bytes, const Cancellation& cancellation, Progress& progress,
                 Fill fill) {
  writer.Begin(name);
  const std::size_t block =
      std::max<std::size_t>(1, kBlockBytes / std::max<std::size_t>(row_bytes, 1));
  std::vector<std::byte> bytes(std::min(block, count) * row_bytes);
  for (std::size_t begin = 0; begin < count; begin += block) {
    TRY(cancellation.Check());
    const std::size_t rows = std::min(block, count - begin);
    for (std::size_t i = 0; i < rows; ++i) fill(begin + i, bytes.data() + i * row_bytes);
    TRY(writer.Append(std::span(bytes).first(rows * row_bytes)));
    progress.Advance(rows * row_bytes);
  }
  return writer.End();
}

Status WriteLinks(SegmentWriter& writer, const HnswParts& parts, std::size_t level,
                  std::span<const std::uint32_t> position, const Cancellation& cancellation,
                  Progress& progress) {
  const GraphLevel& links = parts.graph.levels[level];
  return WriteRows(writer, LinksSectionName(level), links.count, links.width * 4, cancellation,
                   progress, [&](std::size_t i, std::byte* out) {
                     auto* row = reinterpret_cast<std::uint32_t*>(out);
                     const std::uint32_t* from = links.row(parts.order[i]);
                     for (std::uint32_t j = 0; j < links.width; ++j) {
                       row[j] = from[j] == kNoLink ? kNoLink : position[from[j]];
                     }
                   });
}

}  // namespace

std::string LinksSectionName(std::size_t level) { return "links." + std::to_string(level); }

void HnswMeta::Save(ByteWriter& writer) const {
  writer.Put(kHnswVersion);
  writer.Put(metric);
  writer.Put(exact);
  writer.Put(static_cast<std::uint8_t>(keep_pruned));
  writer.Put(std::uint8_t{0});
  writer.Put(dim);
  writer.Put(rows);
  writer.Put(m);
  writer.Put(ef_construction);
  writer.Put(seed);
  writer.Put(rerank_slack);
  writer.Put(static_cast<std::uint32_t>(level_counts.size()));
  writer.PutArray(std::span<const std::uint32_t>(level_counts));
}

Result<HnswMeta> HnswMeta::Load(std::span<const std::byte> bytes, const std::string& path) {
  ByteReader reader(bytes, path + ": section \"meta\"");
  const auto version = TRY(reader.Get<std::uint32_t>());
  if (version > kHnswVersion) {
    return Error{ErrorCode::kUnsupported,
                 path + ": HNSW index of version " + std::to_string(version) +
                     ", this build reads up to " + std::to_string(kHnswVersion)};
  }
  HnswMeta meta;
  meta.metric = TRY(reader.Get<Metric>());
  meta.exact = TRY(reader.Get<ExactKind>());
  meta.keep_pruned = TRY(reader.Get<std::uint8_t>()) != 0;
  TRY(reader.Get<std::uint8_t>());
  meta.dim = TRY(reader.Get<std::uint32_t>());
  meta.rows = TRY(reader.Get<std::uint32_t>());
  meta.m = TRY(reader.Get<std::uint32_t>());
  meta.ef_construction = TRY(reader.Get<std::uint32_t>());
  meta.seed = TRY(reader.Get<std::uint64_t>());
  meta.rerank_slack = TRY(reader.Get<float>());
  const auto levels = TRY(reader.Get<std::uint32_t>());
  const auto bad = [&](const std::string& what) {
    return Error{ErrorCode::kCorruption, path + ": section \"meta\": " + what};
  };
  if (meta.metric > Metric::kCosine || meta.exact > ExactKind::kNone) {
    return bad("unknown metric or kind of exact rows");
  }
  if (meta.dim == 0 || meta.dim > kIndexDimMax || meta.rows > kIndexRowsMax || meta.m < 2 ||
      meta.m > 128 || levels == 0 || levels > kLevelsMax) {
    return bad("dim, rows, m or levels out of range");
  }
  if (!std::isfinite(meta.rerank_slack)) {
    return bad("re-rank slack is not a number");
  }
  meta.level_counts = TRY(reader.GetArray<std::uint32_t>(levels));
  TRY(reader.Done());
  if (meta.level_counts[0] != meta.rows) return bad("level 0 does not hold all rows");
  for (std::size_t l = 1; l < levels; ++l) {
    if (meta.level_counts[l] > meta.level_counts[l - 1] || meta.level_counts[l] == 0) {
      return bad("level " + std::to_string(l) + " is larger than the one below, or empty");
    }
  }
  return meta;
}

Result<std::uint64_t> WriteHnswFile(const HnswParts& parts, const std::string& path,
                                    const Cancellation& cancellation, Progress& progress) {
  const std::size_t rows = parts.meta.rows;
  const std::size_t code_bytes = CodeBytes(*parts.codec);
  const std::size_t exact_bytes = ExactRows::RowBytes(parts.meta.exact, parts.meta.dim);
  std::uint64_t total = rows * (code_bytes + exact_bytes + 4);
  for (const GraphLevel& level : parts.graph.levels)
    total += std::uint64_t{level.count} * level.width * 4;
  progress.Start("write", total);

  SegmentWriter writer = TRY(SegmentWriter::Create(path, kHnswKind, OutputFile::IfExists::kRefuse));
  ByteWriter meta, codec, calibration;
  parts.meta.Save(meta);
  SaveCodec(*parts.codec, codec);
  parts.calibration->Save(calibration);
  TRY(writer.AddSection("meta", meta.bytes()));
  TRY(writer.AddSection("codec", codec.bytes()));
  TRY(writer.AddSection("calibration", calibration.bytes()));

  std::vector<std::uint32_t> position(rows);
  for (std::uint32_t i = 0; i < rows; ++i) position[parts.order[i]] = i;
  for (std::size_t level = 0; level < parts.graph.levels.size(); ++level) {
    TRY(WriteLinks(writer, parts, level, position, cancellation, progress));
  }
  TRY(WriteRows(writer, "ids", rows, 4, cancellation, progress, [&](std::size_t i, std::byte* out) {
    std::memcpy(out, &parts.ids[parts.order[i]], 4);
  }));
  TRY(WriteRows(writer, "codes", rows, code_bytes, cancellation, progress,
                [&](std::size_t i, std::byte* out) {
                  std::memcpy(out, parts.codes.data + parts.order[i] * parts.codes.stride,
                              code_bytes);
                }));
  if (parts.meta.exact != ExactKind::kNone) {
    std::vector<float> vector(parts.meta.dim);
    TRY(WriteRows(writer, "exact", rows, exact_bytes, cancellation, progress,
                  [&](std::size_t i, std::byte* out) {
                    parts.source.Decode(parts.order[i], vector);
                    ExactRows::Encode(parts.meta.exact, vector,
                                      reinterpret_cast<std::uint8_t*>(out));
                  }));
  }
  TRY(writer.Commit());
  return TRY(File::Open(path)).bytes();
}

}  // namespace kith
