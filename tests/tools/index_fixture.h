// A folder with vectors, queries and indexes made by the program.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"
#include "tests/tools/kith_process.h"
#include "tests/vector_files.h"

namespace kith {

// base.fvecs: 600 vectors of dim 24; query.fvecs: 40.
class IndexFixture : public testing::Test {
 protected:
  static constexpr std::size_t kRows = 600, kQueries = 40, kDim = 24;

  void SetUp() override {
    base_ = ClusteredRows(kRows, kDim, 1);
    queries_ = ClusteredRows(kQueries, kDim, 2);
    folder_.Write("base.fvecs", Texmex(base_));
    folder_.Write("query.fvecs", Texmex(queries_));
  }

  KithRun Run(const std::vector<std::string>& arguments) const {
    return RunKith(arguments, folder_.path());
  }

  // Builds NAME from base.fvecs.
  void Build(const std::string& name, const std::vector<std::string>& options = {}) const {
    std::vector<std::string> words = {"build", "--input", "base.fvecs", "--output", name};
    words.insert(words.end(), options.begin(), options.end());
    const KithRun run = Run(words);
    ASSERT_EQ(run.exit_code, 0) << run.err;
  }

  // truth.ivecs by the definition, `k` columns.
  void WriteTruth(std::size_t k) const {
    std::vector<std::vector<std::int32_t>> rows;
    for (const auto& query : queries_) rows.push_back(NearestByDefinition(base_, query, k));
    folder_.Write("truth.ivecs", Texmex(rows));
  }

  TemporaryFolder folder_;
  std::vector<std::vector<float>> base_, queries_;
};

}  // namespace kith
