// Insertion is the paper's algorithm 1, with the distances of links kept beside them, so that
// cutting a full list computes nothing anew, and with a full list cut to four fifths, so that the
// next links do not cut it again (as in index/hnsw/graph_builder.h).
#include "index/hnsw/live_index.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "core/distance.h"
#include "core/top_k.h"
#include "index/codec/any_codec.h"
#include "index/hnsw/hnsw_search.h"
#include "index/hnsw/live_graph.h"
#include "index/hnsw/neighbor_selection.h"

namespace kith {
namespace {

constexpr std::uint32_t kEfSearch = 64;
// Fewer linked rows are compared all: a walk would not be faster.
constexpr std::uint32_t kWalkRowsMin = 256;

template <VectorCodec Codec>
class LiveHnsw final : public LiveIndex {
 public:
  LiveHnsw(const LiveIndexParams& params, Codec codec)
      : params_(params),
        codec_(std::move(codec)),
        code_bytes_(codec_.code_bytes()),
        codes_(std::size_t{params.capacity} * code_bytes_),
        ids_(std::size_t{params.capacity} * sizeof(std::uint32_t)),
        graph_(params.capacity, params.m, params.seed),
        distances_(std::size_t{params.capacity} * GroundWidth(params.m) * sizeof(float)),
        scratch_(params.capacity),
        query_(codec_),
        link_query_(codec_),
        vector_(params.dim) {}

  const LiveIndexParams& params() const override { return params_; }
  std::uint32_t rows() const override { return rows_.load(std::memory_order_acquire); }
  std::uint32_t linked() const override { return graph_.linked(); }

  std::uint32_t Append(std::span<const float> vector, std::uint32_t id) override {
    const std::uint32_t position = rows_.load(std::memory_order_relaxed);
    assert(position < params_.capacity && vector.size() == params_.dim);
    auto* code = reinterpret_cast<std::uint8_t*>(codes_.data()) + position * code_bytes_;
    codec_.Encode(vector, code);
    ids_.as<std::uint32_t>()[position] = id;
    rows_.store(position + 1, std::memory_order_release);
    return position;
  }

  std::uint32_t LinkNext(std::uint32_t count, const Cancellation& cancellation) override {
    const std::uint32_t first = linked();
    const std::uint32_t end = first + std::min(count, rows() - first);
    std::uint32_t node = first;
    for (; node < end && !cancellation.requested(); ++node) Insert(node);
    return node - first;
  }

  std::uint32_t IdAt(std::uint32_t position) const override { return ids()[position]; }
  void VectorAt(std::uint32_t position, std::span<float> vector) const override {
    codec_.Decode(code_array().data + position * code_bytes_, vector);
  }
  std::unique_ptr<LiveSearcher> NewSearcher() const override;
  std::uint64_t memory_bytes() const override {
    return codes_.size() + ids_.size() + distances_.size() + graph_.memory_bytes();
  }

  const Codec& codec() const { return codec_; }
  const LiveGraph& graph() const { return graph_; }
  CodeArray code_array() const {
    return {reinterpret_cast<const std::uint8_t*>(codes_.data()), code_bytes_};
  }
  const std::uint32_t* ids() const { return ids_.as<std::uint32_t>().data(); }

 private:
  void Insert(std::uint32_t node) {
    graph_.Add(node);
    if (node > 0) {
      graph_.View(view_);
      const WalkedCodes codes{code_array(), code_bytes_ / kCacheLineBytes};
      codec_.Decode(codes.array.data + node * code_bytes_, vector_);
      query_.Prepare(vector_);
      const std::size_t top = std::min<std::size_t>(graph_.LevelOf(node), view_.levels.size() - 1);
      for (std::size_t level = top + 1; level-- > 0;) {
        Walk(view_, level, codes, query_, params_.ef_construction, scratch_);
        chosen_.clear();
        for (std::size_t i = 0; i < scratch_.pool.size(); ++i) {
          chosen_.push_back({scratch_.pool.distance(i), scratch_.pool.id(i)});
        }
        SelectNeighbors(chosen_, {params_.m, false}, codes.array, link_query_, selection_);
        SetLinks(level, node, chosen_);
      }
    }
    // Neighbours learn of the node when it is visible, so that no view meets a link beyond it.
    graph_.Publish();
    if (node == 0) return;
    graph_.View(view_);
    const std::size_t top = std::min<std::size_t>(graph_.LevelOf(node), view_.levels.size() - 1);
    for (std::size_t level = 0; level <= top; ++level) LinkBack(level, node);
  }

