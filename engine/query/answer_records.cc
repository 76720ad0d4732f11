#include "engine/query/answer_records.h"

#include <algorithm>
#include <utility>

namespace kith {

Result<std::vector<ScoredPoint>> RecordsOf(const Collection& collection, const RankedPoints& ranked,
                                           const RecordParts& parts) {
  std::vector<std::uint32_t> slots;
  slots.reserve(ranked.points.size());
  for (const ScoredSlot& point : ranked.points) slots.push_back(point.slot);
  std::vector<Record> records = TRY(collection.Records(slots, parts.payload, parts.vectors));
  std::vector<ScoredPoint> points;
  points.reserve(records.size());
  for (std::size_t i = 0; i < slots.size() && points.size() < records.size(); ++i) {
    Record& record = records[points.size()];
    if (record.id != collection.IdOf(slots[i])) continue;
    ScoredPoint point;
    static_cast<Record&>(point) = std::move(record);
    point.score = ranked.points[i].score;
    if (i < ranked.order_values.size()) point.order_value = ranked.order_values[i];
    points.push_back(std::move(point));
  }
  return points;
}

void DropFirst(std::size_t count, RankedPoints& ranked) {
  const auto drop = [count](auto& values) {
    const std::size_t dropped = std::min(count, values.size());
    values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(dropped));
  };
  drop(ranked.points);
  drop(ranked.order_values);
}

}  // namespace kith
