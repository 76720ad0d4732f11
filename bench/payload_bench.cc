// Cost of payloads: JSON, filters, field indexes of a million points.
//
//   payload_bench --benchmark_filter=Select
//
// One thread.  The points have five indexed fields: a keyword of 1000 values, a float, an integer
// of 100 values, a bool and a datetime.  `matches` is how many points a filter selects.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <string>
#include <vector>

#include "core/random.h"
#include "index/payload/filter_match.h"
#include "index/payload/filter_parser.h"
#include "index/payload/payload_index.h"
#include "storage/json_parser.h"

namespace kith {
namespace {

constexpr Slot kPoints = 1'000'000;

JsonValue Payload(RandomStream& random) {
  char time[40];
  std::snprintf(time, sizeof(time), "20%02d-%02d-%02dT%02d:00:00Z",
                static_cast<int>(random.Below(25)), static_cast<int>(random.Below(12)) + 1,
                static_cast<int>(random.Below(28)) + 1, static_cast<int>(random.Below(24)));
  JsonObject payload;
  payload.Set("brand", "brand-" + std::to_string(random.Below(1000)));
  payload.Set("price", random.Uniform() * 1000);
  payload.Set("year", 1920 + random.Below(100));
  payload.Set("new", random.Below(2) == 0);
  payload.Set("at", time);
  return payload;
}

const std::vector<JsonValue>& Payloads() {
  static const std::vector<JsonValue> payloads = [] {
    RandomStream random(1, 0);
    std::vector<JsonValue> made;
    for (Slot slot = 0; slot < kPoints; ++slot) made.push_back(Payload(random));
    return made;
  }();
  return payloads;
}

PayloadIndex EmptyIndex() {
  PayloadIndex index;
  const std::pair<const char*, FieldKind> fields[] = {{"brand", FieldKind::kKeyword},
                                                      {"price", FieldKind::kFloat},
                                                      {"year", FieldKind::kInteger},
                                                      {"new", FieldKind::kBool},
                                                      {"at", FieldKind::kDatetime}};
  for (const auto& [path, kind] : fields) {
    FieldSchema schema;
    schema.kind = kind;
    (void)index.AddField(JsonPath::Parse(path).value(), schema).value();
  }
  return index;
}

const PayloadIndex& Index() {
  static const PayloadIndex index = [] {
    PayloadIndex made = EmptyIndex();
    for (Slot slot = 0; slot < kPoints; ++slot) made.Put(slot, Payloads()[slot]);
    return made;
  }();
  return index;
}

const SlotSet& All() {
  static const SlotSet all = SlotSet::Range(0, kPoints);
  return all;
}

constexpr const char* kFilters[] = {
    R"({"must":{"key":"brand","match":{"value":"brand-7"}}})",
    R"({"must":{"key":"new","match":{"value":true}}})",
    R"({"must":{"key":"price","range":{"lt":100}}})",
    R"({"must":{"key":"price","range":{"lt":900}}})",
    R"({"must":{"key":"year","range":{"gte":1950,"lt":1960}}})",
    R"({"must":{"key":"at","range":{"gte":"2020-01-01","lt":"2022-01-01"}}})",
    R"({"must":{"key":"brand","match":{"prefix":"brand-9"}}})",
    R"({"must":[{"key":"new","match":{"value":true}},{"key":"price","range":{"lt":100}}],
        "must_not":{"key":"brand","match":{"any":["brand-1","brand-2"]}}})",
};

Filter FilterAt(std::int64_t i) { return ParseFilter(ParseJson(kFilters[i]).value()).value(); }

void Put(benchmark::State& state) {
  Payloads();
  PayloadIndex index = EmptyIndex();
  Slot slot = 0;
  for (auto _ : state) {
    index.Put(slot, Payloads()[slot]);
    slot = (slot + 1) % kPoints;
  }
}
BENCHMARK(Put)->Iterations(kPoints);

void Overwrite(benchmark::State& state) {
  PayloadIndex index = EmptyIndex();
  for (Slot slot = 0; slot < kPoints; ++slot) index.Put(slot, Payloads()[slot]);
  RandomStream random(2, 0);
  for (auto _ : state) {
    index.Put(static_cast<Slot>(random.Below(kPoints)), Payloads()[random.Below(kPoints)]);
  }
}
BENCHMARK(Overwrite)->Iterations(kPoints / 5);

void Select(benchmark::State& state) {
  const Filter filter = FilterAt(state.range(0));
  const std::uint64_t matches = Index().Select(filter, All(), {}).candidates.count();
  for (auto _ : state) benchmark::DoNotOptimize(Index().Select(filter, All(), {}).exact);
  state.SetLabel(kFilters[state.range(0)]);
  state.counters["matches"] = static_cast<double>(matches);
}
BENCHMARK(Select)->DenseRange(0, std::size(kFilters) - 1)->Unit(benchmark::kMicrosecond);

void Estimate(benchmark::State& state) {
  const Filter filter = FilterAt(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(Index().Estimate(filter, kPoints, {}));
}
BENCHMARK(Estimate)->DenseRange(0, std::size(kFilters) - 1);

void MatchPayload(benchmark::State& state) {
  const Filter filter = FilterAt(7);
  Slot slot = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(Matches(filter, {.payload = Payloads()[slot], .id = PointId(slot)}));
    slot = (slot + 1) % kPoints;
  }
}
BENCHMARK(MatchPayload);

// The first 100 of all points, and of one point in a thousand.
void Ordered(benchmark::State& state) {
  SlotSet within;
  for (Slot slot = 0; slot < kPoints; slot += static_cast<Slot>(state.range(0))) within.Add(slot);
  OrderParams params;
  params.key = JsonPath::Parse("price").value();
  params.limit = 100;
  Index();
  for (auto _ : state) benchmark::DoNotOptimize(Index().Ordered(params, within).ok());
}
BENCHMARK(Ordered)->Arg(1)->Arg(1000)->Unit(benchmark::kMicrosecond);

void Facet(benchmark::State& state) {
  const JsonPath path = JsonPath::Parse("brand").value();
  Index();
  for (auto _ : state) benchmark::DoNotOptimize(Index().Facet(path, All(), 10).ok());
}
BENCHMARK(Facet)->Unit(benchmark::kMicrosecond);

void SaveAndLoad(benchmark::State& state) {
  const std::string path = "/dev/shm/kith-payload-bench";
  const bool load = state.range(0) == 1;
  if (!Index().Save(path).ok()) state.SkipWithError("cannot write to /dev/shm");
  for (auto _ : state) {
    benchmark::DoNotOptimize(load ? PayloadIndex::Load(path).ok() : Index().Save(path).ok());
  }
  state.SetLabel(load ? "load" : "save");
  (void)std::remove(path.c_str());
}
BENCHMARK(SaveAndLoad)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void ParseOnePayload(benchmark::State& state) {
  const std::string json = ToJson(Payloads()[0]);
  for (auto _ : state) benchmark::DoNotOptimize(ParseJson(json).ok());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(json.size()));
}
BENCHMARK(ParseOnePayload);

void WriteOnePayload(benchmark::State& state) {
  std::string json;
  for (auto _ : state) {
    json.clear();
    AppendJson(Payloads()[0], json);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(json.size()));
}
BENCHMARK(WriteOnePayload);

}  // namespace
}  // namespace kith