  void LinkBack(std::size_t level, std::uint32_t node) {
    chosen_.clear();
    GetLinks(level, node, chosen_);
    const std::size_t limit = graph_.LinkLimit(level);
    for (const Link& link : chosen_) {
      list_.clear();
      GetLinks(level, link.id, list_);
      list_.push_back({link.distance, node});
      if (list_.size() > limit) {
        std::sort(list_.begin(), list_.end());
        SelectNeighbors(list_, {limit - limit / 5, false}, code_array(), link_query_, selection_);
      }
      SetLinks(level, link.id, list_);
    }
  }

  // The list of a node with its distances; those of upper levels, few, are computed.
  void GetLinks(std::size_t level, std::uint32_t node, std::vector<Link>& list) {
    std::uint32_t buffer[kRowWidthMax];
    const LiveLevel& rows = view_.levels[level];
    const std::uint32_t* row = rows.Read(node, buffer);
    std::uint32_t degree = 0;
    while (degree < rows.width && row[degree] != kNoLink) ++degree;
    float distances[kRowWidthMax];
    if (level > 0 && degree > 0) {
      link_query_.PrepareFromCode(code_array().data + node * code_bytes_);
      link_query_.Distances(code_array(), row, degree, distances);
    }
    const float* kept = distances_.as<float>().data() + std::size_t{node} * GroundWidth(params_.m);
    for (std::uint32_t i = 0; i < degree; ++i) {
      list.push_back({level == 0 ? kept[i] : distances[i], row[i]});
    }
  }

  void SetLinks(std::size_t level, std::uint32_t node, std::span<const Link> links) {
    row_.clear();
    float* kept = distances_.as<float>().data() + std::size_t{node} * GroundWidth(params_.m);
    for (std::size_t i = 0; i < links.size(); ++i) {
      row_.push_back(links[i].id);
      if (level == 0) kept[i] = links[i].distance;
    }
    graph_.SetLinks(level, node, row_);
  }

  LiveIndexParams params_;
  Codec codec_;
  std::size_t code_bytes_;
  AlignedBuffer codes_, ids_;
  std::atomic<std::uint32_t> rows_{0};
  LiveGraph graph_;

  // Of the linking thread.
  AlignedBuffer distances_;  // of the links of level 0
  WalkScratch scratch_;
  typename Codec::Query query_, link_query_;
  std::vector<float> vector_;
  SelectionScratch selection_;
  std::vector<Link> chosen_, list_;
  std::vector<std::uint32_t> row_;
  LiveView view_;
};

template <VectorCodec Codec>
class LiveHnswSearcher final : public LiveSearcher {
 public:
  explicit LiveHnswSearcher(const LiveHnsw<Codec>& index)
      : index_(index),
        data_{.graph = {},
              .codes = index.code_array(),
              .exact =
                  ExactRows(ExactKind::kNone, index.params().dim, index.params().metric, nullptr),
              .ids = index.ids()},
        search_(index.codec(), data_, index.params().capacity),
        tail_query_(index.codec()),
        normalized_(index.params().dim) {}

  Result<std::size_t> Search(std::span<const float> query, const SearchParams& params,
                             std::uint32_t rows, std::span<Neighbor> out) override {
    TRY(ValidateSearch(query, index_.params().dim, params, out));
    if (index_.params().metric == Metric::kCosine) {
      std::copy(query.begin(), query.end(), normalized_.begin());
      Normalize(normalized_);
      query = normalized_;
    }
    found_.clear();
    stats_ = {};
    index_.graph().View(data_.graph);
    for (LiveLevel& level : data_.graph.levels) level.count = std::min(level.count, rows);
    std::uint32_t scanned_from = 0;
    if (data_.graph.rows() >= kWalkRowsMin && !params.exact && data_.graph.entry < rows) {
      SearchGraph(query, params, rows);
      scanned_from = data_.graph.rows();
    }
    ScanTail(query, params, scanned_from, rows);
    std::sort(found_.begin(), found_.end());
    const std::size_t count = std::min<std::size_t>(found_.size(), params.k);
    std::copy_n(found_.begin(), count, out.begin());
    return count;
  }

