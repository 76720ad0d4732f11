#include "engine/query/legacy_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/json_parser.h"

namespace kith {
namespace {

using testing::HasSubstr;

Result<JsonValue> Translate(LegacyForm form, const char* text) {
  return QueryOfLegacy(form, ParseJson(text).value());
}
JsonValue Json(const char* text) { return ParseJson(text).value(); }

TEST(LegacyRequestsTest, SearchIsNearest) {
  EXPECT_EQ(Translate(LegacyForm::kSearch, R"({"vector":[1,2],"limit":3,"filter":{}})").value(),
            Json(R"({"query":{"nearest":[1,2]},"limit":3,"filter":{}})"));
  EXPECT_EQ(
      Translate(LegacyForm::kSearch, R"({"vector":{"name":"a","vector":[1]},"limit":3})").value(),
      Json(R"({"query":{"nearest":[1]},"using":"a","limit":3})"));
}

TEST(LegacyRequestsTest, RecommendKeepsItsExamples) {
  EXPECT_EQ(Translate(LegacyForm::kRecommend,
                      R"({"positive":[1],"negative":[2],"strategy":"best_score","using":"a"})")
                .value(),
            Json(R"({"query":{"recommend":{"positive":[1],"negative":[2],
                     "strategy":"best_score"}},"using":"a"})"));
}

TEST(LegacyRequestsTest, DiscoverWithoutATargetIsContext) {
  EXPECT_EQ(Translate(LegacyForm::kDiscover,
                      R"({"target":7,"context":[{"positive":1,"negative":2}],"offset":1})")
                .value(),
            Json(R"({"query":{"discover":{"target":7,"context":[{"positive":1,"negative":2}]}},
                     "offset":1})"));
  EXPECT_EQ(
      Translate(LegacyForm::kDiscover, R"({"target":null,"context":[{"positive":1,"negative":2}]})")
          .value(),
      Json(R"({"query":{"context":[{"positive":1,"negative":2}]}})"));
}

TEST(LegacyRequestsTest, BatchesAreTranslatedOneByOne) {
  EXPECT_EQ(
      QueryBatchOfLegacy(LegacyForm::kSearch,
                         Json(R"({"searches":[{"vector":[1]},{"vector":[2],"limit":1}]})"))
          .value(),
      Json(R"({"searches":[{"query":{"nearest":[1]}},{"query":{"nearest":[2]},"limit":1}]})"));
}

TEST(LegacyRequestsTest, Refuses) {
  EXPECT_EQ(Translate(LegacyForm::kSearch, "{}").error().message, "request: missing 'vector'");
  EXPECT_THAT(Translate(LegacyForm::kSearch, R"({"vector":5})").error().message,
              HasSubstr("request.vector: expected an array of numbers, found a number"));
  EXPECT_THAT(Translate(LegacyForm::kRecommend, R"({"query":1})").error().message,
              HasSubstr("unknown key 'query'"));
  EXPECT_THAT(Translate(LegacyForm::kDiscover, "[]").error().message, HasSubstr("an object"));
  EXPECT_THAT(QueryBatchOfLegacy(LegacyForm::kSearch, Json(R"({"searches":[{"vector":[1]},{}]})"))
                  .error()
                  .message,
              HasSubstr("request.searches[1]: missing 'vector'"));
}

}  // namespace
}  // namespace kith
