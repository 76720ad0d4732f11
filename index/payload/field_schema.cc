#include "index/payload/field_schema.h"

#include <algorithm>
#include <array>
#include <string>

#include "index/payload/json_fields.h"

namespace kith {
namespace {

constexpr std::array<std::string_view, kFieldKinds> kKindNames = {
    "keyword", "integer", "float", "bool", "datetime", "uuid", "geo", "text"};
constexpr std::uint32_t kTokenLenMax = 1024;

Error Invalid(std::string message) {
  return Error{ErrorCode::kInvalidArgument, std::move(message)};
}

Result<FieldKind> KindAt(const JsonValue& json, const std::string& where) {
  const std::string name = TRY(StringAt(json, where));
  const auto found = std::find(kKindNames.begin(), kKindNames.end(), name);
  if (found != kKindNames.end()) return static_cast<FieldKind>(found - kKindNames.begin());
  return Invalid(where + ": unknown type '" + name.substr(0, 64) +
                 "', expected keyword, integer, float, bool, datetime, uuid, geo or text");
}

Result<Tokenizer> TokenizerAt(const JsonValue& json, const std::string& where) {
  const std::string name = TRY(StringAt(json, where));
  if (name == "word" || name == "multilingual") return Tokenizer::kWord;
  if (name == "whitespace") return Tokenizer::kWhitespace;
  if (name == "prefix") return Tokenizer::kPrefix;
  return Invalid(where + ": unknown tokenizer '" + name.substr(0, 64) +
                 "', expected word, whitespace, prefix or multilingual");
}

Result<std::optional<std::uint32_t>> LengthAt(const JsonValue* json, const std::string& where) {
  if (json == nullptr) return std::optional<std::uint32_t>();
  const std::uint64_t length = TRY(UnsignedAt(*json, where));
  if (length <= kTokenLenMax) return std::optional(static_cast<std::uint32_t>(length));
  return Invalid(where + ": expected at most " + std::to_string(kTokenLenMax) +
                 " characters, found " + std::to_string(length));
}

// A bool, or `otherwise` where there is none.
Result<bool> FlagAt(const JsonValue* json, const std::string& where, bool otherwise) {
  if (json == nullptr) return otherwise;
  return BoolAt(*json, where);
}

Result<TextParams> TextParamsOf(JsonFields& fields) {
  TextParams params;
  if (const JsonValue* tokenizer = fields.Take("tokenizer")) {
    params.tokenizer = TRY(TokenizerAt(*tokenizer, fields.Where("tokenizer")));
  }
  params.lowercase = TRY(FlagAt(fields.Take("lowercase"), fields.Where("lowercase"), true));
  params.phrase_matching =
      TRY(FlagAt(fields.Take("phrase_matching"), fields.Where("phrase_matching"), false));
  params.min_token_len = TRY(LengthAt(fields.Take("min_token_len"), fields.Where("min_token_len")));
  params.max_token_len = TRY(LengthAt(fields.Take("max_token_len"), fields.Where("max_token_len")));
  if (params.min_token_len.value_or(0) > params.max_token_len.value_or(kTokenLenMax)) {
    return Invalid(fields.where() + ": min_token_len is above max_token_len");
  }
  for (const std::string_view key : {"stemmer", "stopwords", "ascii_folding"}) {
    const JsonValue* value = fields.Take(key);
    if (value == nullptr || *value == JsonValue(false)) continue;
    return Error{ErrorCode::kUnsupported, fields.Where(key) + ": not supported"};
  }
  return params;
}

}  // namespace

std::string_view FieldKindName(FieldKind kind) {
  return kKindNames[static_cast<std::size_t>(kind)];
}

Result<FieldSchema> ParseFieldSchema(const JsonValue& json) {
  FieldSchema schema;
  if (json.is_string()) {
    schema.kind = TRY(KindAt(json, "field_schema"));
    return schema;
  }
  JsonFields fields = TRY(JsonFields::Of(json, "field_schema"));
  const JsonValue* type = TRY(fields.Need("type"));
  schema.kind = TRY(KindAt(*type, "field_schema.type"));
  for (const std::string_view key : {"on_disk", "memory", "enable_hnsw"}) (void)fields.Take(key);
  switch (schema.kind) {
    case FieldKind::kKeyword:
      (void)fields.Take("is_tenant");
      (void)fields.Take("prefix");
      break;
    case FieldKind::kUuid:
      (void)fields.Take("is_tenant");
      break;
    case FieldKind::kInteger:
      schema.lookup = TRY(FlagAt(fields.Take("lookup"), fields.Where("lookup"), true));
      schema.range = TRY(FlagAt(fields.Take("range"), fields.Where("range"), true));
      (void)fields.Take("is_principal");
      if (!schema.lookup && !schema.range) {
        return Invalid("field_schema: expected lookup, range or both, found neither");
      }
      break;
    case FieldKind::kFloat:
    case FieldKind::kDatetime:
      (void)fields.Take("is_principal");
      break;
    case FieldKind::kText:
      schema.text = TRY(TextParamsOf(fields));
      break;
    default:
      break;
  }
  TRY(fields.Done());
  return schema;
}

JsonValue FieldSchemaJson(const FieldSchema& schema) {
  JsonObject json;
  json.Set("type", FieldKindName(schema.kind));
  if (schema.kind == FieldKind::kInteger) {
    json.Set("lookup", schema.lookup);
    json.Set("range", schema.range);
  }
  if (schema.kind == FieldKind::kText) {
    constexpr const char* kTokenizers[] = {"word", "whitespace", "prefix"};
    json.Set("tokenizer", kTokenizers[static_cast<std::size_t>(schema.text.tokenizer)]);
    json.Set("lowercase", schema.text.lowercase);
    if (schema.text.min_token_len) json.Set("min_token_len", *schema.text.min_token_len);
    if (schema.text.max_token_len) json.Set("max_token_len", *schema.text.max_token_len);
    json.Set("phrase_matching", schema.text.phrase_matching);
  }
  return json;
}

}  // namespace kith
