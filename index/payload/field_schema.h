// What kind of index a payload field has.
//
// Plain data.  Parsing and writing are pure functions, thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/json_value.h"
#include "core/result.h"
#include "index/payload/tokenizer.h"

namespace kith {

// The numbers are written to files.
enum class FieldKind : std::uint8_t {
  kKeyword = 0,  // strings, by value
  kInteger = 1,  // integers, by value and by range
  kFloat = 2,    // numbers, by range
  kBool = 3,
  kDatetime = 4,  // strings that are datetimes, by range
  kUuid = 5,      // strings that are UUIDs, by value
  kGeo = 6,       // {"lon", "lat"}, by region
  kText = 7,      // strings, by token
};
inline constexpr std::uint8_t kFieldKinds = 8;

struct FieldSchema {
  FieldKind kind = FieldKind::kKeyword;
  bool lookup = true, range = true;  // kInteger: match by value; range and order_by
  TextParams text = {};              // kText
  friend bool operator==(const FieldSchema&, const FieldSchema&) = default;
};

std::string_view FieldKindName(FieldKind kind);  // "keyword", ...

// Qdrant's field_schema: a name, or {"type": name, ...}.  Parameters that only say where an index
// lies (on_disk, memory, is_tenant, is_principal, enable_hnsw, prefix) are accepted and have no
// effect.  Errors: kInvalidArgument, kUnsupported (stemmer, stopwords, ascii_folding).
Result<FieldSchema> ParseFieldSchema(const JsonValue& json);

// The parameters as {"type": name, ...}, which ParseFieldSchema reads as the same schema.
JsonValue FieldSchemaJson(const FieldSchema& schema);

}  // namespace kith
