#include "index/payload/json_path.h"

#include <gtest/gtest.h>

#include "storage/json_parser.h"

namespace kith {
namespace {

std::string Found(std::string_view path, std::string_view payload) {
  std::vector<const JsonValue*> values;
  const JsonValue json = ParseJson(payload).value();
  JsonPath::Parse(path).value().Collect(json, values);
  std::string text;
  for (const JsonValue* value : values) text += ToJson(*value) + " ";
  return text;
}

TEST(JsonPathTest, FindsValuesByKeysPositionsAndAllElements) {
  constexpr std::string_view kPayload =
      R"({"a":{"b":1,"b.c":2},"l":[{"x":3},{"x":[4,5]},{"y":6},7],"m":[[8,9],[]],"n":null})";
  EXPECT_EQ(Found("a", kPayload), R"({"b":1,"b.c":2} )");
  EXPECT_EQ(Found("a.b", kPayload), "1 ");
  EXPECT_EQ(Found("a.\"b.c\"", kPayload), "2 ");
  EXPECT_EQ(Found("\"a\".b", kPayload), "1 ");
  EXPECT_EQ(Found("l[].x", kPayload), "3 [4,5] ");
  EXPECT_EQ(Found("l[1].x", kPayload), "[4,5] ");
  EXPECT_EQ(Found("l[1].x[]", kPayload), "4 5 ");
  EXPECT_EQ(Found("l[9].x", kPayload), "");
  EXPECT_EQ(Found("l.x", kPayload), "");
  EXPECT_EQ(Found("a[]", kPayload), "");
  EXPECT_EQ(Found("m[][]", kPayload), "8 9 ");
  EXPECT_EQ(Found("m[][1]", kPayload), "9 ");
  EXPECT_EQ(Found("n", kPayload), "null ");
  EXPECT_EQ(Found("missing", kPayload), "");
  EXPECT_EQ(Found("a", "[1]"), "");
}

TEST(JsonPathTest, WritesWhatItReads) {
  for (const char* text : {"a", "a.b", "a[].b", "a[0][12].b", "a.\"b.c\"", "\"\"", "a-b_c9",
                           "\"a b\"[]", "na\xC3\xAFve"}) {
    const Result<JsonPath> path = JsonPath::Parse(text);
    ASSERT_TRUE(path.ok()) << text;
    EXPECT_EQ(path.value().ToString(), text);
    EXPECT_EQ(JsonPath::Parse(path.value().ToString()).value(), path.value());
  }
  EXPECT_EQ(JsonPath::Parse("\"plain\"").value().ToString(), "plain");
}

TEST(JsonPathTest, RefusesOtherTextsAndSaysWhere) {
  const auto error = [](std::string_view text) {
    const Result<JsonPath> path = JsonPath::Parse(text);
    return path.ok() ? "none" : path.error().message;
  };
  EXPECT_EQ(error(""),
            "path '': expected a key of letters, digits, '_' and '-', or in quotes, at byte 0");
  EXPECT_EQ(error("a b"), "path 'a b': expected '.' or '[' at byte 1");
  EXPECT_EQ(error("a[x]"), "path 'a[x]': expected a number or ']' at byte 2");
  EXPECT_EQ(error("a[1"), "path 'a[1': expected ']' at byte 3");
  EXPECT_EQ(error("a.\"b"), "path 'a.\"b': expected a closing '\"' for the one at byte 2");
  for (const char* text : {".a", "a.", "a..b", "[0]", "a[-1]", "a[99999999999999999999]", "a]", "$",
                           "\"a\\\"\"", "a\"b\""}) {
    EXPECT_NE(error(text), "none") << text;
  }
  EXPECT_NE(error(std::string(kJsonPathBytesMax + 1, 'a')), "none");
  std::string steps = "a";
  for (std::size_t i = 1; i < kJsonPathStepsMax; ++i) steps += "[]";
  EXPECT_EQ(error(steps), "none");
  EXPECT_NE(error(steps + "[]"), "none");
}

TEST(JsonPathTest, JoinsThePathsOfNestedConditions) {
  const JsonPath outer = JsonPath::Parse("a.b").value(), inner = JsonPath::Parse("c").value();
  EXPECT_EQ(outer.Elements().ToString(), "a.b[]");
  EXPECT_EQ(outer.Elements().Elements().ToString(), "a.b[]");
  EXPECT_EQ(outer.Elements().Join(inner).ToString(), "a.b[].c");
  EXPECT_EQ(JsonPath().Join(inner), inner);
}

}  // namespace
}  // namespace kith
