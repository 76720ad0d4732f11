#include "engine/query/matrix.h"

#include <algorithm>
#include <random>

#include "core/random.h"
#include "engine/query/example_scores.h"
#include "engine/query/ranked_points.h"

namespace kith {
namespace {

constexpr std::size_t kBlock = 1024;  // vectors read at once

struct Sampled {
  PointId id;
  std::vector<float> vector;
};

// The matches in an order of their own.
std::vector<std::uint32_t> Shuffled(const SlotSet& matches, std::optional<std::uint64_t> given) {
  std::random_device device;
  const std::uint64_t seed = given ? *given : std::uint64_t{device()} << 32 | device();
  std::vector<std::pair<std::uint64_t, std::uint32_t>> drawn;
  drawn.reserve(matches.count());
  matches.ForEach([&](std::uint32_t slot) { drawn.emplace_back(RandomHash(seed, 0, slot), slot); });
  std::sort(drawn.begin(), drawn.end());
  std::vector<std::uint32_t> slots;
  slots.reserve(drawn.size());
  for (const auto& [hash, slot] : drawn) slots.push_back(slot);
  return slots;
}

Result<std::vector<Sampled>> Sample(const QueryContext& context, const MatrixRequest& request,
                                    bool& partial) {
  const Filter* filter = request.filter ? &*request.filter : nullptr;
  const SlotSet matches = TRY(context.collection.Matches(filter));
  const std::vector<std::uint32_t> slots = Shuffled(matches, request.seed);
  std::vector<Sampled> sample;
  for (std::size_t begin = 0; begin < slots.size() && sample.size() < request.sample;
       begin += kBlock) {
    partial = partial || context.deadline.passed();
    if (partial) break;
    const std::span block(slots.data() + begin, std::min(kBlock, slots.size() - begin));
    auto rows = TRY(context.collection.Vectors(request.using_vector, block));
    for (std::size_t i = 0; i < block.size() && sample.size() < request.sample; ++i) {
      if (rows[i]) sample.push_back({context.collection.IdOf(block[i]), *std::move(rows[i])});
    }
  }
  std::sort(sample.begin(), sample.end(),
            [](const Sampled& a, const Sampled& b) { return a.id < b.id; });
  return sample;
}

}  // namespace

Result<MatrixAnswer> RunMatrix(const QueryContext& context, const MatrixRequest& request) {
  if (request.sample < 2 || request.sample > kMatrixSampleMax) {
    return Error{ErrorCode::kInvalidArgument, "sample is " + std::to_string(request.sample) +
                                                  ", expected 2 to " +
                                                  std::to_string(kMatrixSampleMax)};
  }
  if (request.limit == 0) {
    return Error{ErrorCode::kInvalidArgument, "limit is 0, expected at least 1"};
  }
  const CollectionConfig config = context.collection.config();
  const auto field = config.vectors.find(request.using_vector);
  if (field == config.vectors.end()) {
    return Error{ErrorCode::kInvalidArgument,
                 "Wrong input: Not existing vector name error: " + request.using_vector};
  }
  const Metric metric = field->second.metric;
  MatrixAnswer answer;
  const std::vector<Sampled> sample = TRY(Sample(context, request, answer.partial));
  for (const Sampled& point : sample) answer.ids.push_back(point.id);
  std::vector<MatrixAnswer::Pair> row;
  for (std::uint32_t a = 0; a < sample.size(); ++a) {
    answer.partial = answer.partial || context.deadline.passed();
    if (answer.partial) break;
    row.clear();
    for (std::uint32_t b = 0; b < sample.size(); ++b) {
      if (a == b) continue;
      row.push_back({a, b, Similarity(metric, sample[a].vector, sample[b].vector)});
    }
    const std::size_t kept = std::min(request.limit, row.size());
    std::partial_sort(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(kept), row.end(),
                      [](const MatrixAnswer::Pair& x, const MatrixAnswer::Pair& y) {
                        return x.score != y.score ? x.score > y.score : x.b < y.b;
                      });
    for (std::size_t i = 0; i < kept; ++i) {
      row[i].score = ScoreOfSimilarity(metric, row[i].score);
      answer.pairs.push_back(row[i]);
    }
  }
  return answer;
}

}  // namespace kith
