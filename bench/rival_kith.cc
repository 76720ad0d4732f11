// kith itself, through the interface its users have.
//
// A build is what `kith build` does: it streams the base file, builds, calibrates and writes; so
// its cost holds reading, calibration and writing, which the rivals' costs leave out.  The stages
// that it tells through Progress say how much each took.
#include <algorithm>
#include <cstdio>

#include "bench/rival.h"
#include "core/resource_usage.h"
#include "core/thread_pool.h"
#include "index/hnsw/hnsw_index.h"
#include "index/index_directory.h"
#include "storage/vector_file.h"

namespace kith {
namespace {

// Adds up the CPU time of each stage; some are entered more than once.
class StageClock final : public Progress {
 public:
  void Start(std::string_view stage, std::uint64_t) override {
    Finish();
    stage_ = stage;
    start_ = ProcessCpuSeconds();
  }
  void Advance(std::uint64_t) override {}
  void Finish() override {
    if (stage_.empty()) return;
    const double seconds = ProcessCpuSeconds() - start_;
    const auto entered = std::find_if(stages_.begin(), stages_.end(),
                                      [&](const auto& stage) { return stage.first == stage_; });
    if (entered == stages_.end()) {
      stages_.emplace_back(stage_, seconds);
    } else {
      entered->second += seconds;
    }
    stage_.clear();
  }
  std::vector<std::pair<std::string, double>> TakeStages() { return std::move(stages_); }

 private:
  std::string stage_;
  double start_ = 0;
  std::vector<std::pair<std::string, double>> stages_;
};

class KithRival final : public Rival {
 public:
  explicit KithRival(const RivalOptions& options) : options_(options) {}

  std::string name() const override {
    return index_name() + (options_.kith_mapped ? ":mapped" : "");
  }
  std::string index_name() const override {
    return options_.kith_codec == "auto" ? "kith" : "kith:" + options_.kith_codec;
  }
  std::string parameters() const override {
    return "m" + std::to_string(options_.m) + "-efc" + std::to_string(options_.ef_construction);
  }

  Result<BuildCost> Build(const BuildInput& input, const std::string& index_path) override {
    HnswBuildParams params;
    params.metric = input.metric;
    params.m = options_.m;
    params.ef_construction = options_.ef_construction;
    params.codec = TRY(ParseCodec(options_.kith_codec));
    std::remove(index_path.c_str());
    const std::unique_ptr<VectorReader> reader = TRY(VectorReader::Open(input.base_path));
    StageClock clock;
    const double wall = WallSeconds(), cpu = ProcessCpuSeconds();
    ThreadPool pool(input.threads);
    TRY(BuildHnswIndex(*reader, params, index_path, pool, Cancellation::Never(), clock));
    BuildCost cost{WallSeconds() - wall, ProcessCpuSeconds() - cpu, input.threads, {}};
    clock.Finish();
    cost.stages = clock.TakeStages();
    return cost;
  }

  Status Load(const std::string& index_path, std::size_t, Metric) override {
    searcher_.reset();
    index_ =
        TRY(OpenIndex(index_path, options_.kith_mapped ? LoadMode::kMapped : LoadMode::kResident));
    searcher_ = index_->NewSearcher();
    return {};
  }

  std::vector<Setting> Settings(std::span<const std::uint32_t> efs) const override {
    std::vector<Setting> settings;
    for (const std::uint32_t ef : efs) settings.push_back({ef, options_.rerank});
    return settings;
  }
  void Use(Setting setting) override {
    params_.ef_search = setting.effort;
    params_.rerank = setting.rerank;
  }

  Status Search(std::span<const float> query, std::span<std::uint32_t> ids) override {
    params_.k = static_cast<std::uint32_t>(ids.size());
    found_.resize(ids.size());
    const std::size_t count = TRY(searcher_->Search(query, params_, found_));
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = i < count ? found_[i].id : kNoAnswer;
    return {};
  }

 private:
  RivalOptions options_;
  std::unique_ptr<VectorIndex> index_;
  std::unique_ptr<Searcher> searcher_;
  SearchParams params_;
  std::vector<Neighbor> found_;
};

}  // namespace

std::unique_ptr<Rival> NewKithRival(const RivalOptions& options) {
  return std::make_unique<KithRival>(options);
}

}  // namespace kith
