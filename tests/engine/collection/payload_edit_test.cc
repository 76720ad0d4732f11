#include "engine/collection/payload_edit.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "storage/json_parser.h"

namespace kith {
namespace {

JsonObject Object(const std::string& json) { return ParseJson(json).value().object(); }
JsonPath Path(const std::string& text) { return JsonPath::Parse(text).value(); }

struct Edit {
  std::string before, path, after;
};

TEST(PayloadEditTest, MembersAreSetWhereThePathLeads) {
  for (const Edit& edit : {
           Edit{R"({"a":1})", "", R"({"a":1,"x":2})"},
           Edit{R"({"x":1,"b":3})", "", R"({"x":2,"b":3})"},
           Edit{R"({})", "a.b", R"({"a":{"b":{"x":2}}})"},
           Edit{R"({"a":{"c":1}})", "a", R"({"a":{"c":1,"x":2}})"},
           Edit{R"({"a":7})", "a", R"({"a":{"x":2}})"},
           Edit{R"({"a":[{},{"y":1},3]})", "a[]", R"({"a":[{"x":2},{"y":1,"x":2},{"x":2}]})"},
           Edit{R"({"a":[{},{}]})", "a[1]", R"({"a":[{},{"x":2}]})"},
           Edit{R"({"a":[{}]})", "a[5]", R"({"a":[{}]})"},
           Edit{R"({"a":{}})", "a[]", R"({"a":{}})"},
       }) {
    JsonObject payload = Object(edit.before);
    SetMembersAt(payload, edit.path.empty() ? JsonPath() : Path(edit.path), Object(R"({"x":2})"));
    EXPECT_EQ(ToJson(JsonValue(payload)), edit.after) << edit.path;
  }
}

TEST(PayloadEditTest, MembersAreCopiedWhereTheyStand) {
  const JsonObject payload = Object(R"({"a":{"b":1,"c":{"d":2}},"l":[{"x":1},{"x":2}],"s":"t"})");
  const auto members = [&](std::vector<std::string> texts) {
    std::vector<JsonPath> paths;
    for (const std::string& text : texts) paths.push_back(Path(text));
    return ToJson(JsonValue(MembersAt(payload, paths)));
  };
  EXPECT_EQ(members({"s"}), R"({"s":"t"})");
  EXPECT_EQ(members({"a.c.d", "a.b"}), R"({"a":{"c":{"d":2},"b":1}})");
  EXPECT_EQ(members({"a", "a.c"}), R"({"a":{"b":1,"c":{"d":2}}})");
  EXPECT_EQ(members({"l[].x"}), R"({"l":[{"x":1},{"x":2}]})");
  EXPECT_EQ(members({"s.x", "none", "a.none", "a.b.c"}), "{}");
}

TEST(PayloadEditTest, WhatIsAtThePathIsErased) {
  for (const Edit& edit : {
           Edit{R"({"a":1,"b":2})", "a", R"({"b":2})"},
           Edit{R"({"a":{"b":1,"c":2}})", "a.b", R"({"a":{"c":2}})"},
           Edit{R"({"a":[{"b":1,"c":2},{"b":3},4]})", "a[].b", R"({"a":[{"c":2},{},4]})"},
           Edit{R"({"a":[{"b":1},{"b":3}]})", "a[1].b", R"({"a":[{"b":1},{}]})"},
           Edit{R"({"a":[1,2]})", "a[0]", R"({"a":[1,2]})"},
           Edit{R"({"a":1})", "b.c", R"({"a":1})"},
           Edit{R"({"a":1})", "a.c", R"({"a":1})"},
       }) {
    JsonObject payload = Object(edit.before);
    EraseAt(payload, Path(edit.path));
    EXPECT_EQ(ToJson(JsonValue(payload)), edit.after) << edit.path;
  }
  JsonObject payload = Object(R"({"a":1})");
  EraseAt(payload, JsonPath());
  EXPECT_TRUE(payload.empty());
}

}  // namespace
}  // namespace kith
