#include "engine/collection/write_planner.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "core/distance.h"
#include "core/half.h"
#include "engine/collection/collection.h"
#include "engine/collection/payload_edit.h"
#include "index/vector_index.h"
#include "storage/json_parser.h"

namespace kith {
namespace {

Error Invalid(std::string message) {
  return Error{ErrorCode::kInvalidArgument, std::move(message)};
}

}  // namespace

Result<std::vector<float>> PrepareVector(const VectorConfig& config, const std::string& name,
                                         std::span<const float> vector) {
  TRY(CheckVectorSize(config, name, vector.size()));
  TRY(CheckFinite(vector, name.empty() ? "the vector" : "vector '" + name + "'"));
  std::vector<float> prepared(vector.begin(), vector.end());
  if (config.metric == Metric::kCosine) (void)Normalize(prepared);  // zero stays zero
  if (config.rows == ExactKind::kU8) {
    for (const float x : prepared) {
      if (!(x >= 0 && x <= 255 && std::floor(x) == x)) {
        return Invalid("value " + std::to_string(x) +
                       " in a vector of datatype uint8: expected whole numbers 0 to 255");
      }
    }
  }
  if (config.rows == ExactKind::kF16) {
    for (float& x : prepared) {
      x = ToFloat(ToF16(x));
      if (!std::isfinite(x)) return Invalid("a value is too large for datatype float16");
    }
  }
  return prepared;
}

std::vector<std::byte> VectorBytes(const VectorConfig& config, std::span<const float> vector) {
  std::vector<std::byte> bytes;
  if (config.rows == ExactKind::kF32) {
    const auto raw = std::as_bytes(vector);
    bytes.assign(raw.begin(), raw.end());
  } else if (config.rows == ExactKind::kF16) {
    std::vector<F16> halves(vector.size());
    ToF16(vector, halves);
    const auto raw = std::as_bytes(std::span(halves));
    bytes.assign(raw.begin(), raw.end());
  } else {
    for (const float x : vector) bytes.push_back(static_cast<std::byte>(x));
  }
  return bytes;
}

Result<std::vector<float>> VectorFromBytes(const VectorConfig& config, std::string_view bytes) {
  const std::size_t width = config.rows == ExactKind::kF32   ? 4
                            : config.rows == ExactKind::kF16 ? 2
                                                             : 1;
  if (bytes.size() != config.size * width) {
    return Error{ErrorCode::kCorruption, "a stored vector has " + std::to_string(bytes.size()) +
                                             " bytes, expected " +
                                             std::to_string(config.size * width)};
  }
  std::vector<float> vector(config.size);
  if (config.rows == ExactKind::kF32) {
    std::memcpy(vector.data(), bytes.data(), bytes.size());
  } else if (config.rows == ExactKind::kF16) {
    std::vector<F16> halves(config.size);  // the bytes need not be aligned
    std::memcpy(halves.data(), bytes.data(), bytes.size());
    ToFloat(halves, vector);
  } else {
    std::copy_n(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), vector.begin());
  }
  return vector;
}

WritePlanner::WritePlanner(const CollectionConfig& config, const SlotTable& slots,
                           const Catalog& catalog, FilterSlots filter_slots, SlotSupply& supply)
    : config_(config),
      slots_(slots),
      catalog_(catalog),
      filter_slots_(std::move(filter_slots)),
      supply_(supply) {
  for (const auto& [name, vector] : config_.vectors) fields_.push_back({&name, &vector});
}

Result<PlannedWrite> WritePlanner::Plan(const Operation& operation, std::uint64_t sequence) {
  plan_ = {};
  sequence_ = sequence;
  const SlotSupply supply_before = supply_;
  const Status planned = std::visit([&](const auto& o) { return Apply(o); }, operation);
  Status limits = plan_.batch.CheckLimits();
  if (!planned.ok() || !limits.ok()) {
    supply_ = supply_before;
    ids_.clear();
    payloads_.clear();
    return planned.ok() ? std::move(limits).error() : planned.error();
  }
  for (auto& [id, slot] : ids_) ids_before_[id] = slot;
  for (auto& [slot, payload] : payloads_) payloads_before_[slot] = std::move(payload);
  ids_.clear();
  payloads_.clear();
  return std::move(plan_);
}

std::optional<std::uint32_t> WritePlanner::Find(const PointId& id) const {
  for (const auto* overlay : {&ids_, &ids_before_}) {
    if (const auto found = overlay->find(id); found != overlay->end()) return found->second;
  }
  return slots_.FindId(id);
}

std::uint32_t WritePlanner::NewSlot() {
  if (supply_.free.empty()) return supply_.next++;
  const std::uint32_t slot = supply_.free.back();
  supply_.free.pop_back();
  return slot;
}

Result<std::vector<WritePlanner::Target>> WritePlanner::Select(
    const PointSelector& selector) const {
  std::vector<Target> targets;
  if (selector.filter) {
    const std::vector<std::uint32_t> slots = TRY(filter_slots_(*selector.filter));
    for (const std::uint32_t slot : slots) targets.push_back({slots_.IdOf(slot), slot});
    return targets;
  }
  for (const PointId& id : selector.ids) {
    const std::optional<std::uint32_t> slot = Find(id);
    if (slot) targets.push_back({id, *slot});
  }
  return targets;
}

PointChange& WritePlanner::Touch(const Target& target) {
  plan_.batch.PutPoint(target.slot, target.id, sequence_);
  plan_.changes.push_back({.id = target.id, .slot = target.slot, .payload = {}, .vectors = {}});
  return plan_.changes.back();
}

