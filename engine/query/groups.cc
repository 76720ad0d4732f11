// The ranked list is made longer until it has enough groups and each of them is full.  Its order is
// that of the groups, so the first `limit` values that turn up are the answer, and only their hits
// may still be missing; a list at its greatest length is followed by two narrower ones, of the
// points of groups that are not full, or of no group that was found.
#include "engine/query/groups.h"

#include <algorithm>
#include <random>
#include <unordered_map>

#include "engine/query/answer_records.h"
#include "engine/query/query_engine.h"
#include "engine/query/query_stages.h"
#include "index/payload/filter_parser.h"

namespace kith {
namespace {

constexpr std::size_t kListMin = 64;
constexpr std::size_t kListGrowth = 4;

Error Invalid(std::string message) {
  return Error{ErrorCode::kInvalidArgument, std::move(message)};
}

bool IsGroupId(const JsonValue& value) {
  return value.is_string() || value.AsUint64() || value.AsInt64();
}

// The ids of the groups that a payload is in, each once.
std::vector<JsonValue> GroupIdsOf(const JsonPath& path, const JsonValue& payload) {
  std::vector<const JsonValue*> found;
  path.Collect(payload, found);
  std::vector<JsonValue> ids;
  const auto add = [&](const JsonValue& value) {
    if (IsGroupId(value) && std::ranges::count(ids, value) == 0) ids.push_back(value);
  };
  for (const JsonValue* value : found) {
    if (!value->is_array()) add(*value);
    for (std::size_t i = 0; value->is_array() && i < value->array().size(); ++i) {
      add(value->array()[i]);
    }
  }
  return ids;
}

Condition OneOf(const JsonPath& path, const std::vector<JsonValue>& ids) {
  MatchAny strings, integers;
  for (const JsonValue& id : ids) {
    if (id.is_string()) strings.strings.push_back(id.string());
    if (const auto integer = id.AsInt64()) integers.integers.push_back(*integer);
  }
  std::sort(strings.strings.begin(), strings.strings.end());
  std::sort(integers.integers.begin(), integers.integers.end());
  Filter either;
  either.should.push_back({FieldCondition{path, std::move(strings)}});
  either.should.push_back({FieldCondition{path, std::move(integers)}});
  return {std::move(either)};
}

class Grouping {
 public:
  Grouping(const QueryContext& context, const GroupsRequest& request)
      : context_(context), request_(request), stage_(request.query), stages_(context) {
    if (auto* sample = std::get_if<SampleQuery>(&stage_.query);
        sample != nullptr && !sample->seed) {
      std::random_device device;
      sample->seed = std::uint64_t{device()} << 32 | device();
    }
    Widen(stage_);
  }

  Result<GroupsAnswer> Run() {
    TRY(Lengthen());
    if (stage_.prefetch.empty() && !exhausted_) {
      TRY(FindMore());
      TRY(Fill());
    }
    GroupsAnswer answer;
    for (Group& group : groups_) {
      PointGroup points{.id = group.id, .hits = {}, .lookup = std::nullopt};
      points.hits =
          TRY(RecordsOf(context_.collection, group.hits,
                        {.payload = request_.query.payload, .vectors = request_.query.vectors}));
      if (!points.hits.empty()) answer.groups.push_back(std::move(points));
    }
    if (request_.lookup) TRY(LookUp(*request_.lookup, answer.groups));
    answer.partial = stages_.partial();
    return answer;
  }

 private:
  struct Group {
    JsonValue id;
    RankedPoints hits;
  };

  void Widen(QueryStage& stage) const {
    for (QueryStage& prefetch : stage.prefetch) {
      prefetch.limit = std::min(kQueryLimitMax, prefetch.limit * request_.group_size);
      Widen(prefetch);
    }
  }

  std::size_t wanted_points() const { return request_.query.limit * request_.group_size; }
  bool IsFull(const Group& group) const { return group.hits.points.size() >= request_.group_size; }

  Filter WithKey() const {
    Filter filter;
    filter.must_not.push_back({FieldCondition{request_.group_by, IsEmpty{}}});
    filter.source = "[\"filled\"," + ToJson(JsonValue(request_.group_by.ToString())) + "]";
    return filter;
  }

  // One list, longer and longer.
  Status Lengthen() {
    const Filter filter = WithKey();
    for (std::size_t length = std::max(kListMin, wanted_points());; length *= kListGrowth) {
      length = std::min(length, request_.list_max);
      const RankedPoints ranked = TRY(stages_.Run(stage_, &filter, length));
      groups_.clear();
      by_id_.clear();
      TRY(Absorb(ranked));
      exhausted_ = ranked.points.size() < length || stages_.partial();
      const bool full = groups_.size() == request_.query.limit &&
                        std::ranges::all_of(groups_, [&](const Group& g) { return IsFull(g); });
      exhausted_ = exhausted_ || full;
      if (exhausted_ || length == request_.list_max) return {};
    }
  }