  const SearchStats& stats() const override { return stats_; }

 private:
  void SearchGraph(std::span<const float> query, const SearchParams& params, std::uint32_t rows) {
    HnswSearchSettings settings{
        .k = params.k,
        .ef_search = std::max(params.ef_search > 0 ? params.ef_search : kEfSearch, params.k)};
    SearchFilter filter;
    if (params.filter != nullptr) {
      filter = *params.filter;
      const double share = static_cast<double>(data_.graph.rows()) / std::max(rows, 1u);
      filter.matches = static_cast<std::uint64_t>(static_cast<double>(filter.matches) * share) + 1;
      // Listed positions are in no order of size; those beyond the graph belong to the tail.
      filter.positions = {};
      settings.filter = &filter;
    }
    const std::span<const Neighbor> found = search_.Search(query, settings);
    found_.assign(found.begin(), found.end());
    std::make_heap(found_.begin(), found_.end());
    stats_ = search_.stats();
  }

  // Compares positions [first, end).
  void ScanTail(std::span<const float> query, const SearchParams& params, std::uint32_t first,
                std::uint32_t end) {
    constexpr std::size_t kBatch = 64;
    tail_query_.Prepare(query);
    const SearchFilter all;
    const AcceptPosition accept(params.filter == nullptr ? all : *params.filter, index_.ids());
    std::uint32_t positions[kBatch];
    float distances[kBatch];
    for (std::uint32_t position = first; position < end;) {
      std::size_t count = 0;
      for (; position < end && count < kBatch; ++position) {
        if (accept(position)) positions[count++] = position;
      }
      tail_query_.Distances(index_.code_array(), positions, count, distances);
      stats_.distances += count;
      for (std::size_t i = 0; i < count; ++i) {
        KeepNearest(found_, params.k, {distances[i], index_.ids()[positions[i]]});
      }
    }
  }

  const LiveHnsw<Codec>& index_;
  SearchedGraph<LiveView> data_;
  HnswSearch<Codec, LiveView> search_;
  typename Codec::Query tail_query_;
  std::vector<float> normalized_;
  std::vector<Neighbor> found_;
  SearchStats stats_;
};

template <VectorCodec Codec>
std::unique_ptr<LiveSearcher> LiveHnsw<Codec>::NewSearcher() const {
  return std::make_unique<LiveHnswSearcher<Codec>>(*this);
}

Error Invalid(const std::string& what, std::uint64_t found, const std::string& expected) {
  return Error{ErrorCode::kInvalidArgument,
               what + " is " + std::to_string(found) + ", expected " + expected};
}

}  // namespace

Result<std::unique_ptr<LiveIndex>> LiveIndex::Create(const LiveIndexParams& params) {
  if (params.dim < 1 || params.dim > kIndexDimMax) {
    return Invalid("dim", params.dim, "1 to " + std::to_string(kIndexDimMax));
  }
  if (params.capacity < 1 || params.capacity > kIndexRowsMax) {
    return Invalid("capacity", params.capacity, "1 to " + std::to_string(kIndexRowsMax));
  }
  if (params.m < 2 || params.m > 128) return Invalid("m", params.m, "2 to 128");
  if (params.ef_construction < 1 || params.ef_construction > 4096) {
    return Invalid("ef_construction", params.ef_construction, "1 to 4096");
  }
  std::unique_ptr<LiveIndex> index;
  switch (params.rows) {
    case ExactKind::kF32:
      index = std::make_unique<LiveHnsw<FloatCodec>>(params, FloatCodec(params.dim, params.metric));
      break;
    case ExactKind::kF16:
      index = std::make_unique<LiveHnsw<HalfCodec>>(params, HalfCodec(params.dim, params.metric));
      break;
    case ExactKind::kU8:
      index = std::make_unique<LiveHnsw<Sq8Codec>>(params,
                                                   Sq8Codec::Lossless(params.dim, params.metric));
      break;
    default:
      return Error{ErrorCode::kInvalidArgument,
                   "rows are " + std::string(ExactName(params.rows)) + ", expected f32, f16 or u8"};
  }
  return index;
}

}  // namespace kith
