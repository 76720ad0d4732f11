// The cells of the curve at depth d are 2^d x 2^d rectangles of equal degrees, and each is one
// range of codes.  A box is covered by descending from the whole earth: cells outside are dropped,
// cells inside are taken, the others are cut in four, widest first, until there would be more than
// kGeoRangesMax; what is left over is taken whole.  Cells are compared in quantised coordinates,
// and quantising is monotone, so no point of the box is lost.
#include "index/payload/geo_index.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <queue>

namespace kith {
namespace {

using Code = std::uint64_t;
using CodeRange = std::pair<Code, Code>;  // both ends belong to it

std::uint32_t Quantised(double value, double low, double high) {
  const double scaled = (value - low) / (high - low) * 0x1p32;
  return static_cast<std::uint32_t>(std::clamp(scaled, 0.0, 0x1p32 - 1));
}

// Every second bit.
Code Spread(std::uint32_t value) {
  Code x = value;
  x = (x | (x << 16)) & 0x0000ffff0000ffff;
  x = (x | (x << 8)) & 0x00ff00ff00ff00ff;
  x = (x | (x << 4)) & 0x0f0f0f0f0f0f0f0f;
  x = (x | (x << 2)) & 0x3333333333333333;
  return (x | (x << 1)) & 0x5555555555555555;
}

struct Cell {
  std::uint32_t x = 0, y = 0;  // its corner
  int bits = 32;               // its sides are 2^bits long

  std::uint64_t side() const { return std::uint64_t{1} << bits; }
  Code first() const { return Spread(x) | (Spread(y) << 1); }
  Code last() const { return bits == 32 ? ~Code{0} : first() + (Code{1} << (2 * bits)) - 1; }
};

// A box in quantised coordinates; its ends belong to it.
struct Window {
  std::uint64_t x0, x1, y0, y1;

