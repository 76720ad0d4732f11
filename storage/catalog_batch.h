// Changes to a catalog that become durable together, or not at all.
//
// A list of calls, applied in order: of two calls for one row the later one counts.  Holds copies
// of what it is given; independent of any Catalog, so that it is built without touching the disk.
// Thread-compatible; a value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/point_id.h"
#include "core/result.h"

namespace kith {

inline constexpr std::size_t kCatalogPayloadBytesMax = std::size_t{16} << 20;
inline constexpr std::size_t kCatalogVectorBytesMax = std::size_t{1} << 20;
inline constexpr std::size_t kCatalogMetaBytesMax = std::size_t{1} << 20;
inline constexpr std::size_t kCatalogMetaNameBytesMax = 255;
inline constexpr std::size_t kCatalogBatchBytesMax = std::size_t{256} << 20;

// One stored vector: its field (a number the caller gives to each named vector) and slot.
struct VectorKey {
  std::uint16_t field = 0;
  std::uint32_t slot = 0;

  friend bool operator==(const VectorKey&, const VectorKey&) = default;
};

class CatalogBatch {
 public:
  enum class Kind : std::uint8_t {
    kPutPoint,
    kDeletePoint,
    kPutPayload,
    kDeletePayload,
    kPutVector,
    kDeleteVector,
    kPutMeta,
    kDeleteMeta,
    kTouch,
  };
  // One call as recorded.  Views borrow the batch.
  struct Step {
    Kind kind;
    VectorKey where;         // of points, payloads and touches the slot alone
    std::uint64_t version;   // of PutPoint
    std::string_view key;    // PointId::Key(), or the name of a meta value
    std::string_view value;  // payload, vector or meta value
  };

  // Every call with a slot also touches it: Catalog::ForEachChange names it.
  //
  // A point is the rows slot -> (id, version) and id -> slot.  REQUIRES: a slot that holds another
  // id, and an id that has another slot, are deleted first (here or in an earlier batch).
  void PutPoint(std::uint32_t slot, const PointId& id, std::uint64_t version);
  // Leaves payload and vectors alone: delete them too.  REQUIRES: `id` is what the slot holds.
  void DeletePoint(std::uint32_t slot, const PointId& id);
  void PutPayload(std::uint32_t slot, std::string_view json);
  void DeletePayload(std::uint32_t slot);
  void PutVector(VectorKey where, std::span<const std::byte> bytes);
  void DeleteVector(VectorKey where);
  void PutMeta(std::string_view name, std::string_view value);
  void DeleteMeta(std::string_view name);
  void Touch(std::uint32_t slot);

  bool empty() const { return steps_.empty(); }
  std::size_t size() const { return steps_.size(); }  // calls
  std::size_t bytes() const { return bytes_.size() + steps_.size() * sizeof(Record); }
  void Clear();

  // REQUIRES: i < size().
  Step step(std::size_t i) const;
  // Slots touched, ascending, each once.  O(n log n).
  std::vector<std::uint32_t> Slots() const;
  // kInvalidArgument for the first call over one of the limits above, kResourceExhausted when the
  // batch is.  Such a call and all later ones are not recorded; Catalog::Commit returns the error,
  // so that calls need not be checked one by one.
  Status CheckLimits() const;

 private:
  struct Record {
    std::uint64_t version;
    std::size_t begin;  // of the key in bytes_; the value follows
    std::uint32_t key_bytes, value_bytes;
    std::uint32_t slot;
    std::uint16_t field;
    Kind kind;
  };
  void Add(Kind kind, VectorKey where, std::string_view key, std::string_view value,
           std::uint64_t version = 0);
  void CheckLimits(Kind kind, VectorKey where, std::string_view key, std::string_view value);

  std::vector<Record> steps_;
  std::string bytes_;
  std::optional<Error> over_limit_;
};

}  // namespace kith
