// hnswlib, by its headers alone and compiled for the machine it runs on, as its users do (they
// get its AVX-512 distance only that way).  Debian's 0.6.2 was measured level with 0.8.0.
//
// Everything in this unit may hold instructions of this machine only, so it includes nothing of
// kith that another unit would run.
#include <hnswlib/hnswlib.h>

#include <atomic>
#include <thread>

#include "bench/rival.h"
#include "core/resource_usage.h"

namespace kith {
namespace {

class HnswlibRival final : public Rival {
 public:
  explicit HnswlibRival(const RivalOptions& options) : options_(options) {}

  std::string name() const override { return "hnswlib"; }
  std::string parameters() const override {
    return "m" + std::to_string(options_.m) + "-efc" + std::to_string(options_.ef_construction);
  }

  Result<BuildCost> Build(const BuildInput& input, const std::string& index_path) override {
    return AtForeignWall("hnswlib", [&]() -> Result<BuildCost> {
      SetSpace(input.base.cols(), input.metric);
      const double wall = WallSeconds(), cpu = ProcessCpuSeconds();
      Graph graph(space_.get(), input.base.rows(), options_.m, options_.ef_construction);
      AddRows(graph, input);
      const BuildCost cost{WallSeconds() - wall, ProcessCpuSeconds() - cpu, input.threads, {}};
      graph.saveIndex(index_path);
      return cost;
    });
  }

  Status Load(const std::string& index_path, std::size_t dim, Metric metric) override {
    return AtForeignWall("hnswlib", [&]() -> Status {
      SetSpace(dim, metric);
      graph_ = std::make_unique<Graph>(space_.get(), index_path);
      return {};
    });
  }

  void Use(Setting setting) override { graph_->setEf(setting.effort); }

  Status Search(std::span<const float> query, std::span<std::uint32_t> ids) override {
    auto found = graph_->searchKnn(query.data(), ids.size());  // furthest on top
    for (std::size_t i = found.size(); i < ids.size(); ++i) ids[i] = kNoAnswer;
    for (; !found.empty(); found.pop()) {
      ids[found.size() - 1] = static_cast<std::uint32_t>(found.top().second);
    }
    return {};
  }

 private:
  using Graph = hnswlib::HierarchicalNSW<float>;

  void SetSpace(std::size_t dim, Metric metric) {
    graph_.reset();
    if (metric == Metric::kL2) {
      space_ = std::make_unique<hnswlib::L2Space>(dim);
    } else {
      space_ = std::make_unique<hnswlib::InnerProductSpace>(dim);
    }
  }

  static void AddRows(Graph& graph, const BuildInput& input) {
    std::atomic<std::size_t> next{0};
    const auto add = [&] {
      for (std::size_t r; (r = next.fetch_add(1)) < input.base.rows();) {
        graph.addPoint(input.base.row(r).data(), r);
      }
    };
    std::vector<std::thread> others;
    for (std::size_t t = 1; t < input.threads; ++t) others.emplace_back(add);
    add();
    for (std::thread& other : others) other.join();
  }

  RivalOptions options_;
  std::unique_ptr<hnswlib::SpaceInterface<float>> space_;
  std::unique_ptr<Graph> graph_;
};

}  // namespace

std::unique_ptr<Rival> NewHnswlibRival(const RivalOptions& options) {
  return std::make_unique<HnswlibRival>(options);
}

}  // namespace kith
