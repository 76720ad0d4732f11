// The seam of field indexes: what each kind of index of a payload field can do.
//
// A kind is one file pair, a row in field_index.cc and one in field_schema.cc.  An index knows of
// each slot the elements at the field's path: the values there, arrays replaced by their elements
// (one level).  It answers a test exactly, as MatchesElement would for any of the elements
// (index/payload/filter_match.h), or not at all.
//
// Thread-compatible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/bytes.h"
#include "core/json_value.h"
#include "core/result.h"
#include "index/payload/field_presence.h"
#include "index/payload/field_schema.h"
#include "index/payload/filter.h"
#include "index/payload/payload_answers.h"
#include "index/payload/slot_set.h"

namespace kith {

class FieldIndex {
 public:
  virtual ~FieldIndex() = default;

  // REQUIRES: the slot has nothing.
  virtual void Put(Slot slot, std::span<const JsonValue* const> elements) = 0;
  virtual void Erase(Slot slot) = 0;  // nothing where there is nothing

  // The slots for which the test holds; nothing when this index cannot tell.  `presence` is that of
  // the same field.  Not asked for ValuesCount, IsEmpty, IsNull.
  virtual std::optional<SlotSet> Match(const FieldTest& test,
                                       const FieldPresence& presence) const = 0;
  // How many Match would give.
  virtual std::optional<CardinalityEstimate> Estimate(const FieldTest& test,
                                                      const FieldPresence& presence) const = 0;

  // As PayloadIndex::Ordered and Facet; nothing for kinds that do neither.
  virtual std::optional<Result<std::vector<OrderedSlot>>> Ordered(const OrderParams&,
                                                                  const SlotSet&) const {
    return std::nullopt;
  }
  virtual std::optional<std::vector<FacetHit>> Facet(const SlotSet&) const { return std::nullopt; }

  virtual std::uint64_t points() const = 0;  // slots with an element of the index's kind
  virtual std::size_t memory_bytes() const = 0;

  virtual void Save(ByteWriter& out) const = 0;
  // Errors: kCorruption.  REQUIRES: the index is empty.
  virtual Status Load(ByteReader& in) = 0;
};

std::unique_ptr<FieldIndex> NewFieldIndex(const FieldSchema& schema);

}  // namespace kith
