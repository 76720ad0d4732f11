#include "engine/query/read_requests.h"

#include "engine/query/answer_records.h"

namespace kith {

Result<ScrollAnswer> RunScroll(const Collection& collection, const ScrollRequest& request) {
  if (request.limit == 0 || request.limit > kQueryLimitMax) {
    return Error{ErrorCode::kInvalidArgument, "limit is " + std::to_string(request.limit) +
                                                  ", expected 1 to " +
                                                  std::to_string(kQueryLimitMax)};
  }
  const Filter* filter = request.filter ? &*request.filter : nullptr;
  ScrollAnswer answer;
  if (request.order_by) {
    if (request.offset) {
      return Error{ErrorCode::kInvalidArgument,
                   "offset: cannot be used with order_by; use order_by.start_from, and a filter "
                   "without the ids that were seen"};
    }
    const OrderParams params{.key = request.order_by->key,
                             .descending = request.order_by->descending,
                             .start = request.order_by->start,
                             .limit = request.limit};
    RankedPoints ranked;
    ranked.order = ScoreOrder::kNone;
    for (OrderedSlot& point : TRY(collection.Ordered(params, filter))) {
      ranked.points.push_back({0, point.slot});
      ranked.order_values.push_back(std::move(point.value));
    }
    answer.points = TRY(
        RecordsOf(collection, ranked, {.payload = request.payload, .vectors = request.vectors}));
    return answer;
  }
  Collection::Page page = TRY(collection.Scroll(request.offset.value_or(PointId()), request.limit,
                                                filter, request.payload, request.vectors));
  for (Record& record : page.records) {
    ScoredPoint point;
    static_cast<Record&>(point) = std::move(record);
    answer.points.push_back(std::move(point));
  }
  answer.next = page.next;
  return answer;
}

}  // namespace kith
