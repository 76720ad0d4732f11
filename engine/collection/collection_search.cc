// Reading: a snapshot is taken together with what the filter selects, under one short lock; all
// that follows works on that snapshot.
#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/collection/collection_state.h"
#include "engine/collection/payload_edit.h"
#include "index/payload/filter_match.h"
#include "storage/json_parser.h"

namespace kith {
namespace {

constexpr std::size_t kPayloadBatch = 256;  // payloads read at once
// Up to this share of a segment's rows the matches are listed for a scan.
constexpr std::uint64_t kListedShare = 16;

Error Invalid(std::string message) {
  return Error{ErrorCode::kInvalidArgument, std::move(message)};
}

// The user's score of a distance inside the index.
float ScoreOf(Metric metric, float distance) {
  switch (metric) {
    case Metric::kL2:
      return std::sqrt(std::max(distance, 0.0f));
    case Metric::kInnerProduct:
      return -distance;
    default:
      return 1 - distance;
  }
}

bool PassesThreshold(Metric metric, float score, float threshold) {
  return metric == Metric::kL2 ? score <= threshold : score >= threshold;
}

// How many rows of the segment are allowed, from a sample of them: what a filter selects may lie in
// few of the segments.
std::uint64_t EstimateMatches(const SegmentView& segment, const SlotSet& slots,
                              const std::uint64_t* allowed) {
  constexpr std::uint32_t kSample = 512;
  const std::uint32_t step = std::max(1u, segment.rows / kSample);
  std::uint64_t seen = 0, passed = 0;
  for (std::uint32_t position = step / 2; position < segment.rows; position += step) {
    const std::uint32_t slot = segment.SlotAt(position);
    ++seen;
    passed += !segment.IsDeleted(position) && (allowed[slot / 64] >> (slot % 64) & 1) != 0;
  }
  const std::uint64_t scaled = seen == 0 ? 0 : passed * segment.rows / seen;
  return std::min(
      {std::max<std::uint64_t>(scaled, 1), std::uint64_t{segment.live_rows()}, slots.count()});
}

// Searches one segment; appends to `found`.
Status SearchSegment(const SegmentView& segment, const VectorSearch& search, const SlotSet* slots,
                     const std::uint64_t* allowed, std::vector<Neighbor>& found) {
  if (segment.live_rows() == 0) return {};
  SearchParams params{.k = static_cast<std::uint32_t>(search.limit),
                      .ef_search = search.ef_search,
                      .target_recall = search.target_recall,
                      .exact = search.exact};
  if (params.ef_search > 0) params.ef_search = std::max(params.ef_search, params.k);
  SearchFilter filter{.allowed = allowed, .matches = segment.live_rows()};
  if (segment.deleted_count > 0) filter.deleted = segment.deleted->data();
  std::vector<std::uint32_t> positions;
  if (slots != nullptr && segment.sealed &&
      slots->count() <= segment.rows / kListedShare + params.k) {
    slots->ForEach([&](std::uint32_t slot) {
      if (const auto position = segment.sealed->PositionOf(slot)) positions.push_back(*position);
    });
    if (positions.empty()) return {};
    std::sort(positions.begin(), positions.end());
    filter.positions = positions;
    filter.matches = positions.size();
  } else if (slots != nullptr) {
    filter.matches = EstimateMatches(segment, *slots, allowed);
  }
  if (filter.deleted != nullptr || allowed != nullptr) params.filter = &filter;
  const std::size_t before = found.size();
  found.resize(before + params.k);
  const std::span out(found.data() + before, params.k);
  std::size_t count = 0;
  if (segment.sealed) {
    auto searcher = segment.sealed->searchers().Take(segment.sealed->index());
    count = TRY(searcher->Search(search.vector, params, out));
    segment.sealed->searchers().Give(std::move(searcher));
  } else {
    auto searcher = segment.live->searchers.Take(*segment.live->index);
    count = TRY(searcher->Search(search.vector, params, segment.rows, out));
    segment.live->searchers.Give(std::move(searcher));
  }
  found.resize(before + count);
  return {};
}

}  // namespace

std::optional<std::uint32_t> Collection::Impl::SlotOf(const PointId& id) const {
  const std::shared_lock lock(points_mutex_);
  return slots_.FindId(id);
}

std::shared_ptr<const Collection::Impl::Allowed> Collection::Impl::FindCached(
    const Filter& filter, std::uint64_t sequence) const {
  if (filter.source.empty()) return nullptr;
  const std::lock_guard lock(cache_mutex_);
  for (auto entry = filter_cache_.begin(); entry != filter_cache_.end(); ++entry) {
    if (entry->sequence != sequence || entry->source != filter.source) continue;
    std::rotate(filter_cache_.begin(), entry, std::next(entry));
    return filter_cache_.front().allowed;
  }
  return nullptr;
}

void Collection::Impl::Cache(const Filter& filter, std::uint64_t sequence,
                             const std::shared_ptr<const Allowed>& allowed) const {
  if (filter.source.empty() || filter.source.size() > kFilterSourceCachedMax) return;
  const std::lock_guard lock(cache_mutex_);
  std::erase_if(filter_cache_,
                [&](const CachedAllowed& entry) { return entry.sequence != sequence; });
  filter_cache_.push_front({filter.source, sequence, allowed});
  if (filter_cache_.size() > kFiltersCached) filter_cache_.pop_back();
}

void Collection::Impl::ForgetCached() {
  const std::lock_guard lock(cache_mutex_);
  filter_cache_.clear();
}

Result<std::shared_ptr<const Snapshot>> Collection::Impl::View(
    const Filter* filter, std::shared_ptr<const Allowed>& allowed) const {
  std::shared_ptr<const Snapshot> snapshot;
  std::shared_ptr<Allowed> made;
  bool exact = true;
  {
    const std::shared_lock lock(points_mutex_);
    snapshot = snapshot_;
    if (filter == nullptr) return snapshot;
    allowed = FindCached(*filter, snapshot->sequence);
    if (allowed) return snapshot;
    std::vector<std::pair<std::string, SlotSet>> vectors;
    Selection selection = payload_index_.Select(*filter, slots_.live(), Context(vectors));
    made = std::make_shared<Allowed>();
    made->slots = std::move(selection.candidates);
    exact = selection.exact;
  }
  if (!exact) TRY(CheckCandidates(*filter, made->slots));
  made->bits.assign((std::size_t{snapshot->slots_end} + 63) / 64, 0);
  made->slots.FillBits(made->bits);
  allowed = made;
  Cache(*filter, snapshot->sequence, allowed);
  return snapshot;
}

FilterContext Collection::Impl::Context(
    std::vector<std::pair<std::string, SlotSet>>& vectors) const {
  FilterContext context;
  context.slot_of = [this](const PointId& id) { return slots_.FindId(id); };
  context.slots_with_vector = [this, &vectors](std::string_view name) -> const SlotSet* {
    for (const auto& [known, set] : vectors) {
      if (known == name) return &set;
    }
    for (const auto& field : fields_) {
      if (field->name() != name) continue;
      SlotSet set;
      slots_.live().ForEach([&](std::uint32_t slot) {
        if (field->Has(slot)) set.Add(slot);
      });
      vectors.reserve(kVectorNamesMax);
      return &vectors.emplace_back(std::string(name), std::move(set)).second;
    }
    return nullptr;
  };
  return context;
}

// Drops the candidates whose payload does not match.
Status Collection::Impl::CheckCandidates(const Filter& filter, SlotSet& candidates) const {
  TextFields text_fields;
  {
    const std::shared_lock lock(points_mutex_);
    text_fields = payload_index_.text_fields();
  }
  const std::vector<std::uint32_t> slots = candidates.ToVector();
  std::vector<std::uint32_t> matching;
  static const JsonValue kEmpty{JsonObject()};
  for (std::size_t begin = 0; begin < slots.size(); begin += kPayloadBatch) {
    const std::span batch(slots.data() + begin, std::min(kPayloadBatch, slots.size() - begin));
    const auto payloads = TRY(catalog_.GetPayloads(batch));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const std::uint32_t slot = batch[i];
      JsonValue parsed;
      if (payloads[i]) parsed = TRY(ParseJson(*payloads[i]));
      const std::function<bool(std::string_view)> has_vector = [&](std::string_view name) {
        const std::shared_lock lock(points_mutex_);
        return std::ranges::any_of(
            fields_, [&](const auto& field) { return field->name() == name && field->Has(slot); });
      };
      const FilterSubject subject{.payload = payloads[i] ? parsed : kEmpty,
                                  .id = slots_.IdOf(slot),
                                  .has_vector = &has_vector,
                                  .text_fields = &text_fields};
      if (kith::Matches(filter, subject)) matching.push_back(slot);
    }
  }
  candidates = SlotSet::Of(matching);
  return {};
}

