#include "bench/json_writer.h"

#include <gtest/gtest.h>

#include <limits>

namespace kith {
namespace {

TEST(JsonWriterTest, SeparatesValuesByCommasWhereverTheyStand) {
  JsonWriter json;
  json.BeginObject().Key("a").BeginArray().Number(1).BeginObject().EndObject().Bool(true);
  json.EndArray().Key("b").String("x").Key("c").BeginArray().EndArray().EndObject();
  EXPECT_EQ(json.text(), R"({"a":[1,{},true],"b":"x","c":[]})");
}

TEST(JsonWriterTest, EscapesQuotesBackslashesAndControlCharacters) {
  JsonWriter json;
  json.String("a\"b\\c\n\x01");
  EXPECT_EQ(json.text(), "\"a\\\"b\\\\c\\u000a\\u0001\"");
}

TEST(JsonWriterTest, WritesWholeNumbersWholeAndNothingThatJsonCannotSay) {
  JsonWriter json;
  json.BeginArray().Number(1e12).Number(0.5).Number(-3).Number(1e-20);
  json.Number(std::numeric_limits<double>::infinity()).EndArray();
  EXPECT_EQ(json.text(), "[1000000000000,0.5,-3,1e-20,null]");
}

}  // namespace
}  // namespace kith
