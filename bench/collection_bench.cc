// collection_bench: what a collection does as a user meets it, on one machine.
//
//   load       durable upserts in batches, each searchable when acknowledged
//   search     one thread, while it loads, while it optimises and at rest: p50, p99, recall@10
//   filter     random payload values: recall@10 and speed at several selectivities
//   churn      half of the points overwritten: recall before and after
//   reopen     seconds until the first answer
//
// Vectors come from a vector file; queries are rows of a second one.  Prints one line a figure, or
// with --json one object.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "bench/json_writer.h"
#include "core/random.h"
#include "core/resource_usage.h"
#include "engine/collection/collection.h"
#include "index/flat/exact_search.h"
#include "index/payload/filter_parser.h"
#include "storage/json_parser.h"
#include "storage/vector_file.h"

namespace kith {
namespace {

struct Options {
  std::string base, queries, folder;
  std::size_t rows = 200000, batch = 100, payload_bytes = 1024, queries_max = 500;
  std::uint32_t threads = 1;
  std::string distance = "Euclid";
};

struct Figure {
  std::string name;
  double value;
};
std::vector<Figure> figures;
void Tell(const std::string& name, double value) {
  figures.push_back({name, value});
  std::fprintf(stderr, "%-44s %14.4f\n", name.c_str(), value);
}

constexpr std::uint64_t kShares[] = {1, 10, 100, 300, 500, 900};  // of 1000

JsonObject PayloadOf(std::uint64_t row, std::size_t bytes) {
  JsonObject payload;
  payload.Set("thousandth", RandomHash(9, 0, row) % 1000);
  payload.Set("text", std::string(bytes, 'x'));
  return payload;
}

Operation Batch(const Matrix<float>& base, std::size_t begin, std::size_t end,
                const Options& options) {
  UpsertPoints upsert;
  for (std::size_t row = begin; row < end; ++row) {
    const auto vector = base.row(row);
    upsert.points.push_back({PointId(row),
                             {{"", {vector.begin(), vector.end()}}},
                             PayloadOf(row, options.payload_bytes)});
  }
  return upsert;
}

struct Latencies {
  double p50 = 0, p99 = 0, mean = 0, recall = 0;
  std::size_t count = 0;
};

// Queries in a circle, fifty a second at most, until `stop`; or once through, without a pause.
Latencies RunQueries(const Collection& collection, const Matrix<float>& queries,
                     const Matrix<Neighbor>* truth, const Filter* filter,
                     const std::atomic<bool>* stop, std::uint64_t share = 1000) {
  std::vector<double> seconds;
  double hits = 0, wanted = 0;
  for (std::size_t q = 0; stop == nullptr ? q < queries.rows() : !*stop; ++q) {
    const auto query = queries.row(q % queries.rows());
    const double begin = WallSeconds();
    const auto found = collection.Search({.using_vector = "",
                                          .vector = {query.begin(), query.end()},
                                          .limit = 10,
                                          .filter = filter,
                                          .score_threshold = {}});
    seconds.push_back(WallSeconds() - begin);
    if (stop != nullptr) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (!found.ok() || truth == nullptr) continue;
    // The true neighbours that pass are the first of the long list that do.
    std::size_t known = 0;
    for (const Neighbor& neighbor : truth->row(q % queries.rows())) {
      if (share < 1000 && RandomHash(9, 0, neighbor.id) % 1000 >= share) continue;
      if (known++ == 10) break;
      hits += std::ranges::any_of(found.value(), [&](const ScoredSlot& slot) {
        return collection.IdOf(slot.slot).number() == neighbor.id;
      });
      wanted += 1;
    }
  }
  Latencies result;
  result.count = seconds.size();
  if (seconds.empty()) return result;
  std::sort(seconds.begin(), seconds.end());
  for (const double s : seconds) result.mean += s / static_cast<double>(seconds.size()) * 1e6;
  result.p50 = seconds[seconds.size() / 2] * 1e6;
  result.p99 = seconds[seconds.size() * 99 / 100] * 1e6;
  result.recall = wanted > 0 ? hits / wanted : 0;
  return result;
}

void TellLatencies(const std::string& when, const Latencies& latencies, bool recall) {
  Tell(when + "_p50_us", latencies.p50);
  Tell(when + "_p99_us", latencies.p99);
  if (recall) Tell(when + "_recall_at_10", latencies.recall);
}

// Writes all batches and waits until the graph has caught up, with one thread that searches.
Status Load(Collection& collection, const Matrix<float>& base, const Matrix<float>& queries,
            const Options& options, const std::string& name) {
  std::atomic<bool> stop{false};
  Latencies while_loading;
  std::thread searcher(
      [&] { while_loading = RunQueries(collection, queries, nullptr, nullptr, &stop); });
  const double begin = WallSeconds(), cpu_begin = ProcessCpuSeconds();
  Status written;
  for (std::size_t row = 0; row < base.rows() && written.ok(); row += options.batch) {
    const Operation batch = Batch(base, row, std::min(row + options.batch, base.rows()), options);
    const auto sequence = collection.Write(batch, Durability::kSync);
    if (!sequence.ok()) written = sequence.error();
  }
  const double loaded = WallSeconds();
  collection.WaitUntilGreen(3600);
  const double green = WallSeconds();
  stop = true;
  searcher.join();
  TRY(std::move(written));
  const auto rows = static_cast<double>(base.rows());
  Tell(name + "_points_per_s", rows / (loaded - begin));
  Tell(name + "_caught_up_points_per_s", rows / (green - begin));
  Tell(name + "_cpu_seconds", ProcessCpuSeconds() - cpu_begin);
  TellLatencies(name + "_search", while_loading, false);
  return {};
}

Status Measure(const Options& options) {
  Matrix<float> base, queries;
  {
    const auto reader = TRY(VectorReader::Open(options.base));
    const std::size_t rows = std::min<std::uint64_t>(options.rows, reader->info().rows);
    base = Matrix<float>(rows, reader->info().dim);
    TRY(reader->ReadF32(0, base.view()));
    const auto query_reader = TRY(VectorReader::Open(options.queries));
    queries = Matrix<float>(std::min<std::uint64_t>(options.queries_max, query_reader->info().rows),
                            base.cols());
    TRY(query_reader->ReadF32(0, queries.view()));
  }
  ThreadPool pool(2);
  CollectionConfig config;
  config.vectors[""] = {.size = static_cast<std::uint32_t>(base.cols()),
                        .metric = TRY(ParseDistance(options.distance))};
  config.optimizer.threads = options.threads;
  ExactSearch exact(queries.view(), config.vectors[""].metric, 10000, pool);
  TRY(exact.AddBlock(base.view(), 0, Cancellation::Never()));
  const Matrix<Neighbor> truth = exact.Finish();

  std::filesystem::remove_all(options.folder);
  auto collection = TRY(Collection::Create(options.folder, config, {}));
  const JsonPath key = TRY(JsonPath::Parse("thousandth"));
  TRY(collection->CreateIndex(key, {.kind = FieldKind::kInteger, .text = {}}));
  TRY(Load(*collection, base, queries, options, "load"));
  TellLatencies("rest", RunQueries(*collection, queries, &truth, nullptr, nullptr), true);

  for (const std::uint64_t share : kShares) {
    const std::string text =
        R"({"must":[{"key":"thousandth","range":{"lt":)" + std::to_string(share) + "}}]}";
    const JsonValue json = TRY(ParseJson(text));
    Filter filter = TRY(ParseFilter(json));
    const std::string name = "filter_" + std::to_string(share) + "_of_1000";
    TellLatencies(name, RunQueries(*collection, queries, &truth, &filter, nullptr, share), true);
    filter.source.clear();  // nothing is remembered of it
    TellLatencies(name + "_anew", RunQueries(*collection, queries, nullptr, &filter, nullptr),
                  false);
  }

  // Overwriting with the same rows: the answers stay, the segments do not.
  Matrix<float> half(base.rows() / 2, base.cols());
  std::copy(base.row(0).data(), base.row(0).data() + half.rows() * half.cols(), half.row(0).data());
  TRY(Load(*collection, half, queries, options, "churn"));
  TellLatencies("churned", RunQueries(*collection, queries, &truth, nullptr, nullptr), true);

  const CollectionInfo info = collection->info();
  Tell("segments", static_cast<double>(info.segments));
  Tell("disk_bytes", static_cast<double>(info.disk_bytes));
  Tell("resident_bytes", static_cast<double>(ResidentBytes()));
  collection.reset();
  const double closed = WallSeconds();
  collection = TRY(Collection::Open(options.folder, {}));
  const auto query = queries.row(0);
  TRY(collection->Search({.using_vector = "",
                          .vector = {query.begin(), query.end()},
                          .filter = nullptr,
                          .score_threshold = {}}));
  Tell("reopen_first_answer_seconds", WallSeconds() - closed);
  return {};
}

}  // namespace
}  // namespace kith

