// Writing: the first writer to come leads; it takes what has queued up, plans it, commits it as one
// group and applies it, then hands over.  So writers share a sync of the disk, and memory changes
// in the order of the catalog.
#include <algorithm>
#include <utility>

#include "engine/collection/collection_state.h"
#include "storage/json_parser.h"

namespace kith {
namespace {

constexpr std::size_t kQueueMax = 1024;  // writes waiting
constexpr std::size_t kGroupMax = 64;    // writes of one commit
constexpr std::size_t kGroupBytesMax = 32u << 20;

// Selects points by what is committed, so it must not share a group with writes before it.
bool SelectsByFilter(const Operation& operation) {
  return std::visit(
      [](const auto& o) {
        if constexpr (requires { o.points.filter; }) {
          return o.points.filter.has_value();
        } else {
          return false;
        }
      },
      operation);
}

}  // namespace

Result<std::uint64_t> Collection::Impl::Write(const Operation& operation, Durability durability) {
  Pending pending{&operation, durability, std::nullopt, false};
  std::unique_lock lock(queue_mutex_);
  if (queue_.size() >= kQueueMax) {
    return Error{ErrorCode::kResourceExhausted,
                 std::to_string(queue_.size()) + " writes are waiting: try again later"};
  }
  queue_.push_back(&pending);
  while (!pending.done) {
    if (led_) {
      queue_changed_.wait(lock);
      continue;
    }
    led_ = true;
    std::vector<Pending*> group;
    while (!queue_.empty() && group.size() < kGroupMax) {
      const bool alone = SelectsByFilter(*queue_.front()->operation);
      if (alone && !group.empty()) break;
      group.push_back(queue_.front());
      queue_.pop_front();
      if (alone) break;
    }
    std::optional<Error> failure = failure_;
    lock.unlock();
    if (failure) {
      for (Pending* each : group) each->result = *failure;
    } else {
      CommitGroup(group);
    }
    lock.lock();
    for (Pending* each : group) each->done = each->result.has_value();
    led_ = false;
    queue_changed_.notify_all();
  }
  lock.unlock();
  return *std::move(pending.result);
}

void Collection::Impl::CommitGroup(std::span<Pending* const> group) {
  const SlotSupply supply_before = supply_;
  WritePlanner planner(
      config_, slots_, catalog_, [&](const Filter& filter) { return FilterSlots(filter); },
      supply_);
  std::vector<PlannedWrite> planned;
  std::vector<Pending*> owners;
  std::uint64_t next = catalog_.last_sequence() + 1;
  Durability durability = Durability::kLog;
  std::size_t bytes = 0;
  for (Pending* pending : group) {
    if (bytes > kGroupBytesMax) {  // the rest waits for the next group
      const std::lock_guard lock(queue_mutex_);
      const auto at = std::ranges::find(group, pending);
      queue_.insert(queue_.begin(), at, group.end());
      break;
    }
    Result<PlannedWrite> write = planner.Plan(*pending->operation, next);
    if (!write.ok()) {
      pending->result = write.error();
    } else if (write.value().batch.empty()) {
      pending->result = next - 1;
    } else {
      bytes += write.value().batch.bytes();
      planned.push_back(std::move(write).value());
      owners.push_back(pending);
      if (pending->durability == Durability::kSync) durability = Durability::kSync;
      ++next;
    }
  }
  if (planned.empty()) return;
  std::vector<const CatalogBatch*> batches;
  for (const PlannedWrite& write : planned) batches.push_back(&write.batch);
  const Result<std::uint64_t> first = catalog_.CommitGroup(batches, durability);
  if (!first.ok()) {
    supply_ = supply_before;
    for (Pending* owner : owners) owner->result = first.error();
    return;
  }
  Status applied;
  {
    const std::unique_lock lock(points_mutex_);
    for (std::size_t i = 0; i < planned.size() && applied.ok(); ++i) {
      applied = ApplyChanges(planned[i], first.value() + i);
    }
    Publish(first.value() + planned.size() - 1);
  }
  if (!applied.ok()) {
    const std::lock_guard lock(queue_mutex_);
    failure_ =
        Error{applied.error().code,
              "a write is durable but not searchable until the collection is opened again: " +
                  applied.error().message};
  }
  for (std::size_t i = 0; i < owners.size(); ++i) {
    if (applied.ok()) {
      owners[i]->result = first.value() + i;
    } else {
      owners[i]->result = applied.error();
    }
  }
  NotifyWork();
}

Status Collection::Impl::ApplyChanges(const PlannedWrite& write, std::uint64_t sequence) {
  const bool indexed = !payload_index_.empty();
  if (indexed) index_changes_ += write.changes.size();
  for (const PointChange& change : write.changes) {
    if (change.deleted) {
      for (const auto& field : fields_) field->Erase(change.slot);
      if (indexed) payload_index_.Erase(change.slot);
      slots_.Erase(change.slot);
      continue;
    }
    if (change.created) {
      slots_.Insert(change.slot, change.id, sequence);
    } else {
      slots_.SetVersion(change.slot, sequence);
    }
    if (change.payload && indexed) {
      payload_index_.Put(change.slot, JsonValue(*change.payload));
    }
    for (const PointChange::Vector& vector : change.vectors) {
      if (vector.vector.empty()) {
        fields_[vector.field]->Erase(change.slot);
      } else {
        TRY(fields_[vector.field]->Put(change.slot, vector.vector, sequence));
      }
    }
  }
  return {};
}

void Collection::Impl::Publish(std::uint64_t sequence) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->sequence = sequence;
  snapshot->slots_end = slots_.end();
  for (const auto& field : fields_) snapshot->fields.push_back(field->Freeze());
  snapshot_ = std::move(snapshot);
}