  Status FindMore() {
    while (groups_.size() < request_.query.limit && !stages_.partial()) {
      std::vector<JsonValue> known;
      for (const Group& group : groups_) known.push_back(group.id);
      Filter filter = WithKey();
      filter.source.clear();
      filter.must_not.push_back(OneOf(request_.group_by, known));
      const RankedPoints ranked = TRY(stages_.Run(stage_, &filter, request_.list_max));
      TRY(Absorb(ranked));
      if (ranked.points.size() < request_.list_max || groups_.size() == known.size()) return {};
    }
    return {};
  }

  Status Fill() {
    for (std::size_t i = 0; i < groups_.size() && !stages_.partial(); ++i) {
      if (IsFull(groups_[i])) continue;
      Filter filter;
      filter.must.push_back(OneOf(request_.group_by, {groups_[i].id}));
      const RankedPoints ranked = TRY(stages_.Run(stage_, &filter, request_.group_size));
      // Numbers beyond int64 match nothing; and a graph may miss what the list had.
      if (ranked.points.size() > groups_[i].hits.points.size()) groups_[i].hits = ranked;
    }
    return {};
  }

  // Adds points, best first, to groups that are not full; opens groups while there are too few.
  Status Absorb(const RankedPoints& ranked) {
    std::vector<std::uint32_t> slots;
    for (const ScoredSlot& point : ranked.points) slots.push_back(point.slot);
    const PayloadSelector key{.enabled = true, .include = {request_.group_by}, .exclude = {}};
    const std::vector<Record> records = TRY(context_.collection.Records(slots, key, {}));
    std::size_t next = 0;
    for (std::size_t i = 0; i < slots.size() && next < records.size(); ++i) {
      if (records[next].id != context_.collection.IdOf(slots[i])) continue;
      const JsonValue payload(*records[next++].payload);
      for (const JsonValue& id : GroupIdsOf(request_.group_by, payload)) {
        Group* group = FindGroup(id);
        if (group == nullptr || IsFull(*group)) continue;
        group->hits.order = ranked.order;
        group->hits.points.push_back(ranked.points[i]);
        if (i < ranked.order_values.size()) {
          group->hits.order_values.push_back(ranked.order_values[i]);
        }
      }
    }
    return {};
  }

  Group* FindGroup(const JsonValue& id) {
    const std::string key = ToJson(id);
    const auto known = by_id_.find(key);
    if (known != by_id_.end()) return &groups_[known->second];
    if (groups_.size() == request_.query.limit) return nullptr;
    by_id_.emplace(key, groups_.size());
    groups_.push_back({.id = id, .hits = {}});
    return &groups_.back();
  }

  Status LookUp(const GroupLookup& lookup, std::vector<PointGroup>& groups) const {
    const std::shared_ptr<const Collection> other =
        context_.lookup ? context_.lookup(lookup.collection) : nullptr;
    if (!other) {
      return Error{ErrorCode::kNotFound,
                   "Not found: Collection " + lookup.collection + " not found"};
    }
    for (PointGroup& group : groups) {
      const Result<PointId> id = ParsePointId(group.id, "group");
      if (!id.ok()) continue;
      const PointId ids[] = {id.value()};
      std::vector<Record> records = TRY(other->Retrieve(ids, lookup.payload, lookup.vectors));
      if (!records.empty()) group.lookup = std::move(records[0]);
    }
    return {};
  }

  const QueryContext& context_;
  const GroupsRequest& request_;
  QueryStage stage_;
  QueryStages stages_;
  std::vector<Group> groups_;
  std::unordered_map<std::string, std::size_t> by_id_;
  bool exhausted_ = false;
};

}  // namespace

Result<GroupsAnswer> RunGroups(const QueryContext& context, const GroupsRequest& request) {
  if (request.query.limit > kGroupsMax) {
    return Invalid("limit is " + std::to_string(request.query.limit) + " groups, expected 1 to " +
                   std::to_string(kGroupsMax));
  }
  if (request.group_size == 0 || request.group_size > kQueryLimitMax ||
      request.group_size * request.query.limit > kQueryLimitMax) {
    return Invalid("group_size is " + std::to_string(request.group_size) + ", expected 1 to " +
                   std::to_string(kQueryLimitMax) + " / limit");
  }
  if (request.query.offset != 0) return Invalid("offset: groups have none");
  TRY(ValidateQuery(request.query));
  return Grouping(context, request).Run();
}

}  // namespace kith
