// How well the encoder retrieves, on collections with judgements (development data, skipped where
// absent).  The floors are below what embeddings/README.md states by what seeds vary.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/distance64.h"
#include "storage/jsonl.h"
#include "tests/embeddings/text/made_up_corpus.h"

namespace kith {
namespace {

std::string SharedTexts() {
  const char* const folder = std::getenv("KITH_SHARED_DATA");
  return (folder != nullptr ? std::string(folder) : KITH_SOURCE_DIR "/../shared/data") + "/text";
}

struct Collection {
  std::vector<std::string> documents, queries;
  std::vector<std::map<std::size_t, int>> grades;  // of documents, by query
};

std::vector<std::string> Field(const std::string& path, std::vector<std::string> fields) {
  auto reader = OpenJsonl(path, {.fields = std::move(fields), .allow_missing = true});
  EXPECT_TRUE(reader.ok()) << reader.error().message;
  const TextBlock block = reader.value()->Next(1 << 20, 1 << 30).value();
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < block.size(); ++i) texts.emplace_back(block.text(i));
  return texts;
}

Collection ReadCollection(const std::string& folder) {
  Collection collection;
  collection.documents = Field(folder + "/docs.jsonl", {"title", "text"});
  collection.queries = Field(folder + "/queries.jsonl", {"text"});
  collection.grades.resize(collection.queries.size());
  std::map<std::string, std::size_t> documents, queries;
  for (const std::string& id : Field(folder + "/docs.jsonl", {"id"})) {
    documents.emplace(id, documents.size());
  }
  for (const std::string& id : Field(folder + "/queries.jsonl", {"id"})) {
    queries.emplace(id, queries.size());
  }
  std::ifstream judgements(folder + "/qrels.trec");
  std::string query, unused, document;
  int grade = 0;
  while (judgements >> query >> unused >> document >> grade) {
    if (grade > 0) collection.grades.at(queries.at(query))[documents.at(document)] = grade;
  }
  return collection;
}

// Mean nDCG@10 with the gain 2^grade - 1, over queries with a relevant document.
double Ndcg10(const Collection& collection, const HashedEncoderParams& params) {
  const std::vector<std::string_view> texts(collection.documents.begin(),
                                            collection.documents.end());
  const HashedEncoder encoder = TrainEncoderOn(texts, params, 2).value();
  HashedEncoder::Scratch scratch(encoder);
  Matrix<float> vectors(texts.size(), encoder.dim());
  for (std::size_t d = 0; d < texts.size(); ++d) encoder.Encode(texts[d], vectors.row(d), scratch);

  double sum = 0;
  int judged = 0;
  std::vector<float> query(encoder.dim());
  for (std::size_t q = 0; q < collection.queries.size(); ++q) {
    const std::map<std::size_t, int>& grades = collection.grades[q];
    if (grades.empty()) continue;
    ++judged;
    encoder.Encode(collection.queries[q], query, scratch);
    std::vector<std::pair<double, std::size_t>> ranked;
    for (std::size_t d = 0; d < texts.size(); ++d) {
      ranked.emplace_back(-DotInF64(query.data(), vectors.row(d).data(), query.size()), d);
    }
    std::partial_sort(ranked.begin(), ranked.begin() + 10, ranked.end());
    std::vector<int> ideal;
    ideal.reserve(grades.size());
    for (const auto& [document, grade] : grades) ideal.push_back(grade);
    std::sort(ideal.rbegin(), ideal.rend());
    ideal.resize(10);
    double gain = 0, ideal_gain = 0;
    for (std::size_t i = 0; i < 10; ++i) {
      const auto found = grades.find(ranked[i].second);
      if (found != grades.end()) gain += (std::exp2(found->second) - 1) / std::log2(i + 2.0);
      ideal_gain += (std::exp2(ideal[i]) - 1) / std::log2(i + 2.0);
    }
    sum += gain / ideal_gain;
  }
  return sum / judged;
}

TEST(RetrievalQualityTest, DefaultsReachTheirFloorOnEveryCollection) {
  if (!std::filesystem::exists(SharedTexts())) {
    GTEST_SKIP() << "shared data not found at " << SharedTexts();
  }
  double mean = 0;
  for (const auto& [name, floor] : std::vector<std::pair<std::string, double>>{
           {"cranfield", 0.355}, {"cisi", 0.395}, {"cacm", 0.335}, {"medquad-liveqa", 0.58}}) {
    const double ndcg = Ndcg10(ReadCollection(SharedTexts() + "/" + name), HashedEncoderParams());
    EXPECT_GT(ndcg, floor) << name;
    mean += ndcg / 4;
  }
  EXPECT_GT(mean, 0.43);
}

TEST(RetrievalQualityTest, TheLearnedRotationIsWorthATenthOverARandomOne) {
  if (!std::filesystem::exists(SharedTexts())) {
    GTEST_SKIP() << "shared data not found at " << SharedTexts();
  }
  const Collection collection = ReadCollection(SharedTexts() + "/cisi");
  HashedEncoderParams params;
  params.learned_percent = 0;
  const double random = Ndcg10(collection, params);
  EXPECT_GT(random, 0.25);
  EXPECT_GT(Ndcg10(collection, HashedEncoderParams()), random + 0.1);
}

}  // namespace
}  // namespace kith
