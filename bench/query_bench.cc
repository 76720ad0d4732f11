// query_bench: recall and time of the queries that are scored by examples, on the clustered set.
//
// Each form is asked with random points of the collection as examples, once as it is and once with
// `exact`, which scores all points.  recall@10 is the share of answers whose score is not below the
// tenth of the exact ones.  Prints one line a form.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/clustered_set.h"
#include "core/random.h"
#include "core/resource_usage.h"
#include "engine/collection/collection.h"
#include "engine/query/query_engine.h"
#include "index/payload/filter_parser.h"
#include "storage/json_parser.h"

namespace kith {
namespace {

struct Options {
  std::string folder;
  std::uint64_t rows = 100'000;
  std::uint32_t dim = 64;
  std::size_t queries = 50;
  bool keep = false;
};

constexpr std::pair<const char*, Metric> kNames[] = {
    {"l2", Metric::kL2}, {"cosine", Metric::kCosine}, {"dot", Metric::kInnerProduct}};

Status Fill(Collection& collection, const ClusteredSet& set) {
  constexpr std::uint64_t kBatch = 1000;
  std::vector<float> row(set.params().dim);
  for (std::uint64_t begin = 0; begin < set.params().rows; begin += kBatch) {
    UpsertPoints upsert;
    for (std::uint64_t r = begin; r < std::min(begin + kBatch, set.params().rows); ++r) {
      set.Fill(r, row);
      Point point{.id = PointId(r), .vectors = {}, .payload = {}};
      for (const auto& [name, metric] : kNames) point.vectors[name] = row;
      point.payload.Set("tenth", RandomHash(3, 0, r) % 10);
      upsert.points.push_back(std::move(point));
    }
    TRY(collection.Write(upsert, Durability::kLog));
  }
  return collection.OptimizeNow(Cancellation::Never(), Progress::None());
}

using Strategy = RecommendQuery::Strategy;

class Forms {
 public:
  explicit Forms(std::uint64_t rows) : rows_(rows), random_(11, 0) {}

  Query Recommend(Strategy strategy, std::size_t positive, std::size_t negative) {
    return RecommendQuery{Ids(positive), Ids(negative), strategy};
  }
  Query Discover(std::size_t pairs) { return DiscoverQuery{Id(), Pairs(pairs)}; }
  Query Context(std::size_t pairs) { return ContextQuery{Pairs(pairs)}; }

 private:
  VectorInput Id() { return PointId(random_.Below(rows_)); }
  std::vector<VectorInput> Ids(std::size_t count) {
    std::vector<VectorInput> ids;
    while (ids.size() < count) ids.push_back(Id());
    return ids;
  }
  std::vector<ContextPair> Pairs(std::size_t count) {
    std::vector<ContextPair> pairs;
    while (pairs.size() < count) pairs.push_back({Id(), Id()});
    return pairs;
  }

