#include "core/json_value.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include "core/random.h"

namespace kith {
namespace {

TEST(JsonValueTest, KeepsIntegersExactAndByTheSmallestKind) {
  EXPECT_EQ(JsonValue(7u).kind(), JsonValue::Kind::kInt);
  EXPECT_EQ(JsonValue(std::uint64_t{7}), JsonValue(7));
  const std::uint64_t beyond = std::uint64_t{1} << 63;
  EXPECT_EQ(JsonValue(beyond).kind(), JsonValue::Kind::kUint);
  EXPECT_EQ(JsonValue(beyond).AsUint64(), beyond);
  EXPECT_EQ(JsonValue(beyond).AsInt64(), std::nullopt);
  EXPECT_EQ(JsonValue(-1).AsUint64(), std::nullopt);
  EXPECT_EQ(JsonValue(-1).AsDouble(), -1.0);
  EXPECT_EQ(JsonValue(1.0).AsInt64(), std::nullopt);
  EXPECT_EQ(JsonValue("1").AsDouble(), std::nullopt);
  EXPECT_NE(JsonValue(1.0), JsonValue(1));
  EXPECT_EQ(ToJson(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(ToJson(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
}

TEST(JsonValueTest, WritesDoublesThatReadBackAsTheSame) {
  RandomStream random(1, 0);
  for (int i = 0; i < 10000; ++i) {
    double value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    if (i % 2 == 0) value = static_cast<float>(random.Normal());
    const std::string text = ToJson(value);
    double back = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), back);
    ASSERT_TRUE(error == std::errc() && end == text.data() + text.size()) << text;
    ASSERT_EQ(back, value);
    ASSERT_NE(text.find_first_of(".e"), std::string::npos) << text;
  }
  EXPECT_EQ(ToJson(0.1), "0.1");
  EXPECT_EQ(ToJson(3.0), "3.0");
  EXPECT_EQ(ToJson(-0.0), "-0.0");
  EXPECT_EQ(ToJson(1e300), "1e+300");
  EXPECT_EQ(ToJson(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(ToJson(std::nan("")), "null");
}

TEST(JsonValueTest, EscapesWhatJsonDoesNotAllowInStrings) {
  EXPECT_EQ(ToJson("a\"b\\c/\n\r\t\b\f\x01\x1f\x7f\xC3\xA9"),
            "\"a\\\"b\\\\c/\\n\\r\\t\\b\\f\\u0001\\u001f\x7f\xC3\xA9\"");
  EXPECT_EQ(ToJson(std::string("\0", 1)), "\"\\u0000\"");
  JsonObject object;
  object.Set("\"", JsonArray{nullptr, true, false, JsonArray(), JsonObject()});
  EXPECT_EQ(ToJson(object), R"({"\"":[null,true,false,[],{}]})");
}

TEST(JsonValueTest, ObjectsKeepTheOrderOfKeysAndTheLastOfEqualOnes) {
  JsonObject object;
  object.Set("b", 1);
  object.Set("a", 2);
  object.Set("b", 3);
  EXPECT_EQ(ToJson(object), R"({"b":3,"a":2})");
  EXPECT_TRUE(object.Erase("b"));
  EXPECT_FALSE(object.Erase("b"));
  EXPECT_EQ(ToJson(object), R"({"a":2})");
}

TEST(JsonValueTest, LargeObjectsFindWhatSmallOnesFind) {
  RandomStream random(2, 0);
  JsonObject object;
  std::vector<std::string> keys;  // as an object should have them
  for (int i = 0; i < 3000; ++i) {
    const std::string key = "key" + std::to_string(random.Below(200));
    const auto at = std::find(keys.begin(), keys.end(), key);
    if (random.Below(3) == 0) {
      ASSERT_EQ(object.Erase(key), at != keys.end());
      if (at != keys.end()) keys.erase(at);
    } else {
      object.Set(key, i);
      if (at == keys.end()) keys.push_back(key);
      ASSERT_EQ(object.Find(key)->AsInt64(), i);
    }
    ASSERT_EQ(object.size(), keys.size());
    ASSERT_EQ(object.Find("missing"), nullptr);
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    EXPECT_EQ(object.members()[i].key, keys[i]);
    EXPECT_EQ(object.Find(keys[i]), &object.members()[i].value);
  }
}

TEST(JsonValueTest, ObjectsAreEqualWhateverTheirOrder) {
  JsonObject a, b;
  a.Set("x", 1);
  a.Set("y", JsonArray{1, "two"});
  b.Set("y", JsonArray{1, "two"});
  EXPECT_NE(JsonValue(a), JsonValue(b));
  b.Set("x", 1);
  EXPECT_EQ(JsonValue(a), JsonValue(b));
  b.Set("x", nullptr);
  EXPECT_NE(JsonValue(a), JsonValue(b));
  EXPECT_NE(JsonValue(JsonArray{1, 2}), JsonValue(JsonArray{2, 1}));
  EXPECT_EQ(JsonValue(), JsonValue(nullptr));
  EXPECT_NE(JsonValue(), JsonValue(false));
}

TEST(JsonValueTest, FindsMembersOfObjectsOnly) {
  JsonObject object;
  object.Set("x", 1);
  EXPECT_EQ(*JsonValue(object).Find("x"), JsonValue(1));
  EXPECT_EQ(JsonValue(object).Find("y"), nullptr);
  EXPECT_EQ(JsonValue(JsonArray{1}).Find("x"), nullptr);
}

TEST(JsonValueTest, CopiesAreIndependent) {
  JsonValue a(JsonArray{1, 2});
  JsonValue b = a;
  b.array()[0] = "changed";
  EXPECT_EQ(ToJson(a), "[1,2]");
  EXPECT_EQ(ToJson(b), "[\"changed\",2]");
  EXPECT_EQ(JsonKindName(a), "an array");
}

}  // namespace
}  // namespace kith
