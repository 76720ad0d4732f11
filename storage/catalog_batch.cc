#include "storage/catalog_batch.h"

#include <algorithm>
#include <cassert>

namespace kith {
namespace {

Error TooLong(const std::string& what, std::size_t found, std::size_t bytes_max) {
  return Error{ErrorCode::kInvalidArgument, what + ": " + std::to_string(found) +
                                                " bytes, at most " + std::to_string(bytes_max)};
}

bool HasSlot(CatalogBatch::Kind kind) {
  return kind != CatalogBatch::Kind::kPutMeta && kind != CatalogBatch::Kind::kDeleteMeta;
}

}  // namespace

void CatalogBatch::PutPoint(std::uint32_t slot, const PointId& id, std::uint64_t version) {
  Add(Kind::kPutPoint, {.slot = slot}, id.Key(), {}, version);
}
void CatalogBatch::DeletePoint(std::uint32_t slot, const PointId& id) {
  Add(Kind::kDeletePoint, {.slot = slot}, id.Key(), {});
}
void CatalogBatch::PutPayload(std::uint32_t slot, std::string_view json) {
  Add(Kind::kPutPayload, {.slot = slot}, {}, json);
}
void CatalogBatch::DeletePayload(std::uint32_t slot) {
  Add(Kind::kDeletePayload, {.slot = slot}, {}, {});
}
void CatalogBatch::PutVector(VectorKey where, std::span<const std::byte> bytes) {
  Add(Kind::kPutVector, where, {}, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}
void CatalogBatch::DeleteVector(VectorKey where) { Add(Kind::kDeleteVector, where, {}, {}); }
void CatalogBatch::PutMeta(std::string_view name, std::string_view value) {
  Add(Kind::kPutMeta, {}, name, value);
}
void CatalogBatch::DeleteMeta(std::string_view name) { Add(Kind::kDeleteMeta, {}, name, {}); }
void CatalogBatch::Touch(std::uint32_t slot) { Add(Kind::kTouch, {.slot = slot}, {}, {}); }

void CatalogBatch::Clear() {
  steps_.clear();
  bytes_.clear();
  over_limit_.reset();
}

void CatalogBatch::Add(Kind kind, VectorKey where, std::string_view key, std::string_view value,
                       std::uint64_t version) {
  if (over_limit_) return;  // nothing of it will be committed
  CheckLimits(kind, where, key, value);
  if (over_limit_) return;
  steps_.push_back({.version = version,
                    .begin = bytes_.size(),
                    .key_bytes = static_cast<std::uint32_t>(key.size()),
                    .value_bytes = static_cast<std::uint32_t>(value.size()),
                    .slot = where.slot,
                    .field = where.field,
                    .kind = kind});
  bytes_.append(key);
  bytes_.append(value);
}

void CatalogBatch::CheckLimits(Kind kind, VectorKey where, std::string_view key,
                               std::string_view value) {
  if (kind == Kind::kPutPayload && value.size() > kCatalogPayloadBytesMax) {
    over_limit_ = TooLong("payload of slot " + std::to_string(where.slot), value.size(),
                          kCatalogPayloadBytesMax);
  } else if (kind == Kind::kPutVector && value.size() > kCatalogVectorBytesMax) {
    over_limit_ = TooLong(
        "vector of field " + std::to_string(where.field) + ", slot " + std::to_string(where.slot),
        value.size(), kCatalogVectorBytesMax);
  } else if (!HasSlot(kind) && key.size() > kCatalogMetaNameBytesMax) {
    over_limit_ = TooLong("name of a meta value", key.size(), kCatalogMetaNameBytesMax);
  } else if (kind == Kind::kPutMeta && value.size() > kCatalogMetaBytesMax) {
    over_limit_ =
        TooLong("meta value \"" + std::string(key) + "\"", value.size(), kCatalogMetaBytesMax);
  } else if (bytes() + sizeof(Record) + key.size() + value.size() > kCatalogBatchBytesMax) {
    over_limit_ = Error{
        ErrorCode::kResourceExhausted,
        "batch: more than " + std::to_string(kCatalogBatchBytesMax) + " bytes: commit it in parts"};
  }
}

Status CatalogBatch::CheckLimits() const {
  if (over_limit_) return *over_limit_;
  return {};
}

CatalogBatch::Step CatalogBatch::step(std::size_t i) const {
  assert(i < steps_.size());
  const Record& record = steps_[i];
  const std::string_view bytes = bytes_;
  return {.kind = record.kind,
          .where = {.field = record.field, .slot = record.slot},
          .version = record.version,
          .key = bytes.substr(record.begin, record.key_bytes),
          .value = bytes.substr(record.begin + record.key_bytes, record.value_bytes)};
}

std::vector<std::uint32_t> CatalogBatch::Slots() const {
  std::vector<std::uint32_t> slots;
  for (const Record& record : steps_) {
    if (HasSlot(record.kind)) slots.push_back(record.slot);
  }
  std::sort(slots.begin(), slots.end());
  slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
  return slots;
}

}  // namespace kith
