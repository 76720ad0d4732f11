// make_clustered: writes the seeded float set of the benchmarks and its exact answers.
//
//   base.fvecs, query.fvecs, groundtruth.ivecs    in the folder given
//
// bench/clustered_set.h says what the rows are.  The defaults are the set of docs/benchmarks.md.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "bench/clustered_set.h"
#include "core/progress.h"
#include "index/flat/exact_search.h"
#include "storage/vector_file.h"

namespace kith {
namespace {

constexpr std::uint64_t kBlockRows = 16384;

struct Options {
  ClusteredParams set;
  std::string folder;
  std::size_t k = 100, threads = 0;
};

// Rows [first, first + count) of the set.
Matrix<float> MakeRows(const ClusteredSet& set, std::uint64_t first, std::uint64_t count,
                       ThreadPool& pool) {
  Matrix<float> rows(count, set.params().dim);
  pool.ParallelFor(count, 256, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t r = begin; r < end; ++r) set.Fill(first + r, rows.row(r));
  });
  return rows;
}

Result<std::unique_ptr<VectorWriter>> NewWriter(const std::string& path, DataType type,
                                                std::size_t dim) {
  return VectorWriter::Create(path, type, static_cast<std::uint32_t>(dim),
                              OutputFile::IfExists::kReplace);
}

Status WriteQueries(const std::string& path, MatrixView<const float> queries) {
  const auto writer = TRY(NewWriter(path, DataType::kF32, queries.cols()));
  TRY(writer->AppendF32(queries));
  return writer->Commit();
}

Status WriteTruth(const std::string& path, MatrixView<const Neighbor> truth) {
  const auto writer = TRY(NewWriter(path, DataType::kI32, truth.cols()));
  std::vector<std::int32_t> ids(truth.cols());
  for (std::size_t q = 0; q < truth.rows(); ++q) {
    std::transform(truth.row(q).begin(), truth.row(q).end(), ids.begin(),
                   [](const Neighbor& neighbor) { return static_cast<std::int32_t>(neighbor.id); });
    TRY(writer->AppendRaw(std::as_bytes(std::span(ids))));
  }
  return writer->Commit();
}

Status Make(const Options& options) {
  std::error_code error;
  std::filesystem::create_directories(options.folder, error);
  if (error) return Error{ErrorCode::kIoError, options.folder + ": " + error.message()};
  ThreadPool pool(options.threads);
  const auto progress = NewConsoleProgress();
  const ClusteredSet set(options.set);
  const Matrix<float> queries = MakeRows(set, options.set.rows, options.set.queries, pool);
  TRY(WriteQueries(options.folder + "/query.fvecs", queries.view()));

  const auto writer =
      TRY(NewWriter(options.folder + "/base.fvecs", DataType::kF32, options.set.dim));
  ExactSearch exact(queries.view(), Metric::kL2, options.k, pool);
  progress->Start("rows", options.set.rows);
  for (std::uint64_t first = 0; first < options.set.rows; first += kBlockRows) {
    const std::uint64_t count = std::min(kBlockRows, options.set.rows - first);
    const Matrix<float> rows = MakeRows(set, first, count, pool);
    TRY(writer->AppendF32(rows.view()));
    TRY(exact.AddBlock(rows.view(), first, Cancellation::Never()));
    progress->Advance(count);
  }
  progress->Finish();
  TRY(writer->Commit());
  const Matrix<Neighbor> truth = exact.Finish();
  return WriteTruth(options.folder + "/groundtruth.ivecs", truth.view());
}

}  // namespace
}  // namespace kith

int main(int argc, char** argv) {
  CLI::App app("Writes a seeded clustered float set with its exact answers.");
  kith::Options options;
  app.add_option("folder", options.folder, "where the three files go")->required();
  app.add_option("--rows", options.set.rows)->capture_default_str();
  app.add_option("--queries", options.set.queries)->capture_default_str();
  app.add_option("--dim", options.set.dim)->capture_default_str()->check(CLI::Range(1, 4096));
  app.add_option("--clusters", options.set.clusters)
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--latent-dim", options.set.latent_dim)
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  app.add_option("--centre-spread", options.set.centre_spread)->capture_default_str();
  app.add_option("--noise", options.set.noise)->capture_default_str();
  app.add_option("--seed", options.set.seed)->capture_default_str();
  app.add_option("--k", options.k, "neighbours a query")
      ->capture_default_str()
      ->check(CLI::Range(1, 16384));
  app.add_option("--threads", options.threads, "0: one per processor")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (const kith::Status status = kith::Make(options); !status.ok()) {
    std::fprintf(stderr, "make_clustered: %s\n", status.error().message.c_str());
    return 1;
  }
  return 0;
}
