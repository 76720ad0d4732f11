#include "index/payload/field_index.h"

#include "index/payload/bool_index.h"
#include "index/payload/datetime_index.h"
#include "index/payload/float_index.h"
#include "index/payload/geo_index.h"
#include "index/payload/integer_index.h"
#include "index/payload/keyword_index.h"
#include "index/payload/text_index.h"
#include "index/payload/uuid_index.h"

namespace kith {

std::unique_ptr<FieldIndex> NewFieldIndex(const FieldSchema& schema) {
  switch (schema.kind) {
    case FieldKind::kKeyword:
      return std::make_unique<KeywordIndex>();
    case FieldKind::kInteger:
      return std::make_unique<IntegerIndex>(schema.lookup, schema.range);
    case FieldKind::kFloat:
      return std::make_unique<FloatIndex>();
    case FieldKind::kBool:
      return std::make_unique<BoolIndex>();
    case FieldKind::kDatetime:
      return std::make_unique<DatetimeIndex>();
    case FieldKind::kUuid:
      return std::make_unique<UuidIndex>();
    case FieldKind::kGeo:
      return std::make_unique<GeoIndex>();
    case FieldKind::kText:
      return std::make_unique<TextIndex>(schema.text);
  }
  return nullptr;
}

}  // namespace kith