Result<std::shared_ptr<const Collection::Impl::Allowed>> Collection::Impl::AllowedBy(
    const Filter* filter) const {
  std::shared_ptr<const Allowed> allowed;
  if (filter != nullptr) TRY(View(filter, allowed));
  return allowed;
}

Result<SlotSet> Collection::Impl::Matches(const Filter* filter) const {
  const std::shared_ptr<const Allowed> allowed = TRY(AllowedBy(filter));
  if (allowed) return SlotSet(allowed->slots);
  const std::shared_lock lock(points_mutex_);
  return slots_.live();
}

Result<std::vector<ScoredSlot>> Collection::Impl::Search(const VectorSearch& search) const {
  const std::size_t field = TRY(FieldPosition(config_, search.using_vector));
  const VectorConfig& config = fields_[field]->config();
  if (search.limit > kSearchLimitMax) {
    return Invalid("limit is " + std::to_string(search.limit) + ", expected at most " +
                   std::to_string(kSearchLimitMax));
  }
  TRY(CheckVectorSize(config, "", search.vector.size()));
  TRY(CheckFinite(search.vector, "the query"));
  if (search.limit == 0) return std::vector<ScoredSlot>();
  std::shared_ptr<const Allowed> allowed;
  const std::shared_ptr<const Snapshot> snapshot = TRY(View(search.filter, allowed));
  std::vector<Neighbor> found;
  for (const SegmentView& segment : snapshot->fields[field].segments) {
    TRY(SearchSegment(segment, search, allowed ? &allowed->slots : nullptr,
                      allowed ? allowed->bits.data() : nullptr, found));
  }
  std::sort(found.begin(), found.end());
  if (found.size() > search.limit) found.resize(search.limit);
  std::vector<ScoredSlot> scored;
  for (const Neighbor& neighbor : found) {
    const float score = ScoreOf(config.metric, neighbor.distance);
    if (search.score_threshold && !PassesThreshold(config.metric, score, *search.score_threshold)) {
      break;
    }
    scored.push_back({score, neighbor.id});
  }
  return scored;
}