  bool Meets(const Cell& cell) const {
    return cell.x <= x1 && cell.x + cell.side() - 1 >= x0 && cell.y <= y1 &&
           cell.y + cell.side() - 1 >= y0;
  }
  bool Holds(const Cell& cell) const {
    return cell.x >= x0 && cell.x + cell.side() - 1 <= x1 && cell.y >= y0 &&
           cell.y + cell.side() - 1 <= y1;
  }
};

std::uint32_t QuantisedLon(double lon) { return Quantised(lon, -180, 180); }
std::uint32_t QuantisedLat(double lat) { return Quantised(lat, -90, 90); }

Code CodeOf(const GeoPoint& point) {
  return Spread(QuantisedLon(point.lon)) | (Spread(QuantisedLat(point.lat)) << 1);
}

// Ranges in order that cover the box; ones that touch are joined.
std::vector<CodeRange> RangesOf(const GeoBox& box) {
  const Window window{.x0 = QuantisedLon(box.top_left.lon),
                      .x1 = QuantisedLon(box.bottom_right.lon),
                      .y0 = QuantisedLat(box.bottom_right.lat),
                      .y1 = QuantisedLat(box.top_left.lat)};
  std::vector<Cell> taken;
  std::queue<Cell> open;  // breadth first: widest cells first
  open.push(Cell{});
  while (!open.empty()) {
    const Cell cell = open.front();
    if (window.Holds(cell) || taken.size() + open.size() + 3 > kGeoRangesMax) {
      open.pop();
      taken.push_back(cell);
      continue;
    }
    open.pop();
    const int bits = cell.bits - 1;
    const auto half = static_cast<std::uint32_t>(std::uint64_t{1} << bits);
    for (const std::uint32_t dy : {std::uint32_t{0}, half}) {
      for (const std::uint32_t dx : {std::uint32_t{0}, half}) {
        const Cell quarter{.x = cell.x + dx, .y = cell.y + dy, .bits = bits};
        if (window.Meets(quarter)) open.push(quarter);
      }
    }
  }
  std::vector<CodeRange> ranges;
  ranges.reserve(taken.size());
  for (const Cell& cell : taken) ranges.emplace_back(cell.first(), cell.last());
  std::sort(ranges.begin(), ranges.end());
  std::size_t kept = 0;
  for (const CodeRange& range : ranges) {
    if (kept > 0 && ranges[kept - 1].second + 1 == range.first) {
      ranges[kept - 1].second = range.second;
    } else {
      ranges[kept++] = range;
    }
  }
  ranges.resize(kept);
  return ranges;
}

template <typename Column>
auto PositionsOf(const Column& curve, const CodeRange& range) {
  return std::pair(curve.FirstNot([&](Code code) { return code < range.first; }),
                   curve.FirstNot([&](Code code) { return code <= range.second; }));
}

}  // namespace

template <typename Visit>
bool GeoIndex::ForEachCode(std::span<const GeoPoint> points, Visit visit) const {
  std::vector<Code> codes;
  bool all = true;
  for (const GeoPoint& point : points) {
    if (IsOnEarth(point)) {
      codes.push_back(CodeOf(point));
    } else {
      all = false;
    }
  }
  std::sort(codes.begin(), codes.end());
  codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
  for (const Code code : codes) visit(code);
  return all;
}

void GeoIndex::Put(Slot slot, std::span<const JsonValue* const> elements) {
  std::vector<GeoPoint> points;
  for (const JsonValue* element : elements) {
    if (const std::optional<GeoPoint> point = GeoPointOf(*element)) points.push_back(*point);
  }
  if (points.empty()) return;
  if (!ForEachCode(points, [&](Code code) { curve_.Insert(code, slot); })) unearthly_.Add(slot);
  by_slot_.Put(slot, std::move(points));
}

void GeoIndex::Erase(Slot slot) {
  const std::vector<GeoPoint> points = by_slot_.Erase(slot);
  (void)ForEachCode(points, [&](Code code) { curve_.Erase(code, slot); });
  unearthly_.Remove(slot);
}

template <typename Region>
SlotSet GeoIndex::MatchRegion(const Region& region) const {
  std::vector<Slot> slots;
  const auto check = [&](Slot slot) {
    const std::span<const GeoPoint> points = by_slot_.Values(slot);
    const bool inside = std::any_of(points.begin(), points.end(),
                                    [&](const GeoPoint& point) { return Contains(region, point); });
    if (inside) slots.push_back(slot);
    return true;
  };
  for (const GeoBox& box : Cover(region)) {
    for (const CodeRange& range : RangesOf(box)) {
      const auto [from, to] = PositionsOf(curve_, range);
      curve_.ForEach(from, to, [&](Code, Slot slot) { return check(slot); });
    }
  }
  unearthly_.ForEach(check);
  return SlotSet::Of(slots);
}

std::optional<SlotSet> GeoIndex::Match(const FieldTest& test, const FieldPresence&) const {
  if (const auto* box = std::get_if<GeoBox>(&test)) return MatchRegion(*box);
  if (const auto* circle = std::get_if<GeoRadius>(&test)) return MatchRegion(*circle);
  if (const auto* polygon = std::get_if<GeoPolygon>(&test)) return MatchRegion(*polygon);
  return std::nullopt;
}

std::uint64_t GeoIndex::CountCovered(const std::vector<GeoBox>& cover) const {
  std::uint64_t count = unearthly_.count();
  for (const GeoBox& box : cover) {
    for (const CodeRange& range : RangesOf(box)) {
      const auto [from, to] = PositionsOf(curve_, range);
      count += curve_.Count(from, to);
    }
  }
  return std::min(count, by_slot_.slots());
}

std::optional<CardinalityEstimate> GeoIndex::Estimate(const FieldTest& test,
                                                      const FieldPresence&) const {
  std::vector<GeoBox> cover;
  // The part of its bounding box that a region fills, about: a circle's is pi / 4.
  double part = 1;
  if (const auto* box = std::get_if<GeoBox>(&test)) {
    cover = Cover(*box);
  } else if (const auto* circle = std::get_if<GeoRadius>(&test)) {
    cover = Cover(*circle);
    part = 0.785;
  } else if (const auto* polygon = std::get_if<GeoPolygon>(&test)) {
    cover = Cover(*polygon);
    part = 0.5;
  } else {
    return std::nullopt;
  }
  const std::uint64_t covered = CountCovered(cover);
  return CardinalityEstimate{
      .min = 0,
      .expected = static_cast<std::uint64_t>(part * static_cast<double>(covered)),
      .max = covered};
}

std::size_t GeoIndex::memory_bytes() const {
  return by_slot_.memory_bytes() + curve_.memory_bytes() + unearthly_.memory_bytes();
}

Status GeoIndex::Load(ByteReader& in) {
  std::vector<std::pair<Code, Slot>> pairs;
  TRY(SlotColumn<GeoPoint>::Load(in, kPayloadSlotsMax, [&](Slot slot, std::vector<GeoPoint> all) {
    const bool finite = std::all_of(all.begin(), all.end(), [](const GeoPoint& point) {
      return std::isfinite(point.lon) && std::isfinite(point.lat);
    });
    if (!finite) {
      return Status(Error{ErrorCode::kCorruption,
                          "geo: expected finite coordinates at slot " + std::to_string(slot)});
    }
    if (!ForEachCode(all, [&](Code code) { pairs.emplace_back(code, slot); })) unearthly_.Add(slot);
    by_slot_.Put(slot, std::move(all));
    return Status();
  }));
  curve_.Build(std::move(pairs));
  return {};
}

}  // namespace kith