void WritePlanner::PutPayload(PointChange& change, JsonObject payload) {
  if (payload.empty()) {
    plan_.batch.DeletePayload(change.slot);
  } else {
    plan_.batch.PutPayload(change.slot, ToJson(JsonValue(payload)));
  }
  payloads_[change.slot] = payload;
  change.payload = std::move(payload);
}

Status WritePlanner::AddVectors(const NamedVectors& vectors, PointChange& change) {
  for (const auto& [name, vector] : vectors) {
    const std::size_t field = TRY(FieldPosition(config_, name));
    const VectorConfig& config = *fields_[field].config;
    std::vector<float> prepared = TRY(PrepareVector(config, name, vector));
    plan_.batch.PutVector({config.field, change.slot}, VectorBytes(config, prepared));
    change.vectors.push_back({field, std::move(prepared)});
  }
  return {};
}

Status WritePlanner::Upsert(const Point& point, UpsertPoints::Mode mode) {
  std::optional<std::uint32_t> slot = Find(point.id);
  if (slot && mode == UpsertPoints::Mode::kInsertOnly) return {};
  if (!slot && mode == UpsertPoints::Mode::kUpdateOnly) return {};
  const bool created = !slot;
  if (created) {
    slot = NewSlot();
    if (*slot >= kPayloadSlotsMax) {
      return Error{
          ErrorCode::kResourceExhausted,
          "the collection is full: " + std::to_string(kPayloadSlotsMax) + " points are the most"};
    }
    ids_[point.id] = slot;
  }
  PointChange& change = Touch({point.id, *slot});
  change.created = created;
  PutPayload(change, point.payload);
  if (!created) {
    for (std::size_t field = 0; field < fields_.size(); ++field) {
      if (point.vectors.count(*fields_[field].name) > 0) continue;
      plan_.batch.DeleteVector({fields_[field].config->field, *slot});
      change.vectors.push_back({field, {}});
    }
  }
  return AddVectors(point.vectors, change);
}

Status WritePlanner::Apply(const UpsertPoints& operation) {
  if (operation.points.size() > kWritePointsMax) {
    return Invalid(std::to_string(operation.points.size()) +
                   " points in one write, expected up to " + std::to_string(kWritePointsMax));
  }
  for (const Point& point : operation.points) TRY(Upsert(point, operation.mode));
  return {};
}

Status WritePlanner::Apply(const DeletePoints& operation) {
  for (const Target& target : TRY(Select(operation.points))) {
    if (!operation.points.filter && !Find(target.id)) continue;  // named twice
    plan_.batch.DeletePoint(target.slot, target.id);
    plan_.batch.DeletePayload(target.slot);
    for (const Field& field : fields_) {
      plan_.batch.DeleteVector({field.config->field, target.slot});
    }
    plan_.changes.push_back(
        {.id = target.id, .slot = target.slot, .deleted = true, .payload = {}, .vectors = {}});
    ids_[target.id] = std::nullopt;
    payloads_.erase(target.slot);
  }
  return {};
}

Result<JsonObject> WritePlanner::PayloadOf(std::uint32_t slot) const {
  for (const auto* overlay : {&payloads_, &payloads_before_}) {
    if (const auto found = overlay->find(slot); found != overlay->end()) return found->second;
  }
  const std::optional<std::string> stored = TRY(catalog_.GetPayload(slot));
  if (!stored) return JsonObject();
  JsonValue payload = TRY(ParseJson(*stored));
  if (!payload.is_object()) {
    return Error{ErrorCode::kCorruption, "a stored payload is no object"};
  }
  return std::move(payload.object());
}

Status WritePlanner::EditPayloads(const PointSelector& selector,
                                  const std::function<void(JsonObject&)>& edit) {
  for (const Target& target : TRY(Select(selector))) {
    JsonObject payload = TRY(PayloadOf(target.slot));
    edit(payload);
    PutPayload(Touch(target), std::move(payload));
  }
  return {};
}

Status WritePlanner::Apply(const SetPayload& operation) {
  return EditPayloads(operation.points, [&](JsonObject& payload) {
    SetMembersAt(payload, operation.key, operation.payload);
  });
}

Status WritePlanner::Apply(const OverwritePayload& operation) {
  for (const Target& target : TRY(Select(operation.points))) {
    PutPayload(Touch(target), operation.payload);
  }
  return {};
}

Status WritePlanner::Apply(const DeletePayloadKeys& operation) {
  return EditPayloads(operation.points, [&](JsonObject& payload) {
    for (const JsonPath& key : operation.keys) EraseAt(payload, key);
  });
}

Status WritePlanner::Apply(const ClearPayload& operation) {
  for (const Target& target : TRY(Select(operation.points))) {
    PutPayload(Touch(target), JsonObject());
  }
  return {};
}

Status WritePlanner::Apply(const UpdateVectors& operation) {
  for (const UpdateVectors::Entry& entry : operation.points) {
    const std::optional<std::uint32_t> slot = Find(entry.id);
    if (!slot) {
      return Error{ErrorCode::kNotFound,
                   "Not found: No point with id " + entry.id.ToString() + " found"};
    }
    TRY(AddVectors(entry.vectors, Touch({entry.id, *slot})));
  }
  return {};
}

Status WritePlanner::Apply(const DeleteVectors& operation) {
  for (const Target& target : TRY(Select(operation.points))) {
    PointChange& change = Touch(target);
    for (const std::string& name : operation.names) {
      const std::size_t field = TRY(FieldPosition(config_, name));
      plan_.batch.DeleteVector({fields_[field].config->field, target.slot});
      change.vectors.push_back({field, {}});
    }
  }
  return {};
}

}  // namespace kith
