// From an operation to a catalog batch and the changes in memory that follow it.
//
// A planner serves the writes of one group: operations see what those before them in the group
// will have done, though nothing is committed yet.  Thread-compatible; used by the one writer.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/result.h"
#include "engine/collection/collection_config.h"
#include "engine/collection/point.h"
#include "engine/collection/slot_table.h"
#include "storage/catalog.h"

namespace kith {

// What becomes of one point in memory.
struct PointChange {
  struct Vector {
    std::size_t field = 0;      // position in the order of names
    std::vector<float> vector;  // as stored; empty: the point has none from now on
  };
  PointId id;
  std::uint32_t slot = 0;
  bool created = false, deleted = false;
  std::optional<JsonObject> payload;  // set: the payload from now on
  std::vector<Vector> vectors;
};

struct PlannedWrite {
  CatalogBatch batch;
  std::vector<PointChange> changes;
};

// Where new points get their slots.
struct SlotSupply {
  std::vector<std::uint32_t> free;  // of points deleted before the collection was opened
  std::uint32_t next = 0;
};

// The vector as it is stored: normalised for cosine, rounded for f16.
// Errors: kInvalidArgument (size, NaN, infinity, for u8 a value that is no whole number 0..255).
Result<std::vector<float>> PrepareVector(const VectorConfig& config, const std::string& name,
                                         std::span<const float> vector);
// Its bytes in the catalog, and back.
std::vector<std::byte> VectorBytes(const VectorConfig& config, std::span<const float> vector);
Result<std::vector<float>> VectorFromBytes(const VectorConfig& config, std::string_view bytes);

class WritePlanner {
 public:
  // Slots of the points that a filter holds for, by what is committed.
  using FilterSlots = std::function<Result<std::vector<std::uint32_t>>(const Filter&)>;

  // Borrows everything.  `supply` is changed: the caller keeps a copy for the case that the commit
  // fails.
  WritePlanner(const CollectionConfig& config, const SlotTable& slots, const Catalog& catalog,
               FilterSlots filter_slots, SlotSupply& supply);

  // `sequence` is the number the batch will have.  After an error nothing of it counts.
  Result<PlannedWrite> Plan(const Operation& operation, std::uint64_t sequence);

 private:
  struct Field {
    const std::string* name;
    const VectorConfig* config;
  };
  struct Target {
    PointId id;
    std::uint32_t slot = 0;
  };

  Status Apply(const UpsertPoints& operation);
  Status Apply(const DeletePoints& operation);
  Status Apply(const SetPayload& operation);
  Status Apply(const OverwritePayload& operation);
  Status Apply(const DeletePayloadKeys& operation);
  Status Apply(const ClearPayload& operation);
  Status Apply(const UpdateVectors& operation);
  Status Apply(const DeleteVectors& operation);

  Status Upsert(const Point& point, UpsertPoints::Mode mode);
  Status AddVectors(const NamedVectors& vectors, PointChange& change);
  std::optional<std::uint32_t> Find(const PointId& id) const;
  Result<std::vector<Target>> Select(const PointSelector& selector) const;
  Result<JsonObject> PayloadOf(std::uint32_t slot) const;
  // Calls edit(payload) for each point selected and records the outcome.
  Status EditPayloads(const PointSelector& selector,
                      const std::function<void(JsonObject& payload)>& edit);
  void PutPayload(PointChange& change, JsonObject payload);
  PointChange& Touch(const Target& target);
  std::uint32_t NewSlot();

  const CollectionConfig& config_;
  const SlotTable& slots_;
  const Catalog& catalog_;
  FilterSlots filter_slots_;
  SlotSupply& supply_;
  std::vector<Field> fields_;

  // Of the write under way, and of those of the group before it.
  PlannedWrite plan_;
  std::uint64_t sequence_ = 0;
  std::unordered_map<PointId, std::optional<std::uint32_t>> ids_, ids_before_;
  std::unordered_map<std::uint32_t, JsonObject> payloads_, payloads_before_;
};

}  // namespace kith