  std::uint64_t rows_;
  RandomStream random_;
};

struct Form {
  const char* name;
  Query (*make)(Forms&);
};
constexpr Form kForms[] = {
    {"best_score 1+ 1-", [](Forms& f) { return f.Recommend(Strategy::kBestScore, 1, 1); }},
    {"best_score 3+ 2-", [](Forms& f) { return f.Recommend(Strategy::kBestScore, 3, 2); }},
    {"best_score 0+ 1-", [](Forms& f) { return f.Recommend(Strategy::kBestScore, 0, 1); }},
    {"sum_scores 3+ 2-", [](Forms& f) { return f.Recommend(Strategy::kSumScores, 3, 2); }},
    {"sum_scores 2+ 2-", [](Forms& f) { return f.Recommend(Strategy::kSumScores, 2, 2); }},
    {"discover 1 pair", [](Forms& f) { return f.Discover(1); }},
    {"discover 4 pairs", [](Forms& f) { return f.Discover(4); }},
    {"context 1 pair", [](Forms& f) { return f.Context(1); }},
    {"context 4 pairs", [](Forms& f) { return f.Context(4); }},
};

struct Outcome {
  double recall = 0, p50_us = 0, exact_p50_us = 0;
};

double Median(std::vector<double>& seconds) {
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2] * 1e6;
}

Result<Outcome> Measure(const Collection& collection, const Form& form, const char* name,
                        const Filter* filter, const Options& options) {
  Forms forms(options.rows);
  std::vector<double> seconds, exact_seconds;
  double hits = 0, wanted = 0;
  for (std::size_t i = 0; i < options.queries; ++i) {
    QueryRequest request;
    request.query = form.make(forms);
    request.using_vector = name;
    if (filter != nullptr) request.filter = *filter;
    double begin = WallSeconds();
    const QueryAnswer found = TRY(RunQuery({.collection = collection}, request));
    seconds.push_back(WallSeconds() - begin);
    request.params.exact = true;
    begin = WallSeconds();
    const QueryAnswer truth = TRY(RunQuery({.collection = collection}, request));
    exact_seconds.push_back(WallSeconds() - begin);
    for (const ScoredPoint& point : found.points) hits += point.score >= truth.points.back().score;
    wanted += static_cast<double>(truth.points.size());
  }
  return Outcome{
      .recall = hits / wanted, .p50_us = Median(seconds), .exact_p50_us = Median(exact_seconds)};
}

Status Run(const Options& options) {
  CollectionConfig config;
  for (const auto& [name, metric] : kNames) {
    config.vectors[name] = {.size = options.dim, .metric = metric, .m = 16, .ef_construct = 200};
  }
  NumberFields(config);
  const std::string path = options.folder + "/query_bench";
  const CollectionOpenParams params{.background = false};
  std::unique_ptr<Collection> collection;
  if (options.keep && std::filesystem::exists(path)) {
    collection = TRY(Collection::Open(path, params));
  } else {
    collection = TRY(Collection::Create(path, config, params));
    TRY(Fill(*collection, ClusteredSet({.rows = options.rows,
                                        .queries = 0,
                                        .dim = options.dim,
                                        .clusters = 300,
                                        .latent_dim = 12})));
  }
  const JsonValue json = TRY(ParseJson(R"({"must":[{"key":"tenth","match":{"value":3}}]})"));
  const Filter tenth = TRY(ParseFilter(json));
  std::printf("%-18s %-7s %-7s %9s %10s %13s\n", "form", "metric", "filter", "recall@10", "p50_us",
              "exact_p50_us");
  for (const Form& form : kForms) {
    for (const auto& [name, metric] : kNames) {
      for (const Filter* filter : {static_cast<const Filter*>(nullptr), &tenth}) {
        const Outcome outcome = TRY(Measure(*collection, form, name, filter, options));
        std::printf("%-18s %-7s %-7s %9.4f %10.0f %13.0f\n", form.name, name,
                    filter == nullptr ? "-" : "1/10", outcome.recall, outcome.p50_us,
                    outcome.exact_p50_us);
        std::fflush(stdout);
      }
    }
  }
  collection.reset();
  if (!options.keep) std::filesystem::remove_all(path);
  return {};
}

}  // namespace
}  // namespace kith

int main(int argc, char** argv) {
  kith::Options options;
  CLI::App app("Recall and time of queries by examples");
  app.add_option("--folder", options.folder, "where the collection is made")->required();
  app.add_option("--rows", options.rows, "points");
  app.add_option("--dim", options.dim, "numbers of a vector");
  app.add_option("--queries", options.queries, "queries of each form");
  app.add_flag("--keep", options.keep, "keep the collection, use the one that is there");
  CLI11_PARSE(app, argc, argv);
  const kith::Status status = kith::Run(options);
  if (status.ok()) return 0;
  std::fprintf(stderr, "query_bench: %s\n", status.error().message.c_str());
  return 1;
}
