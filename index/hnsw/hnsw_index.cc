#include "index/hnsw/hnsw_index.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/distance.h"
#include "index/hnsw/hnsw_file.h"
#include "index/hnsw/hnsw_search.h"
#include "index/hnsw/reachability.h"
#include "storage/segment_file.h"

namespace kith {
namespace {

class HnswIndex final : public VectorIndex {
 public:
  HnswIndex(SegmentReader file, HnswMeta meta, AnyCodec codec, Calibration calibration)
      : file_(std::move(file)),
        meta_(std::move(meta)),
        codec_(std::move(codec)),
        calibration_(std::move(calibration)) {}

  Status Load(LoadMode mode);

  IndexInfo info() const override;
  std::unique_ptr<Searcher> NewSearcher() const override;
  std::vector<CalibrationPoint> calibration() const override { return calibration_.points(); }
  std::span<const std::uint32_t> ids() const override { return {data_.ids, meta_.rows}; }
  void VectorAt(std::uint32_t position, std::span<float> vector) const override;
  Status Verify(const Cancellation& cancellation, Progress& progress) const override;

  const HnswMeta& meta() const { return meta_; }
  const Calibration& curve() const { return calibration_; }
  const HnswData& data() const { return data_; }

 private:
  Result<std::span<const std::byte>> LoadSection(const std::string& name, std::uint64_t bytes,
                                                 LoadMode mode);
  Status CheckLinks() const;

  SegmentReader file_;
  HnswMeta meta_;
  AnyCodec codec_;
  Calibration calibration_;
  std::vector<AlignedBuffer> copies_;
  HnswData data_;
};

template <VectorCodec Codec>
class HnswSearcher final : public Searcher {
 public:
  HnswSearcher(const HnswIndex& index, const Codec& codec)
      : index_(index), search_(codec, index.data()), normalized_(codec.dim()) {}

  Result<std::size_t> Search(std::span<const float> query, const SearchParams& params,
                             std::span<Neighbor> out) override {
    TRY(ValidateSearch(query, index_.meta().dim, params, out));
    if (index_.meta().metric == Metric::kCosine) {
      std::copy(query.begin(), query.end(), normalized_.begin());
      Normalize(normalized_);  // a zero query stays zero: distance 1 to every row
      query = normalized_;
    }
    std::span<const Neighbor> found;
    if (params.exact) {
      found = search_.Scan(query, params.k, params.filter);
    } else {
      const std::uint32_t ef = params.ef_search > 0
                                   ? params.ef_search
                                   : index_.curve().EfSearchFor(params.target_recall, params.k);
      found = search_.Search(query, {params.k, ef, params.rerank, params.filter});
    }
    stats_ = search_.stats();
    std::copy(found.begin(), found.end(), out.begin());
    return found.size();
  }

  const SearchStats& stats() const override { return stats_; }

