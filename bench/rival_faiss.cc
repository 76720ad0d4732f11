// FAISS as Debian packages it (1.7.3, compiled for generic x86-64: its distances are SSE, about
// a third of the speed of an AVX-512 build): the one its users on Debian have.
//
//   faiss-hnsw   IndexHNSWFlat, the same links and construction pool as the others
//   faiss-ivfpq  inverted lists of 4-bit product codes scanned by byte shuffles, best candidates
//                compared again exactly; asked in one batch, which is how it is fast
#include <cblas.h>
#include <faiss/IndexHNSW.h>
#include <faiss/IndexIVF.h>
#include <faiss/IndexRefine.h>
#include <faiss/index_factory.h>
#include <faiss/index_io.h>
#include <omp.h>

#include <cmath>

#include "bench/rival.h"
#include "core/resource_usage.h"

namespace kith {
namespace {

void UseThreads(std::size_t threads) {
  omp_set_num_threads(static_cast<int>(threads));
  openblas_set_num_threads(static_cast<int>(threads));
}

faiss::MetricType FaissMetric(Metric metric) {
  return metric == Metric::kL2 ? faiss::METRIC_L2 : faiss::METRIC_INNER_PRODUCT;
}

// What the two have in common: making, saving and asking a faiss::Index.
class FaissRival : public Rival {
 public:
  Result<BuildCost> Build(const BuildInput& input, const std::string& index_path) override {
    return AtForeignWall("faiss", [&]() -> Result<BuildCost> {
      UseThreads(input.threads);
      const double wall = WallSeconds(), cpu = ProcessCpuSeconds();
      const std::unique_ptr<faiss::Index> index = NewIndex(input);
      const auto rows = static_cast<faiss::Index::idx_t>(input.base.rows());
      index->train(rows, input.base.data());
      index->add(rows, input.base.data());
      const BuildCost cost{WallSeconds() - wall, ProcessCpuSeconds() - cpu, input.threads, {}};
      faiss::write_index(index.get(), index_path.c_str());
      UseThreads(1);
      return cost;
    });
  }

  Status Load(const std::string& index_path, std::size_t, Metric) override {
    return AtForeignWall("faiss", [&]() -> Status {
      UseThreads(1);
      index_.reset(faiss::read_index(index_path.c_str()));
      return {};
    });
  }

  Status Search(std::span<const float> query, std::span<std::uint32_t> ids) override {
    return SearchAll({query.data(), 1, query.size()}, {ids.data(), 1, ids.size()});
  }

  Status SearchAll(MatrixView<const float> queries, MatrixView<std::uint32_t> ids) override {
    return AtForeignWall("faiss", [&]() -> Status {
      distances_.resize(ids.rows() * ids.cols());
      labels_.resize(ids.rows() * ids.cols());
      index_->search(static_cast<faiss::Index::idx_t>(queries.rows()), queries.data(),
                     static_cast<faiss::Index::idx_t>(ids.cols()), distances_.data(),
                     labels_.data());
      for (std::size_t i = 0; i < labels_.size(); ++i) {
        ids.data()[i] = labels_[i] < 0 ? kNoAnswer : static_cast<std::uint32_t>(labels_[i]);
      }
      return {};
    });
  }

 protected:
  explicit FaissRival(const RivalOptions& options) : options_(options) {}
  virtual std::unique_ptr<faiss::Index> NewIndex(const BuildInput& input) const = 0;

  RivalOptions options_;
  std::unique_ptr<faiss::Index> index_;

 private:
  std::vector<float> distances_;
  std::vector<faiss::Index::idx_t> labels_;
};

class FaissHnswRival final : public FaissRival {
 public:
  explicit FaissHnswRival(const RivalOptions& options) : FaissRival(options) {}
  std::string name() const override { return "faiss-hnsw"; }
  std::string parameters() const override {
    return "m" + std::to_string(options_.m) + "-efc" + std::to_string(options_.ef_construction);
  }

  void Use(Setting setting) override {
    dynamic_cast<faiss::IndexHNSW&>(*index_).hnsw.efSearch = static_cast<int>(setting.effort);
  }
  // A batch is a loop over its queries here, so single queries are what it is asked.
  Status SearchAll(MatrixView<const float> queries, MatrixView<std::uint32_t> ids) override {
    return Rival::SearchAll(queries, ids);
  }
  Status Search(std::span<const float> query, std::span<std::uint32_t> ids) override {
    return FaissRival::SearchAll({query.data(), 1, query.size()}, {ids.data(), 1, ids.size()});
  }

 private:
  std::unique_ptr<faiss::Index> NewIndex(const BuildInput& input) const override {
    auto index = std::make_unique<faiss::IndexHNSWFlat>(static_cast<int>(input.base.cols()),
                                                        static_cast<int>(options_.m),
                                                        FaissMetric(input.metric));
    index->hnsw.efConstruction = static_cast<int>(options_.ef_construction);
    return index;
  }
};

class FaissIvfPqRival final : public FaissRival {
 public:
  explicit FaissIvfPqRival(const RivalOptions& options) : FaissRival(options) {}
  std::string name() const override { return "faiss-ivfpq"; }
  std::string parameters() const override {
    const std::string lists = options_.ivf_lists == 0 ? "auto" : std::to_string(options_.ivf_lists);
    return "lists" + lists + "-pq4fs-rflat";
  }
  bool batched() const override { return true; }

  // The lists probed do what ef does for a graph; the depth of the exact comparison matters less
  // and is tried at two values.
  std::vector<Setting> Settings(std::span<const std::uint32_t>) const override {
    std::vector<Setting> settings;
    for (const std::uint32_t rerank : {5U, 10U}) {
      for (const std::uint32_t probes : {2U, 4U, 8U, 16U, 32U, 64U, 128U}) {
        settings.push_back({probes, rerank});
      }
    }
    return settings;
  }
  void Use(Setting setting) override {
    auto& refined = dynamic_cast<faiss::IndexRefine&>(*index_);
    refined.k_factor = static_cast<float>(setting.rerank);
    dynamic_cast<faiss::IndexIVF&>(*refined.base_index).nprobe = setting.effort;
  }

 private:
  std::unique_ptr<faiss::Index> NewIndex(const BuildInput& input) const override {
    const std::size_t dim = input.base.cols();
    std::uint32_t lists = options_.ivf_lists;
    if (lists == 0) {  // the power of two next to 1.45 sqrt(rows): 256, 512, 2048 for 60k, 200k, 1M
      const double wanted = 1.45 * std::sqrt(static_cast<double>(input.base.rows()));
      lists = 1U << std::lround(std::log2(wanted));
    }
    std::size_t parts = dim <= 256 ? dim / 2 : dim / 4;
    while (dim % parts != 0) --parts;
    const std::string recipe =
        "IVF" + std::to_string(lists) + ",PQ" + std::to_string(parts) + "x4fs,RFlat";
    return std::unique_ptr<faiss::Index>(
        faiss::index_factory(static_cast<int>(dim), recipe.c_str(), FaissMetric(input.metric)));
  }
};

}  // namespace

std::unique_ptr<Rival> NewFaissHnswRival(const RivalOptions& options) {
  return std::make_unique<FaissHnswRival>(options);
}
std::unique_ptr<Rival> NewFaissIvfPqRival(const RivalOptions& options) {
  return std::make_unique<FaissIvfPqRival>(options);
}

}  // namespace kith
