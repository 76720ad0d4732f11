// Places by region: bounding box, radius, polygon.
//
// Every point has a place on a Z-order curve (Morton, 1966): 32 bits of its longitude and 32 of its
// latitude, interleaved.  A region's covering boxes are cut into ranges of the curve, at most
// kGeoRangesMax, and the points in those are compared with the region itself.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "index/payload/field_index.h"
#include "index/payload/geo.h"
#include "index/payload/slot_column.h"
#include "index/payload/sorted_column.h"

namespace kith {

inline constexpr std::size_t kGeoRangesMax = 64;  // of one covering box

class GeoIndex final : public FieldIndex {
 public:
  void Put(Slot slot, std::span<const JsonValue* const> elements) override;
  void Erase(Slot slot) override;
  std::optional<SlotSet> Match(const FieldTest& test, const FieldPresence& presence) const override;
  std::optional<CardinalityEstimate> Estimate(const FieldTest& test,
                                              const FieldPresence& presence) const override;
  std::uint64_t points() const override { return by_slot_.slots(); }
  std::size_t memory_bytes() const override;
  void Save(ByteWriter& out) const override { by_slot_.Save(out); }
  Status Load(ByteReader& in) override;

 private:
  using Code = std::uint64_t;

  template <typename Region>
  SlotSet MatchRegion(const Region& region) const;
  std::uint64_t CountCovered(const std::vector<GeoBox>& cover) const;
  // Whether all points were on earth; their codes go to `visit`.
  template <typename Visit>
  bool ForEachCode(std::span<const GeoPoint> points, Visit visit) const;

  SlotColumn<GeoPoint> by_slot_;
  SortedColumn<Code> curve_;
  SlotSet unearthly_;  // slots with a point off the earth: compared with every region
};

}  // namespace kith