 private:
  const HnswIndex& index_;
  HnswSearch<Codec> search_;
  std::vector<float> normalized_;
  SearchStats stats_;
};

Result<std::span<const std::byte>> HnswIndex::LoadSection(const std::string& name,
                                                          std::uint64_t bytes, LoadMode mode) {
  const std::span<const std::byte> section =
      mode == LoadMode::kResident ? TRY(file_.VerifiedSection(name)) : TRY(file_.Section(name));
  if (section.size() != bytes) {
    return Error{ErrorCode::kCorruption, file_.path() + ": section \"" + name + "\" has " +
                                             std::to_string(section.size()) + " bytes, expected " +
                                             std::to_string(bytes)};
  }
  if (mode == LoadMode::kMapped) {
    file_.AdviseRandom(name);
    return section;
  }
  AlignedBuffer& copy = copies_.emplace_back(section.size());
  std::copy(section.begin(), section.end(), copy.data());  // an empty one has no memory
  return std::span<const std::byte>(copy.bytes());
}

void HnswIndex::VectorAt(std::uint32_t position, std::span<float> vector) const {
  if (!data_.exact.empty()) {
    data_.exact.Decode(position, vector);
    return;
  }
  const std::uint8_t* code = data_.codes.data + std::size_t{position} * data_.codes.stride;
  std::visit([&](const auto& codec) { codec.Decode(code, vector); }, codec_);
}

Status HnswIndex::CheckLinks() const {
  for (std::size_t l = 0; l < data_.graph.levels.size(); ++l) {
    const GraphLevel& level = data_.graph.levels[l];
    const std::size_t links = std::size_t{level.count} * level.width;
    std::uint32_t largest = 0;  // link + 1, so that kNoLink becomes 0: one vectorised pass
    for (std::size_t i = 0; i < links; ++i) largest = std::max(largest, level.links[i] + 1);
    if (largest > level.count) {
      return Error{ErrorCode::kCorruption, file_.path() + ": section \"" + LinksSectionName(l) +
                                               "\": link to node " + std::to_string(largest - 1) +
                                               ", the level has " + std::to_string(level.count)};
    }
  }
  return {};
}

Status HnswIndex::Load(LoadMode mode) {
  for (std::size_t l = 0; l < meta_.level_counts.size(); ++l) {
    const std::uint32_t width = l == 0 ? GroundWidth(meta_.m) : meta_.m;
    const std::uint32_t count = meta_.level_counts[l];
    const std::span<const std::byte> links = TRY(LoadSection(
        LinksSectionName(l), std::uint64_t{count} * width * sizeof(std::uint32_t), mode));
    data_.graph.levels.push_back(
        {reinterpret_cast<const std::uint32_t*>(links.data()), width, count});
  }
  const auto codes = TRY(LoadSection("codes", std::uint64_t{meta_.rows} * CodeBytes(codec_), mode));
  data_.codes = {reinterpret_cast<const std::uint8_t*>(codes.data()), CodeBytes(codec_)};
  const auto ids = TRY(LoadSection("ids", std::uint64_t{meta_.rows} * sizeof(std::uint32_t), mode));
  data_.ids = reinterpret_cast<const std::uint32_t*>(ids.data());
  data_.exact = ExactRows(ExactKind::kNone, meta_.dim, meta_.metric, nullptr);
  if (meta_.exact != ExactKind::kNone) {
    const auto exact = TRY(LoadSection(
        "exact", std::uint64_t{meta_.rows} * ExactRows::RowBytes(meta_.exact, meta_.dim),
        LoadMode::kMapped));
    data_.exact = ExactRows(meta_.exact, meta_.dim, meta_.metric,
                            reinterpret_cast<const std::uint8_t*>(exact.data()));
  }
  data_.rerank_slack = meta_.rerank_slack;
  return CheckLinks();
}

IndexInfo HnswIndex::info() const {
  IndexInfo info;
  info.kind = kHnswKind;
  info.rows = meta_.rows;
  info.dim = meta_.dim;
  info.metric = meta_.metric;
  info.codec = CodecName(KindOf(codec_));
  info.exact = ExactName(meta_.exact);
  info.file_bytes = file_.bytes();
  for (const AlignedBuffer& copy : copies_) info.resident_bytes += copy.size();
  info.details = {{"m", std::to_string(meta_.m)},
                  {"ef_construction", std::to_string(meta_.ef_construction)},
                  {"keep_pruned", meta_.keep_pruned ? "true" : "false"},
                  {"seed", std::to_string(meta_.seed)},
                  {"levels", std::to_string(meta_.level_counts.size())},
                  {"code_bytes", std::to_string(CodeBytes(codec_))},
                  {"exact_row_bytes", std::to_string(ExactRows::RowBytes(meta_.exact, meta_.dim))},
                  {"rerank_slack", std::to_string(meta_.rerank_slack)}};
  return info;
}

std::unique_ptr<Searcher> HnswIndex::NewSearcher() const {
  return std::visit(
      [&]<typename Codec>(const Codec& codec) -> std::unique_ptr<Searcher> {
        return std::make_unique<HnswSearcher<Codec>>(*this, codec);
      },
      codec_);
}

Status HnswIndex::Verify(const Cancellation& cancellation, Progress& progress) const {
  progress.Start("verify checksums", file_.bytes());
  TRY(file_.VerifyAll(cancellation, progress));
  progress.Start("verify graph", 0);
  TRY(CheckLinks());
  std::vector<std::uint32_t> ids(data_.ids, data_.ids + meta_.rows);
  std::sort(ids.begin(), ids.end());
  if (const auto repeat = std::adjacent_find(ids.begin(), ids.end()); repeat != ids.end()) {
    return Error{ErrorCode::kCorruption, file_.path() + ": section \"ids\": id " +
                                             std::to_string(*repeat) + " stands there twice"};
  }
  const std::vector<std::uint32_t> lost = UnreachableNodes(data_.graph);
  if (!lost.empty()) {
    return Error{ErrorCode::kCorruption, file_.path() + ": " + std::to_string(lost.size()) +
                                             " rows cannot be reached from the entry point, row " +
                                             std::to_string(data_.ids[lost[0]]) + " first"};
  }
  progress.Finish();
  return {};
}

}  // namespace

Result<std::unique_ptr<VectorIndex>> OpenHnswIndex(const std::string& file_path, LoadMode mode) {
  SegmentReader file = TRY(SegmentReader::Open(file_path, kHnswKind));
  const auto meta_bytes = TRY(file.VerifiedSection("meta"));
  HnswMeta meta = TRY(HnswMeta::Load(meta_bytes, file_path));
  ByteReader codec_reader(TRY(file.VerifiedSection("codec")), file_path + ": section \"codec\"");
  AnyCodec codec = TRY(LoadCodec(codec_reader));
  TRY(codec_reader.Done());
  if (CodecDim(codec) != meta.dim) {
    return Error{ErrorCode::kCorruption, file_path + ": codec of dim " +
                                             std::to_string(CodecDim(codec)) +
                                             " in an index of dim " + std::to_string(meta.dim)};
  }
  ByteReader curve_reader(TRY(file.VerifiedSection("calibration")),
                          file_path + ": section \"calibration\"");
  Calibration calibration = TRY(Calibration::Load(curve_reader));
  TRY(curve_reader.Done());
  auto index = std::make_unique<HnswIndex>(std::move(file), std::move(meta), std::move(codec),
                                           std::move(calibration));
  TRY(index->Load(mode));
  return std::unique_ptr<VectorIndex>(std::move(index));
}

}  // namespace kith
