// Lists of the points nearest to the query's seeds are united and scored exactly; while a point
// behind the end of a list could still be among the best, the lists are made four times longer,
// until a scan of all that match is cheaper.
// docs/decisions/0010 has recall and cost, bench/query_bench.cc measures them.
#include "engine/query/example_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

#include "engine/query/example_scores.h"

namespace kith {
namespace {

constexpr std::size_t kBlock = 1024;           // slots whose vectors are read at once
constexpr std::size_t kScanSlots = 1024;       // up to so many matches are all scored
constexpr std::size_t kListFactor = 4;         // length of the first lists, in limits
constexpr std::size_t kListMin = 128;          // their least length
constexpr std::size_t kListGrowth = 4;         // by which lists grow from round to round
constexpr std::size_t kListMax = 4096;         // no list is longer, but for the limit
constexpr std::size_t kCandidatesMax = 32768;  // with so many, lists grow no more
constexpr std::size_t kScanShare = 2;          // a scan is cheaper than lists of half the matches

class ExampleSearcher {
 public:
  ExampleSearcher(const QueryContext& context, const ExampleSearch& search, bool& partial)
      : context_(context), search_(search), partial_(partial) {
    metric_ = context.collection.config().vectors.at(search.using_vector).metric;
  }

  Result<RankedPoints> Run() {
    SlotSet matches = TRY(context_.collection.Matches(search_.filter));
    for (const std::uint32_t slot : search_.excluded) matches.Remove(slot);
    const bool scan = search_.params.exact || search_.query.seeds().empty() ||
                      matches.count() <= std::max(kScanSlots, kListFactor * search_.limit);
    matches_ = matches.count();
    const bool settled = !scan && TRY(SearchLists());
    if (!settled) TRY(Score(matches.ToVector()));
    SortAndCut(context_.collection, ScoreOrder::kLargerFirst, search_.limit, scored_);
    RankedPoints ranked;
    ranked.points = std::move(scored_);
    return ranked;
  }

 private:
  // False when only a scan finds enough points.
  Result<bool> SearchLists() {
    const std::size_t longest = std::max(kListMax, search_.limit);
    for (std::size_t length = std::max(kListMin, kListFactor * search_.limit);;
         length *= kListGrowth) {
      length = std::min(length, longest);
      if (kScanShare * length * search_.query.seeds().size() >= matches_) return false;
      const std::vector<float> tails = TRY(UniteLists(length));
      if (partial_) return true;
      const bool enough = scored_.size() >= search_.limit;
      if (enough && search_.query.IsSettled(WorstWanted(), tails)) return true;
      const bool all = std::ranges::count(tails, -std::numeric_limits<float>::infinity()) > 0;
      if (all || length == longest || scored_.size() >= kCandidatesMax) return enough || all;
    }
  }

  // Scores what is new in the lists; the similarity at the end of each of them.
  Result<std::vector<float>> UniteLists(std::size_t length) {
    std::vector<float> tails;
    std::vector<std::uint32_t> candidates;
    const std::size_t wanted =
        std::min<std::size_t>(kSearchLimitMax, length + search_.excluded.size());
    for (const std::vector<float>& seed : search_.query.seeds()) {
      if (Late()) break;
      const std::vector<ScoredSlot> list =
          TRY(context_.collection.Search({.using_vector = search_.using_vector,
                                          .vector = seed,
                                          .limit = wanted,
                                          .ef_search = search_.params.ef_search,
                                          .target_recall = search_.params.target_recall,
                                          .exact = false,
                                          .filter = search_.filter,
                                          .score_threshold = std::nullopt}));
      for (const ScoredSlot& point : list) {
        const bool out =
            std::binary_search(search_.excluded.begin(), search_.excluded.end(), point.slot);
        if (!out) candidates.push_back(point.slot);
      }
      const float last = list.empty() ? 0 : list.back().score;
      tails.push_back(list.size() < wanted     ? -std::numeric_limits<float>::infinity()
                      : metric_ == Metric::kL2 ? -last * last
                                               : last);
    }
    std::sort(candidates.begin(), candidates.end());
    TRY(Score(candidates));
    return tails;
  }

  Status Score(std::span<const std::uint32_t> slots) {
    std::vector<std::uint32_t> missing;
    for (const std::uint32_t slot : slots) {
      if (seen_.insert(slot).second) missing.push_back(slot);
    }
    const std::vector<ScoredSlot> found = TRY(ScoreSlots(
        context_, search_.using_vector, missing,
        [&](std::span<const float> vector) { return search_.query.Score(vector); }, partial_));
    scored_.insert(scored_.end(), found.begin(), found.end());
    return {};
  }

  // The least score among the best `limit`.  REQUIRES: there are as many.
  float WorstWanted() {
    if (search_.limit == 0) return std::numeric_limits<float>::infinity();
    const auto at = scored_.begin() + static_cast<std::ptrdiff_t>(search_.limit - 1);
    std::nth_element(scored_.begin(), at, scored_.end(),
                     [](const ScoredSlot& a, const ScoredSlot& b) { return a.score > b.score; });
    return at->score;
  }

  bool Late() {
    partial_ = partial_ || context_.deadline.passed();
    return partial_;
  }

  const QueryContext& context_;
  const ExampleSearch& search_;
  bool& partial_;
  Metric metric_;
  std::uint64_t matches_ = 0;
  std::unordered_set<std::uint32_t> seen_;  // candidates that were scored, or have no vector
  std::vector<ScoredSlot> scored_;
};

}  // namespace

Result<RankedPoints> SearchByExamples(const QueryContext& context, const ExampleSearch& search,
                                      bool& partial) {
  return ExampleSearcher(context, search, partial).Run();
}

Result<std::vector<ScoredSlot>> ScoreSlots(
    const QueryContext& context, const std::string& using_vector,
    std::span<const std::uint32_t> slots, const std::function<float(std::span<const float>)>& score,
    bool& partial) {
  std::vector<ScoredSlot> scored;
  for (std::size_t begin = 0; begin < slots.size(); begin += kBlock) {
    if (context.deadline.passed()) {
      partial = true;
      break;
    }
    const auto block = slots.subspan(begin, std::min(kBlock, slots.size() - begin));
    const auto rows = TRY(context.collection.Vectors(using_vector, block));
    for (std::size_t i = 0; i < block.size(); ++i) {
      if (!rows[i]) continue;
      // Products of huge numbers overflow, and their difference is none.
      const float s = score(*rows[i]);
      scored.push_back({std::isnan(s) ? -std::numeric_limits<float>::infinity() : s, block[i]});
    }
  }
  return scored;
}

void SortAndCut(const Collection& collection, ScoreOrder order, std::size_t limit,
                std::vector<ScoredSlot>& points) {
  const std::size_t kept = std::min(limit, points.size());
  std::partial_sort(points.begin(), points.begin() + static_cast<std::ptrdiff_t>(kept),
                    points.end(), [&](const ScoredSlot& a, const ScoredSlot& b) {
                      if (a.score != b.score) return IsBetter(order, a.score, b.score);
                      return collection.IdOf(a.slot) < collection.IdOf(b.slot);
                    });
  points.resize(kept);
}

}  // namespace kith