Result<std::vector<std::uint32_t>> Collection::Impl::FilterSlots(const Filter& filter) const {
  const std::shared_ptr<const Allowed> allowed = TRY(AllowedBy(&filter));
  return allowed->slots.ToVector();
}

Status Collection::Impl::SaveIndexes() {
  JsonArray list;
  for (const FieldInfo& info : Indexes()) {
    JsonObject entry;
    entry.Set("field", info.path.ToString());
    entry.Set("schema", FieldSchemaJson(info.schema));
    list.push_back(std::move(entry));
  }
  CatalogBatch batch;
  batch.PutMeta(kIndexesMeta, ToJson(JsonValue(std::move(list))));
  TRY(catalog_.Commit(batch, Durability::kSync));
  return {};
}

Status Collection::Impl::CreateIndex(const JsonPath& path, const FieldSchema& schema) {
  const Turn turn(*this);
  PayloadIndex fresh;
  TRY(fresh.AddField(path, schema));
  for (const FieldInfo& info : Indexes()) {
    if (info.path == path && info.schema == schema) return {};
  }
  // Filled aside, so that searches never meet an index that knows a part of the points.
  const Status filled =
      catalog_.ForEachPayload({}, [&](std::uint32_t slot, std::string_view json) -> Status {
        const JsonValue payload = TRY(ParseJson(json));
        fresh.Put(slot, payload);
        return {};
      });
  if (!filled.ok()) return filled.error();
  {
    const std::unique_lock lock(points_mutex_);
    TRY(payload_index_.TakeField(fresh, path));
    index_changes_ += slots_.size();
    ForgetCached();  // a text index changes what text conditions mean
  }
  TRY(SaveIndexes());
  NotifyWork();
  return {};
}

Result<bool> Collection::Impl::DeleteIndex(const JsonPath& path) {
  const Turn turn(*this);
  bool removed = false;
  {
    const std::unique_lock lock(points_mutex_);
    removed = payload_index_.RemoveField(path);
    ForgetCached();
  }
  if (removed) TRY(SaveIndexes());
  return removed;
}

std::vector<FieldInfo> Collection::Impl::Indexes() const {
  const std::shared_lock lock(points_mutex_);
  return payload_index_.fields();
}

}  // namespace kith
