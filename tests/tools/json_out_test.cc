#include "tools/json_out.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>

#include <simdjson.h>

namespace kith {
namespace {

template <typename T>
std::string Written(T value) {
  std::string text;
  JsonWriter json(text);
  json.BeginArray();
  json.Element(value);
  json.End();
  return text;
}

TEST(JsonWriterTest, WritesNestedObjectsAndArraysWithCommasBetween) {
  std::string text;
  JsonWriter json(text);
  json.BeginObject();
  json.Field("a", 1);
  json.BeginArray("b");
  json.Element(true);
  json.BeginObject();
  json.End();
  json.BeginObject();
  json.Field("c", "x");
  json.End();
  json.Element(nullptr);
  json.End();
  json.Field("d", std::uint64_t{18446744073709551615u});
  json.Field("e", -7);
  json.End();
  EXPECT_EQ(text, R"({"a":1,"b":[true,{},{"c":"x"},null],"d":18446744073709551615,"e":-7})");
}

TEST(JsonWriterTest, WritesTheShortestDecimalOfEachFloatType) {
  EXPECT_EQ(Written(0.1), "[0.1]");
  EXPECT_EQ(Written(0.1f), "[0.1]");
  EXPECT_EQ(Written(0.95), "[0.95]");
  EXPECT_EQ(Written(1e300), "[1e+300]");
  EXPECT_EQ(Written(-0.5), "[-0.5]");
  EXPECT_EQ(Written(3.0), "[3.0]");
  EXPECT_EQ(Written(0x1p70), "[1180591620717411303424.0]");
}

TEST(JsonWriterTest, WritesNullForWhatJsonLacks) {
  EXPECT_EQ(Written(std::nan("")), "[null]");
  EXPECT_EQ(Written(std::numeric_limits<float>::infinity()), "[null]");
}

TEST(JsonWriterTest, EscapesWhatStringsMayNotHold) {
  EXPECT_EQ(Written("a\"b\\c\n\t\r\x01"), R"(["a\"b\\c\n\t\r\u0001"])");
  EXPECT_EQ(Written(std::string("nul\0x", 5)), R"(["nul\u0000x"])");
}

TEST(JsonWriterTest, KeepsUtf8AndReplacesEachByteThatIsNot) {
  EXPECT_EQ(Written("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"),
            "[\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"]");
  EXPECT_EQ(Written("\xc3"), "[\"\xef\xbf\xbd\"]");                                  // cut off
  EXPECT_EQ(Written("\xc0\xaf"), "[\"\xef\xbf\xbd\xef\xbf\xbd\"]");                  // overlong
  EXPECT_EQ(Written("\xed\xa0\x80"), "[\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"]");  // surrogate
}

TEST(JsonWriterTest, RandomNumbersAndStringsReadBackTheSame) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2000; ++round) {
    const double number =
        std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 200) - 150);
    std::string bytes(random() % 12, ' ');
    for (char& c : bytes) c = static_cast<char>(random() % 128);
    std::string text;
    JsonWriter json(text);
    json.BeginObject();
    json.Field("number", number);
    json.Field("text", bytes);
    json.End();
    simdjson::dom::parser parser;
    simdjson::dom::element document;
    ASSERT_EQ(parser.parse(text).get(document), simdjson::SUCCESS) << text;
    EXPECT_EQ(document["number"].get_double().value(), number);
    EXPECT_EQ(document["text"].get_string().value(), bytes);
  }
}

}  // namespace
}  // namespace kith
