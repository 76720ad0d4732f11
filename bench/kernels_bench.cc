// Cost of the distance kernels and of exact search, for every SIMD target of this machine.
//
//   kernels_bench --benchmark_filter='Gather/cached/.*/AVX3_DL'
//
// Names end in the target.  `per_vector` is the CPU time of one distance; out of cache ("memory":
// rows at random in 512 MiB) it is what the cache lines cost.  `gflops` of ExactSearch counts 2 dim
// operations a pair and the CPU time of all threads.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/distance.h"
#include "core/distance64.h"
#include "core/random.h"
#include "core/resource_usage.h"
#include "core/simd_target.h"
#include "core/thread_pool.h"
#include "index/flat/exact_search.h"

namespace kith {
namespace {

constexpr std::size_t kListRows = 32;  // a usual neighbour list
constexpr std::size_t kMemoryBytes = std::size_t{512} << 20;
constexpr DataType kTypes[] = {DataType::kF32, DataType::kF16, DataType::kBf16, DataType::kU8,
                               DataType::kI8};
constexpr std::size_t kDims[] = {128, 768, 784};

// The target for one benchmark; the best comes back after it.
class TargetGuard {
 public:
  TargetGuard(const std::string& target, benchmark::State& state) {
    UseSimdTarget(target);
    state.SetLabel(SimdTargetName());
  }
  ~TargetGuard() { UseSimdTarget(""); }
};

// Rows whose bytes are any finite value of any type: halves and floats between 1 and 2.
AlignedBuffer MakeRows(std::size_t bytes, DataType type) {
  AlignedBuffer buffer(bytes);
  const std::span<std::uint64_t> words = buffer.as<std::uint64_t>();
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = 0x9e3779b97f4a7c15u * (i + 1);
  for (float& x : type == DataType::kF32 ? buffer.as<float>() : std::span<float>()) x = 1.5f;
  for (std::uint16_t& x : type == DataType::kF16 || type == DataType::kBf16
                              ? buffer.as<std::uint16_t>()
                              : std::span<std::uint16_t>()) {
    x = 0x3c80;
  }
  return buffer;
}

void CountVectors(benchmark::State& state, std::size_t vectors) {
  state.counters["per_vector"] =
      benchmark::Counter(static_cast<double>(state.iterations() * vectors),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// Lists of `rows`: the same 32 over and over, or random ones of a large set.
void Gather(benchmark::State& state, const std::string& target, Metric metric, DataType type,
            std::size_t dim, bool cached, bool byte_query) {
  const TargetGuard guard(target, state);
  const std::size_t row_bytes = dim * DataTypeBytes(type);
  const std::size_t count = cached ? kListRows : kMemoryBytes / row_bytes;
  const AlignedBuffer memory = MakeRows(RoundUp(count * row_bytes, 8), type);
  const VectorRows rows(memory.data(), type, count, dim);
  const std::vector<float> query(dim, 1.25f);
  const std::vector<std::uint8_t> bytes(dim, 77);
  std::vector<std::uint32_t> ids(cached ? kListRows : std::size_t{1} << 16);
  RandomStream random(42, 0);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ids[i] = static_cast<std::uint32_t>(cached ? i : random.Below(count));
  }
  std::vector<float> distances(kListRows);
  std::size_t next = 0;
  for (auto _ : state) {
    const std::span list(&ids[next], kListRows);
    if (byte_query) {
      DistanceGather(metric, bytes.data(), rows, list, distances);
    } else {
      DistanceGather(metric, query.data(), rows, list, distances);
    }
    benchmark::DoNotOptimize(distances.data());
    next = (next + kListRows) % ids.size();
  }
  CountVectors(state, kListRows);
}

void OneAtATime(benchmark::State& state, const std::string& target, std::size_t dim) {
  const TargetGuard guard(target, state);
  const std::vector<float> a(dim, 1.25f), b(dim, 1.5f);
  for (auto _ : state) benchmark::DoNotOptimize(SquaredL2(a.data(), b.data(), dim));
  CountVectors(state, 1);
}

void InF64(benchmark::State& state, const std::string& target, std::size_t dim) {
  const TargetGuard guard(target, state);
  const std::vector<float> a(dim, 1.25f), b(dim, 1.5f);
  for (auto _ : state) benchmark::DoNotOptimize(SquaredL2InF64(a.data(), b.data(), dim));
  CountVectors(state, 1);
}

// All metrics cost the same but for a subtraction; rows are random, so nothing is near.
void Exact(benchmark::State& state, const std::string& target, std::size_t dim) {
  const TargetGuard guard(target, state);
  constexpr std::size_t kQueries = 512, kRows = 20000, kK = 100;
  Matrix<float> base(kRows, dim), queries(kQueries, dim);
  RandomStream random(7, 0);
  for (std::size_t r = 0; r < kRows; ++r) {
    for (float& x : base.row(r)) x = static_cast<float>(random.Uniform());
  }
  for (std::size_t q = 0; q < kQueries; ++q) {
    for (float& x : queries.row(q)) x = static_cast<float>(random.Uniform());
  }
  ThreadPool pool(1);
  const double start = ProcessCpuSeconds();
  for (auto _ : state) {
    ExactSearch search(queries.view(), Metric::kL2, kK, pool);
    if (!search.AddBlock(base.view(), 0, Cancellation::Never()).ok()) state.SkipWithError("block");
    benchmark::DoNotOptimize(search.Finish());
  }
  const double seconds = ProcessCpuSeconds() - start;
  state.counters["gflops"] = 2e-9 * static_cast<double>(state.iterations()) * kQueries * kRows *
                             static_cast<double>(dim) / seconds;
}

void RegisterGather(const std::string& target, Metric metric, DataType type, std::size_t dim,
                    bool cached, bool byte_query) {
  const std::string name = std::string("Gather/") + (cached ? "cached/" : "memory/") +
                           (byte_query ? "u8_with_" : "f32_with_") +
                           std::string(DataTypeName(type)) + '/' + std::string(MetricName(metric)) +
                           '/' + std::to_string(dim) + '/' + target;
  benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
    Gather(state, target, metric, type, dim, cached, byte_query);
  });
}

[[maybe_unused]] const bool kRegistered = [] {
  const std::vector<std::string> targets = SimdTargets();
  for (const std::string& target : targets) {
    for (const std::size_t dim : kDims) {
      for (const Metric metric : {Metric::kL2, Metric::kInnerProduct}) {
        for (const DataType type : kTypes) {
          RegisterGather(target, metric, type, dim, true, false);
        }
        RegisterGather(target, metric, DataType::kU8, dim, true, true);
      }
      const std::string suffix = std::to_string(dim) + '/' + target;
      benchmark::RegisterBenchmark(
          ("OneAtATime/f32/l2/" + suffix).c_str(),
          [=](benchmark::State& state) { OneAtATime(state, target, dim); });
      benchmark::RegisterBenchmark(("InF64/f32/l2/" + suffix).c_str(),
                                   [=](benchmark::State& state) { InF64(state, target, dim); });
    }
    for (const std::size_t dim : {32, 128, 784, 2048}) {
      benchmark::RegisterBenchmark(("ExactSearch/" + std::to_string(dim) + '/' + target).c_str(),
                                   [=](benchmark::State& state) { Exact(state, target, dim); })
          ->Unit(benchmark::kMillisecond);
    }
  }
  for (const std::size_t dim : kDims) {
    for (const DataType type : {DataType::kF32, DataType::kF16, DataType::kU8}) {
      RegisterGather(targets.front(), Metric::kL2, type, dim, false, false);
    }
    RegisterGather(targets.front(), Metric::kL2, DataType::kU8, dim, false, true);
  }
  return true;
}();

}  // namespace
}  // namespace kith
