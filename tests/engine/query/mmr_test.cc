#include "engine/query/mmr.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kith {
namespace {

using testing::ElementsAre;

// Three candidates: 0 and 1 alike, 2 apart and less similar to the query.
const std::vector<float> kToQuery = {0.9F, 0.88F, 0.5F};
float Between(std::size_t a, std::size_t b) { return a + b == 1 ? 0.99F : 0.1F; }

std::vector<std::size_t> Select(float diversity, std::size_t limit) {
  return SelectByMarginalRelevance({.diversity = diversity, .limit = limit}, kToQuery, Between);
}

TEST(MmrTest, NoDiversityIsTheOrderOfSimilarity) {
  EXPECT_THAT(Select(0, 3), ElementsAre(0, 1, 2));
}

TEST(MmrTest, DiversityPrefersTheUnlike) {
  // After 0: candidate 1 has .5 * .88 - .5 * .99 < 0, candidate 2 .5 * .5 - .5 * .1 > 0.
  EXPECT_THAT(Select(0.5F, 3), ElementsAre(0, 2, 1));
  EXPECT_THAT(Select(1, 2), ElementsAre(0, 2));
}

TEST(MmrTest, LittleDiversityKeepsTheSimilar) {
  // .9 * .88 - .1 * .99 = .693 > .9 * .5 - .1 * .1 = .44
  EXPECT_THAT(Select(0.1F, 2), ElementsAre(0, 1));
}

TEST(MmrTest, GivesNoMoreThanThereIs) {
  EXPECT_THAT(Select(0.5F, 10), ElementsAre(0, 2, 1));
  EXPECT_THAT(Select(0.5F, 0), ElementsAre());
}

TEST(MmrTest, TiesGoToTheFirst) {
  const std::vector<float> equal = {1, 1, 1};
  EXPECT_THAT(SelectByMarginalRelevance({.diversity = 0.5F, .limit = 3}, equal,
                                        [](std::size_t, std::size_t) { return 0.0F; }),
              ElementsAre(0, 1, 2));
}

}  // namespace
}  // namespace kith
