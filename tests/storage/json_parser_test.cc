#include "storage/json_parser.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <cmath>
#include <thread>

#include "core/random.h"

namespace kith {
namespace {

std::string Parsed(std::string_view text, const JsonLimits& limits = {}) {
  const Result<JsonValue> value = ParseJson(text, limits);
  return value.ok() ? ToJson(value.value()) : value.error().message;
}

TEST(JsonParserTest, ReadsEveryKindOfValue) {
  EXPECT_EQ(Parsed(R"( {"a": [1, -2, 2.5, "x", true, false, null, {}, []], "b":{"c" :"d"}} )"),
            R"({"a":[1,-2,2.5,"x",true,false,null,{},[]],"b":{"c":"d"}})");
  EXPECT_EQ(Parsed("7"), "7");
  EXPECT_EQ(Parsed("\"\\u00e9\\ud83d\\ude00\\n\""), "\"\xC3\xA9\xF0\x9F\x98\x80\\n\"");
  EXPECT_EQ(Parsed("null"), "null");
}

TEST(JsonParserTest, KeepsTheLastOfEqualKeysInThePlaceOfTheFirst) {
  EXPECT_EQ(Parsed(R"({"a":1,"b":2,"a":3})"), R"({"a":3,"b":2})");
}

TEST(JsonParserTest, KeepsIntegersOf64BitsAndRoundsLargerOnes) {
  EXPECT_EQ(Parsed("[9223372036854775807,-9223372036854775808,18446744073709551615]"),
            "[9223372036854775807,-9223372036854775808,18446744073709551615]");
  const auto number = [](std::string_view text) { return ParseJson(text).value(); };
  EXPECT_EQ(number("18446744073709551616"), JsonValue(0x1p64));
  EXPECT_EQ(number("-9223372036854775809"), JsonValue(-0x1p63));
  EXPECT_EQ(number("123456789012345678901234567890"), JsonValue(123456789012345678901234567890.0));
  EXPECT_EQ(Parsed(R"([99999999999999999999,"99999999999999999999\"",1.5e3])"),
            R"([1e+20,"99999999999999999999\"",1500.0])");
}

TEST(JsonParserTest, KeepsTheSignOfZero) {
  const JsonValue zero = ParseJson("[-0, 0, \"-0\", -0.0, {\"-0\":-0}]").value();
  EXPECT_EQ(ToJson(zero), R"([-0.0,0,"-0",-0.0,{"-0":-0.0}])");
  EXPECT_TRUE(std::signbit(*zero.array()[0].AsDouble()));
}

TEST(JsonParserTest, RefusesWhatIsNoJson) {
  for (const char* text : {"",
                           "  ",
                           "{",
                           "[1,]",
                           "{\"a\":}",
                           "{\"a\" 1}",
                           "{a:1}",
                           "[1 2]",
                           "1 2",
                           "[1]]",
                           "1,2",
                           "nul",
                           "nulll",
                           "True",
                           "NaN",
                           "[Infinity]",
                           "-",
                           "01",
                           "1.",
                           ".5",
                           "+1",
                           "0x1",
                           "1e",
                           "-01",
                           "1e999",
                           "-1e999",
                           "\"",
                           "\"\\x\"",
                           "\"\\ud800\"",
                           "\"\\udc00x\"",
                           "\"a\nb\"",
                           "\"\xff\"",
                           "[1]//",
                           "/**/1",
                           "'a'",
                           "[1}",
                           "{\"a\":1]",
                           "\"\\u12\"",
                           "--1",
                           "1-",
                           "99999999999999999999-"}) {
    const Result<JsonValue> value = ParseJson(text);
    ASSERT_FALSE(value.ok()) << text << " is " << ToJson(value.value());
    EXPECT_EQ(value.error().code, ErrorCode::kInvalidArgument) << text;
    EXPECT_TRUE(value.error().message.starts_with("not valid JSON: ")) << value.error().message;
  }
  EXPECT_EQ(Parsed("\"\xff\""), "not valid JSON: invalid UTF-8");
}

