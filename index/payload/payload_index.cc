#include "index/payload/payload_index.h"

#include <algorithm>
#include <cassert>

#include "index/payload/filter_selection.h"
#include "index/payload/payload_field.h"

namespace kith {
namespace {

// Whether `a` stands before `b` among values of one index.
bool Before(const JsonValue& a, const JsonValue& b) {
  if (a.is_string() && b.is_string()) return a.string() < b.string();
  if (a.is_bool() && b.is_bool()) return a.boolean() < b.boolean();
  return a.AsInt64() < b.AsInt64();
}

}  // namespace

PayloadIndex::PayloadIndex() = default;
PayloadIndex::~PayloadIndex() = default;
PayloadIndex::PayloadIndex(PayloadIndex&& other) noexcept = default;
PayloadIndex& PayloadIndex::operator=(PayloadIndex&& other) noexcept = default;

PayloadField* PayloadIndex::Find(const JsonPath& path) const {
  for (const auto& field : fields_) {
    if (field->path == path) return field.get();
  }
  return nullptr;
}

Result<bool> PayloadIndex::AddField(const JsonPath& path, const FieldSchema& schema) {
  PayloadField* field = Find(path);
  if (field != nullptr && field->schema == schema) return false;
  if (field == nullptr && fields_.size() == kPayloadFieldsMax) {
    return Error{ErrorCode::kResourceExhausted,
                 "payload index: " + std::to_string(kPayloadFieldsMax) +
                     " fields are indexed, which is the most there may be"};
  }
  auto added = std::make_unique<PayloadField>(path, schema);
  if (field == nullptr) {
    fields_.push_back(std::move(added));
  } else {
    *field = std::move(*added);
  }
  if (schema.kind == FieldKind::kText) {
    text_fields_.Set(path, schema.text);
  } else {
    text_fields_.Remove(path);
  }
  return true;
}

Status PayloadIndex::TakeField(PayloadIndex& other, const JsonPath& path) {
  const auto taken =
      std::ranges::find_if(other.fields_, [&](const auto& field) { return field->path == path; });
  assert(taken != other.fields_.end());
  TRY(AddField(path, (*taken)->schema));  // checks the limit and keeps the list of text fields
  const std::unique_ptr<PayloadField> field = std::move(*taken);
  other.fields_.erase(taken);
  other.text_fields_.Remove(path);
  *Find(path) = std::move(*field);
  return {};
}

bool PayloadIndex::RemoveField(const JsonPath& path) {
  text_fields_.Remove(path);
  return std::erase_if(fields_, [&](const auto& field) { return field->path == path; }) > 0;
}

std::vector<FieldInfo> PayloadIndex::fields() const {
  std::vector<FieldInfo> infos;
  for (const auto& field : fields_) {
    infos.push_back({.path = field->path,
                     .schema = field->schema,
                     .points = field->index->points(),
                     .memory_bytes = field->memory_bytes()});
  }
  return infos;
}

const TextFields& PayloadIndex::text_fields() const { return text_fields_; }

void PayloadIndex::Put(Slot slot, const JsonValue& payload) {
  assert(slot < kPayloadSlotsMax);
  for (const auto& field : fields_) field->Put(slot, payload);
}

void PayloadIndex::PutField(const JsonPath& path, Slot slot, const JsonValue& payload) {
  assert(slot < kPayloadSlotsMax);
  if (PayloadField* field = Find(path)) field->Put(slot, payload);
}

void PayloadIndex::Erase(Slot slot) {
  for (const auto& field : fields_) field->Erase(slot);
}

namespace {

auto FieldsBehind(const std::vector<std::unique_ptr<PayloadField>>& fields) {
  return [&fields](const JsonPath& path) {
    for (const auto& field : fields) {
      if (field->path == path) return IndexedField{field->index.get(), &field->presence};
    }
    return IndexedField{};
  };
}

Error NoIndex(const JsonPath& path, const std::string& use, const std::string& kinds) {
  return Error{ErrorCode::kInvalidArgument, use + " needs a payload index of '" + path.ToString() +
                                                "': create one of type " + kinds};
}

}  // namespace

Selection PayloadIndex::Select(const Filter& filter, const SlotSet& live,
                               const FilterContext& context) const {
  return SelectSlots(filter, live, context, FieldsBehind(fields_));
}

CardinalityEstimate PayloadIndex::Estimate(const Filter& filter, std::uint64_t live_count,
                                           const FilterContext& context) const {
  return EstimateSlots(filter, live_count, context, FieldsBehind(fields_));
}

Result<std::vector<OrderedSlot>> PayloadIndex::Ordered(const OrderParams& params,
                                                       const SlotSet& within) const {
  if (const PayloadField* field = Find(params.key)) {
    if (auto ordered = field->index->Ordered(params, within)) return std::move(*ordered);
  }
  return NoIndex(params.key, "order_by", "integer (with range), float or datetime");
}

Result<std::vector<FacetHit>> PayloadIndex::Facet(const JsonPath& path, const SlotSet& within,
                                                  std::size_t limit) const {
  std::optional<std::vector<FacetHit>> hits;
  if (const PayloadField* field = Find(path)) hits = field->index->Facet(within);
  if (!hits) return NoIndex(path, "facet", "keyword, integer (with lookup), bool or uuid");
  const auto middle = hits->begin() + static_cast<std::ptrdiff_t>(std::min(limit, hits->size()));
  std::partial_sort(hits->begin(), middle, hits->end(), [](const FacetHit& a, const FacetHit& b) {
    return a.count != b.count ? a.count > b.count : Before(a.value, b.value);
  });
  hits->erase(middle, hits->end());
  return std::move(*hits);
}

std::size_t PayloadIndex::memory_bytes() const {
  std::size_t bytes = 0;
  for (const auto& field : fields_) bytes += field->memory_bytes();
  return bytes;
}

}  // namespace kith
