#include "index/payload/field_schema.h"

#include <gtest/gtest.h>

#include "storage/json_parser.h"
#include "tests/index/payload/random_payload.h"

namespace kith {
namespace {

std::string Error(std::string_view json) {
  const Result<FieldSchema> schema = ParseFieldSchema(ParseJson(json).value());
  return schema.ok() ? "none" : schema.error().message;
}

TEST(FieldSchemaTest, ReadsNamesAndObjects) {
  for (std::uint8_t kind = 0; kind < kFieldKinds; ++kind) {
    const std::string_view name = FieldKindName(static_cast<FieldKind>(kind));
    EXPECT_EQ(ParseFieldSchema(name).value().kind, static_cast<FieldKind>(kind));
  }
  const FieldSchema text = ParseFieldSchema(ParseJson(R"({"type":"text","tokenizer":"prefix",
      "min_token_len":2,"max_token_len":9,"lowercase":false,"phrase_matching":true,"on_disk":true,
      "stemmer":null})")
                                                .value())
                               .value();
  EXPECT_EQ(text.text.tokenizer, Tokenizer::kPrefix);
  EXPECT_EQ(text.text.min_token_len, 2u);
  EXPECT_EQ(text.text.max_token_len, 9u);
  EXPECT_FALSE(text.text.lowercase);
  EXPECT_TRUE(text.text.phrase_matching);
  EXPECT_EQ(Error(R"({"type":"keyword","is_tenant":true,"on_disk":false})"), "none");
  EXPECT_EQ(Error(R"({"type":"integer","is_principal":true,"lookup":false})"), "none");
  EXPECT_EQ(Error(R"({"type":"text","tokenizer":"multilingual"})"), "none");
}

TEST(FieldSchemaTest, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(
      Error("\"number\""),
      "field_schema: unknown type 'number', expected keyword, integer, float, bool, datetime, "
      "uuid, geo or text");
  EXPECT_EQ(Error("{}"), "field_schema: missing 'type'");
  EXPECT_EQ(Error(R"({"type":"bool","lookup":true})"),
            "field_schema: unknown key 'lookup', expected type, on_disk, memory, enable_hnsw");
  EXPECT_EQ(Error(R"({"type":"integer","lookup":false,"range":false})"),
            "field_schema: expected lookup, range or both, found neither");
  EXPECT_EQ(
      Error(R"({"type":"text","tokenizer":"chinese"})"),
      "field_schema.tokenizer: unknown tokenizer 'chinese', expected word, whitespace, prefix "
      "or multilingual");
  EXPECT_EQ(Error(R"({"type":"text","min_token_len":5,"max_token_len":4})"),
            "field_schema: min_token_len is above max_token_len");
  EXPECT_EQ(Error("7"), "field_schema: expected an object, found a number");
  const Result<FieldSchema> stemmer =
      ParseFieldSchema(ParseJson(R"({"type":"text","stemmer":{"type":"snowball"}})").value());
  ASSERT_FALSE(stemmer.ok());
  EXPECT_EQ(stemmer.error().code, ErrorCode::kUnsupported);
}

TEST(FieldSchemaTest, ReadsWhatItWrites) {
  RandomPayloads random(1);
  for (int i = 0; i < 300; ++i) {
    const FieldSchema schema = random.Schema(random.AnyPlace().key);
    const JsonValue json = FieldSchemaJson(schema);
    ASSERT_EQ(ParseFieldSchema(json).value(), schema) << ToJson(json);
  }
}

}  // namespace
}  // namespace kith
