#include "bench/ann_run.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace kith {
namespace {

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// kith's file is made anew in each run, whatever is cached.
bool IsKith(const Rival& rival) { return rival.name().starts_with("kith"); }

bool SameBytes(const std::string& path_a, const std::string& path_b) {
  std::ifstream a(path_a, std::ios::binary), b(path_b, std::ios::binary);
  std::vector<char> block_a(1 << 20), block_b(1 << 20);
  while (a && b) {
    a.read(block_a.data(), static_cast<std::streamsize>(block_a.size()));
    b.read(block_b.data(), static_cast<std::streamsize>(block_b.size()));
    if (a.gcount() != b.gcount() ||
        !std::equal(block_a.begin(), block_a.begin() + a.gcount(), block_b.begin())) {
      return false;
    }
  }
  return a.eof() && b.eof();
}

// Builds with each thread count; the first one's file stays.
Status BuildAll(Rival& rival, const RunParams& params, const DataSet& data, const IndexCache& cache,
                RivalReport& report) {
  const std::string path = cache.IndexPath(rival, data.key);
  BuildInput input{data.params.base_path, data.base.view(), data.params.metric, 1};
  const std::size_t counts = IsKith(rival) ? params.build_threads.size() : 1;
  for (std::size_t i = 0; i < counts; ++i) {
    input.threads = params.build_threads[i];
    std::fprintf(stderr, "building %s with %zu thread(s) ...", rival.name().c_str(), input.threads);
    const std::string place = i == 0 ? path : path + ".again";
    const BuildTrial trial = TRY(TryBuild(rival, input, place, params.processor));
    std::fprintf(stderr, " %.1f CPU s\n", trial.cost.cpu_seconds);
    report.builds.push_back(trial);
    if (i == 0) {
      TRY(cache.KeepBuild(rival, data.key, trial));
    } else {
      report.same_bytes = report.same_bytes.value_or(true) && SameBytes(path, place);
      std::filesystem::remove(place);
    }
  }
  return {};
}

// Sees to it that the rival's index file is there: from an earlier run, except kith's, or from a
// rival of this run that has the same one.
Status ProvideIndex(Rival& rival, const RunParams& params, const DataSet& data,
                    const IndexCache& cache, std::vector<std::string>& built, RivalReport& report) {
  const bool in_this_run = Contains(built, rival.index_name());
  if (in_this_run || (!IsKith(rival) && !Contains(params.rebuild, rival.name()))) {
    if (Result<BuildTrial> cached = cache.CachedBuild(rival, data.key); cached.ok()) {
      report.from_cache = !in_this_run;
      report.builds = {std::move(cached).value()};
      return {};
    }
  }
  built.push_back(rival.index_name());
  return BuildAll(rival, params, data, cache, report);
}

// Loads it in a process of its own, from disk and from the page cache.
Status TryLoads(Rival& rival, const RunParams& params, const DataSet& data, const IndexCache& cache,
                RivalReport& report) {
  const std::string path = cache.IndexPath(rival, data.key);
  const Setting hardest = rival.Settings(params.efs).back();
  report.load_cold = TRY(TryLoad(rival, data, path, hardest, params.k, true));
  report.load_warm = TRY(TryLoad(rival, data, path, hardest, params.k, false));
  return {};
}

}  // namespace

Result<std::unique_ptr<Rival>> NewRival(const std::string& spec, RivalOptions options) {
  if (spec == "hnswlib") return NewHnswlibRival(options);
  if (spec == "faiss-hnsw") return NewFaissHnswRival(options);
  if (spec == "faiss-ivfpq") return NewFaissIvfPqRival(options);
  std::istringstream words(spec);
  std::string word;
  std::getline(words, word, ':');
  if (word == "kith") {
    while (std::getline(words, word, ':')) {
      if (word == "mapped") {
        options.kith_mapped = true;
      } else {
        options.kith_codec = word;
      }
    }
    if (std::unique_ptr<Rival> kith = NewKithRival(options)) return kith;
  }
  return Error{ErrorCode::kInvalidArgument,
               "unknown rival \"" + spec +
                   "\", expected hnswlib, faiss-hnsw, faiss-ivfpq, kith, kith:CODEC, "
                   "kith:mapped or kith:CODEC:mapped"};
}