Result<std::vector<Record>> Collection::Impl::Records(std::span<const std::uint32_t> slots,
                                                      const PayloadSelector& payload,
                                                      const VectorSelector& vectors) const {
  std::vector<std::optional<std::string>> payloads(slots.size());
  if (payload.enabled) payloads = TRY(catalog_.GetPayloads(slots));
  std::vector<Record> records(slots.size());
  std::vector<bool> there(slots.size());
  {
    const std::shared_lock lock(points_mutex_);
    for (std::size_t i = 0; i < slots.size(); ++i) {
      // A slot from the catalog may belong to a write that is not in effect yet.
      there[i] = slots_.live().Contains(slots[i]);
      if (!there[i]) continue;
      records[i].id = slots_.IdOf(slots[i]);
      records[i].version = slots_.VersionOf(slots[i]);
    }
  }
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (!payload.enabled || !there[i]) continue;
    JsonObject object;
    if (payloads[i]) {
      JsonValue parsed = TRY(ParseJson(*payloads[i]));
      if (parsed.is_object()) object = std::move(parsed.object());
    }
    if (!payload.include.empty()) {
      object = MembersAt(object, payload.include);
    } else {
      for (const JsonPath& path : payload.exclude) EraseAt(object, path);
    }
    records[i].payload = std::move(object);
  }
  if (vectors.enabled) {
    for (const auto& [name, config] : config_.vectors) {
      const bool wanted = vectors.names.empty() || std::ranges::count(vectors.names, name) > 0;
      if (!wanted) continue;
      auto rows = TRY(Vectors(name, slots));
      for (std::size_t i = 0; i < slots.size(); ++i) {
        if (rows[i]) records[i].vectors[name] = *std::move(rows[i]);
      }
    }
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (!there[i]) continue;
    if (kept != i) records[kept] = std::move(records[i]);
    ++kept;
  }
  records.resize(kept);
  return records;
}