TEST(JsonParserTest, BoundsDepth) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(Parsed(nested(64)), nested(64));
  EXPECT_EQ(Parsed(nested(65)), "not valid JSON: nested deeper than 64 levels");
  EXPECT_EQ(Parsed("{\"a\":[1]}", {.depth_max = 1}), "not valid JSON: nested deeper than 1 levels");
  EXPECT_EQ(Parsed("1", {.depth_max = 0}), "1");
  EXPECT_EQ(Parsed(nested(512), {.depth_max = 512}), nested(512));
  EXPECT_EQ(Parsed(nested(100000)), "not valid JSON: nested deeper than 64 levels");
}

TEST(JsonParserTest, BoundsBytes) {
  const Result<JsonValue> value = ParseJson("[1,2]", {.depth_max = 64, .bytes_max = 4});
  ASSERT_FALSE(value.ok());
  EXPECT_EQ(value.error().code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(Parsed("[12]", {.depth_max = 64, .bytes_max = 4}), "[12]");
}

TEST(JsonParserTest, RemainsUsableAfterErrorsAndLargeTexts) {
  EXPECT_EQ(Parsed("[1,"), Parsed("[1,"));
  JsonArray large;
  for (int i = 0; i < 1000000; ++i) large.push_back(JsonValue(i));
  const std::string text = ToJson(large);
  EXPECT_GT(text.size(), kJsonKeptBytes);
  EXPECT_EQ(Parsed(text), text);
  EXPECT_EQ(Parsed("[1]"), "[1]");
}

TEST(JsonParserTest, ParsesInManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 1000; ++i) {
        const std::string text = "[" + std::to_string(t) + "," + std::to_string(i) + "]";
        EXPECT_EQ(Parsed(text), text);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// What the library's own reader makes of the same text.
JsonValue Converted(simdjson::dom::element element) {
  using Type = simdjson::dom::element_type;
  switch (element.type()) {
    case Type::ARRAY: {
      JsonArray array;
      for (const auto item : simdjson::dom::array(element)) array.push_back(Converted(item));
      return array;
    }
    case Type::OBJECT: {
      JsonObject object;
      for (const auto item : simdjson::dom::object(element))
        object.Set(item.key, Converted(item.value));
      return object;
    }
    case Type::STRING:
      return std::string_view(element);
    case Type::INT64:
      return std::int64_t(element);
    case Type::UINT64:
      return std::uint64_t(element);
    case Type::DOUBLE:
      return double(element);
    case Type::BOOL:
      return bool(element);
    default:
      return nullptr;
  }
}

TEST(JsonParserTest, AgreesWithTheLibraryOnMutatedTexts) {
  const std::string sample =
      R"({"a":[1,-2.5e3,"x\u00e9\"",true,null],"b":{"c":[[],{}],"d":12345678901234567890},"e":-1})";
  RandomStream random(3, 0);
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text = sample;
    for (std::uint64_t edits = random.Below(4); edits > 0; --edits) {
      const std::size_t at = random.Below(text.size());
      constexpr std::string_view kBytes = "{}[],:\"\\0123456789.eE-+ntfu \xC3";
      if (random.Below(2) == 0) {
        text[at] = kBytes[random.Below(kBytes.size())];
      } else {
        text.erase(at, 1 + random.Below(3));
      }
    }
    simdjson::dom::parser parser;
    simdjson::dom::element element;
    const auto error = parser.parse(text).get(element);
    const Result<JsonValue> value = ParseJson(text);
    if (error == simdjson::NUMBER_ERROR || text.find("-0") != std::string::npos) continue;
    ASSERT_EQ(value.ok(), error == simdjson::SUCCESS) << text;
    if (!value.ok()) continue;
    ++accepted;
    ASSERT_EQ(value.value(), Converted(element)) << text;
    ASSERT_EQ(ParseJson(ToJson(value.value())).value(), value.value()) << text;
  }
  EXPECT_GT(accepted, 5000);
}

}  // namespace
}  // namespace kith
