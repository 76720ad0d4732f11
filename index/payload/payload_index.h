// The indexes of a collection's payload fields: which points a filter holds for, in which order
// they stand, and which values occur how often.
//
// A point is known by its slot, a number below kPayloadSlotsMax that the engine chose; slots should
// be dense, as columns are arrays by slot.  An index of a field knows the values that are at its
// path in every payload put, whatever their kind.
//
// The answer of Select is a superset of the points that a filter holds for, and says whether it is
// exactly those.  Where it is not, a point that is not among the candidates does not match, and one
// that is has to be checked with Matches (index/payload/filter_match.h) on its payload, with this
// index's text_fields().  An exact answer is what Matches gives for every point.
//
// A segment file of kind "payload-index" keeps all of it; grammar in docs/formats.md, "Payload
// index".  Values are written, indexes are built again from them on Load: about a second for a
// million points with five fields, and no payload is read.
//
// Thread-compatible: many readers (const functions) or one writer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json_value.h"
#include "core/point_id.h"
#include "core/result.h"
#include "index/payload/field_schema.h"
#include "index/payload/filter.h"
#include "index/payload/json_path.h"
#include "index/payload/payload_answers.h"
#include "index/payload/slot_set.h"
#include "index/payload/tokenizer.h"

namespace kith {

inline constexpr std::size_t kPayloadFieldsMax = 128;

struct FieldInfo {
  JsonPath path;
  FieldSchema schema;
  std::uint64_t points = 0;  // with a value of the field's kind
  std::size_t memory_bytes = 0;
};

struct PayloadField;

class PayloadIndex {
 public:
  PayloadIndex();
  ~PayloadIndex();
  PayloadIndex(PayloadIndex&& other) noexcept;
  PayloadIndex& operator=(PayloadIndex&& other) noexcept;

  // Adds an index without points: Put the payloads that are there.  The same schema again changes
  // nothing; another one replaces the index by an empty one.  Returns whether the index is new and
  // empty.  Errors: kResourceExhausted (over kPayloadFieldsMax).
  Result<bool> AddField(const JsonPath& path, const FieldSchema& schema);
  bool RemoveField(const JsonPath& path);  // false: no such index
  // Moves a field of another index here, with all it knows; replaces one of the same path.  So an
  // index can be filled aside while this one answers.  REQUIRES: `other` has the field.
  // Errors: kResourceExhausted (over kPayloadFieldsMax).
  Status TakeField(PayloadIndex& other, const JsonPath& path);
  bool empty() const { return fields_.empty(); }  // no field is indexed
  std::vector<FieldInfo> fields() const;          // in the order of adding; adds up their memory
  const TextFields& text_fields() const;

  // Replaces what the slot had.  The second form is for a field that was just added.
  // REQUIRES: slot < kPayloadSlotsMax.
  void Put(Slot slot, const JsonValue& payload);
  void PutField(const JsonPath& path, Slot slot, const JsonValue& payload);
  void Erase(Slot slot);

  // Points of `live` that the filter may hold for.  Slots that were never put, or erased, count as
  // points with an empty payload.
  Selection Select(const Filter& filter, const SlotSet& live, const FilterContext& context) const;

  // How many points of all that are live, `live_count` of them, without building sets:
  // microseconds, whatever their number.  REQUIRES: every slot put and not erased is live.
  CardinalityEstimate Estimate(const Filter& filter, std::uint64_t live_count,
                               const FilterContext& context) const;

  // Points of `within` that have a value at the key, each once, at its first value in the direction
  // of the order (from the start on); equal values by slot, in that direction too.
  // Errors: kInvalidArgument (no integer, float or datetime index with range on the key: says which
  // to create; a start of the wrong kind).
  Result<std::vector<OrderedSlot>> Ordered(const OrderParams& params, const SlotSet& within) const;

  // Values at the path and how many points of `within` have them: most frequent first, equal counts
  // by value.  Errors: kInvalidArgument (no keyword, integer, bool or uuid index with lookup).
  Result<std::vector<FacetHit>> Facet(const JsonPath& path, const SlotSet& within,
                                      std::size_t limit) const;

  std::size_t memory_bytes() const;

  // Writes a segment file, replacing one that is there.  Errors: those of SegmentWriter.
  Status Save(const std::string& path) const;
  // Errors: those of SegmentReader, kUnsupported (a newer version), kCorruption.
  static Result<PayloadIndex> Load(const std::string& path);

 private:
  PayloadField* Find(const JsonPath& path) const;  // null: no index

  std::vector<std::unique_ptr<PayloadField>> fields_;
  TextFields text_fields_;
};

}  // namespace kith