Result<std::vector<std::vector<CurvePoint>>> Sweep(
    const std::vector<Rival*>& rivals, const std::vector<std::vector<Setting>>& settings,
    const DataSet& data, std::size_t k, double seconds, std::size_t repeats) {
  std::size_t steps = 0;
  std::vector<std::vector<CurvePoint>> curves(rivals.size());
  std::vector<std::vector<std::vector<Sample>>> samples(rivals.size());
  for (std::size_t r = 0; r < rivals.size(); ++r) {
    steps = std::max(steps, settings[r].size());
    curves[r].resize(settings[r].size());
    samples[r].resize(settings[r].size());
  }

  for (std::size_t round = 0; round < repeats; ++round) {
    for (std::size_t step = 0; step < steps; ++step) {
      for (std::size_t r = 0; r < rivals.size(); ++r) {
        if (step >= settings[r].size()) continue;
        CurvePoint& point = curves[r][step];
        rivals[r]->Use(point.setting = settings[r][step]);
        if (round == 0) {
          const Matrix<std::uint32_t> answers = TRY(AnswerAll(*rivals[r], data, k));
          point.recall = RecallByDistance(data, answers.view());
        } else {
          TRY(WarmUp(*rivals[r], data, k));
        }
        samples[r][step].push_back(TRY(MeasureSpeed(*rivals[r], data, k, seconds)));
      }
    }
    std::fprintf(stderr, "round %zu of %zu done\n", round + 1, repeats);
  }

  for (std::size_t r = 0; r < rivals.size(); ++r) {
    for (std::size_t step = 0; step < settings[r].size(); ++step) {
      const auto median = [&](double Sample::*member) {
        std::vector<double> values;
        for (const Sample& sample : samples[r][step]) values.push_back(sample.*member);
        return Median(values);
      };
      CurvePoint& point = curves[r][step];
      point.qps = median(&Sample::qps);
      point.wall_qps = median(&Sample::wall_qps);
      point.p50_us = median(&Sample::p50_us);
      point.p99_us = median(&Sample::p99_us);
    }
  }
  return curves;
}

Result<std::vector<RivalReport>> RunRivals(const RunParams& params, const DataSet& data,
                                           const IndexCache& cache) {
  std::vector<std::string> specs = params.rivals, built;
  specs.insert(specs.end(), params.load_only.begin(), params.load_only.end());
  std::vector<RivalReport> reports(specs.size());
  std::vector<std::unique_ptr<Rival>> rivals;
  for (std::size_t r = 0; r < specs.size(); ++r) {
    Rival& rival = *rivals.emplace_back(TRY(NewRival(specs[r], params.options)));
    reports[r].name = rival.name();
    reports[r].parameters = rival.parameters();
    reports[r].batched = rival.batched();
    TRY(ProvideIndex(rival, params, data, cache, built, reports[r]));
    if (params.load_trials) TRY(TryLoads(rival, params, data, cache, reports[r]));
  }

  std::vector<Rival*> measured;
  std::vector<std::vector<Setting>> settings;
  for (std::size_t r = 0; r < params.rivals.size(); ++r) {
    measured.push_back(rivals[r].get());
    settings.push_back(rivals[r]->Settings(params.efs));
    TRY(rivals[r]->Load(cache.IndexPath(*rivals[r], data.key), data.base.cols(),
                        data.params.metric));
  }
  TRY(PinToProcessor(params.processor));
  const auto curves =
      TRY(Sweep(measured, settings, data, params.k, params.seconds, params.repeats));
  for (std::size_t r = 0; r < measured.size(); ++r) {
    reports[r].curve = curves[r];
    TRY(cache.KeepCurve(*measured[r], data.key, params.k, curves[r]));
  }
  return reports;
}

}  // namespace kith