int main(int argc, char** argv) {
  kith::Options options;
  CLI::App app("what a collection does as a user meets it");
  app.add_option("--base", options.base, "vector file")->required();
  app.add_option("--queries", options.queries, "vector file")->required();
  app.add_option("--folder", options.folder, "of the collection; removed first")->required();
  app.add_option("--rows", options.rows, "of the base at most");
  app.add_option("--batch", options.batch, "points a write");
  app.add_option("--payload-bytes", options.payload_bytes);
  app.add_option("--queries-max", options.queries_max);
  app.add_option("--threads", options.threads, "of the optimizer");
  app.add_option("--distance", options.distance, "Cosine, Euclid or Dot");
  bool json = false;
  app.add_flag("--json", json, "one object on standard output");
  CLI11_PARSE(app, argc, argv);
  const kith::Status measured = kith::Measure(options);
  if (!measured.ok()) {
    std::fprintf(stderr, "collection_bench: %s\n", measured.error().message.c_str());
    return 1;
  }
  if (json) {
    kith::JsonWriter writer;
    writer.BeginObject();
    for (const kith::Figure& figure : kith::figures) writer.Key(figure.name).Number(figure.value);
    writer.EndObject();
    std::printf("%s\n", writer.text().c_str());
  }
  return 0;
}