Result<std::vector<std::optional<std::vector<float>>>> Collection::Impl::Vectors(
    const std::string& name, std::span<const std::uint32_t> slots) const {
  const std::size_t field = TRY(FieldPosition(config_, name));
  const VectorConfig& config = fields_[field]->config();
  const auto stored = TRY(catalog_.GetVectors(config.field, slots));
  std::vector<std::optional<std::vector<float>>> rows(slots.size());
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (stored[i]) rows[i] = TRY(VectorFromBytes(config, *stored[i]));
  }
  return rows;
}

Result<Collection::Page> Collection::Impl::Scroll(const PointId& from, std::size_t limit,
                                                  const Filter* filter,
                                                  const PayloadSelector& payload,
                                                  const VectorSelector& vectors) const {
  constexpr std::size_t kIdsAtOnce = 1024;
  const std::shared_ptr<const Allowed> allowed = TRY(AllowedBy(filter));
  std::vector<std::uint32_t> slots;
  Page page;
  PointId start = from;
  for (bool more = true; more && !page.next;) {
    const std::size_t wanted =
        allowed ? kIdsAtOnce : std::min(kIdsAtOnce, limit - slots.size() + 1);
    const auto ids = TRY(catalog_.ListIds(start, wanted));
    more = ids.size() == wanted;
    for (const Catalog::IdSlot& entry : ids) {
      if (allowed && !allowed->slots.Contains(entry.slot)) continue;
      if (slots.size() == limit) {
        page.next = entry.id;
        break;
      }
      slots.push_back(entry.slot);
    }
    if (more && !page.next) {
      const std::optional<PointId> next = ids.back().id.Next();
      if (!next) break;
      start = *next;
    }
  }
  page.records = TRY(Records(slots, payload, vectors));
  return page;
}

Result<std::uint64_t> Collection::Impl::Count(const Filter* filter, bool exact) const {
  if (filter == nullptr || !exact) {
    const std::shared_lock lock(points_mutex_);
    if (filter == nullptr) return slots_.size();
    std::vector<std::pair<std::string, SlotSet>> vectors;
    return payload_index_.Estimate(*filter, slots_.size(), Context(vectors)).expected;
  }
  const std::shared_ptr<const Allowed> allowed = TRY(AllowedBy(filter));
  return allowed->slots.count();
}

Result<std::vector<FacetHit>> Collection::Impl::Facet(const JsonPath& path, const Filter* filter,
                                                      std::size_t limit) const {
  const std::shared_ptr<const Allowed> allowed = TRY(AllowedBy(filter));
  const std::shared_lock lock(points_mutex_);
  return payload_index_.Facet(path, allowed ? allowed->slots : slots_.live(), limit);
}

Result<std::vector<OrderedSlot>> Collection::Impl::Ordered(const OrderParams& params,
                                                           const Filter* filter) const {
  const std::shared_ptr<const Allowed> allowed = TRY(AllowedBy(filter));
  const std::shared_lock lock(points_mutex_);
  return payload_index_.Ordered(params, allowed ? allowed->slots : slots_.live());
}

}  // namespace kith
