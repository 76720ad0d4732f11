#include "storage/catalog_committer.h"

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <cassert>

#include "core/log.h"
#include "storage/catalog_database.h"
#include "storage/catalog_records.h"
#include "storage/catalog_rows.h"

namespace kith {
namespace {

// Waiting commits are written together up to this size: enough to share the cost of one sync,
// little enough that the first does not wait long for the last.
constexpr std::size_t kGroupBytesMax = std::size_t{4} << 20;
constexpr std::size_t kRowOverheadBytes = 32;

}  // namespace

// The RocksDB batch under construction, and the numbers it will have used up.
class CatalogCommitter::Writing {
 public:
  Writing(const RocksDatabase& rocks, std::size_t bytes, std::uint64_t last, std::uint64_t trimmed)
      : rocks_(rocks), batch_(bytes), last_(last), trimmed_(trimmed) {}

  std::uint64_t last() const { return last_; }
  std::uint64_t trimmed() const { return trimmed_; }

  rocksdb::Status Add(const CatalogBatch& batch) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const rocksdb::Status added = Add(batch.step(i));
      if (!added.ok()) return added;
    }
    return Put(Family::kChanges, SequenceKey(++last_), EncodeSlots(batch.Slots()));
  }

  rocksdb::Status Trim(std::uint64_t up_to) {
    up_to = std::min(up_to, last_);
    if (up_to <= trimmed_) return rocksdb::Status::OK();
    const rocksdb::Status removed = batch_.DeleteRange(
        rocks_.family(Family::kChanges), SequenceKey(trimmed_ + 1), SequenceKey(up_to + 1));
    if (!removed.ok()) return removed;
    trimmed_ = up_to;
    return Put(Family::kDefault, kTrimmedKey, EncodeSequence(up_to));
  }

  rocksdb::Status Write(Durability durability) {
    if (batch_.Count() == 0) {
      return durability == Durability::kSync ? rocks_.db().SyncWAL() : rocksdb::Status::OK();
    }
    rocksdb::WriteOptions options;
    options.sync = durability == Durability::kSync;
    return rocks_.db().Write(options, &batch_);
  }

 private:
  rocksdb::Status Put(Family family, std::string_view key, std::string_view value) {
    return batch_.Put(rocks_.family(family), key, value);
  }
  rocksdb::Status Delete(Family family, std::string_view key) {
    return batch_.Delete(rocks_.family(family), key);
  }

  rocksdb::Status Add(const CatalogBatch::Step& step) {
    using Kind = CatalogBatch::Kind;
    const std::string slot_key = SlotKey(step.where.slot);
    switch (step.kind) {
      case Kind::kPutPoint: {
        const rocksdb::Status put =
            Put(Family::kPoints, slot_key, EncodePoint(step.version, step.key));
        return put.ok() ? Put(Family::kIds, step.key, EncodeSlot(step.where.slot)) : put;
      }
      case Kind::kDeletePoint: {
        const rocksdb::Status removed = Delete(Family::kPoints, slot_key);
        return removed.ok() ? Delete(Family::kIds, step.key) : removed;
      }
      case Kind::kPutPayload:
        return Put(Family::kPayloads, slot_key, step.value);
      case Kind::kDeletePayload:
        return Delete(Family::kPayloads, slot_key);
      case Kind::kPutVector:
        return Put(Family::kVectors, VectorRowKey(step.where), step.value);
      case Kind::kDeleteVector:
        return Delete(Family::kVectors, VectorRowKey(step.where));
      case Kind::kPutMeta:
        return Put(Family::kDefault, MetaKey(step.key), step.value);
      case Kind::kDeleteMeta:
        return Delete(Family::kDefault, MetaKey(step.key));
      case Kind::kTouch:
        break;
    }
    return rocksdb::Status::OK();
  }

  const RocksDatabase& rocks_;
  rocksdb::WriteBatch batch_;
  std::uint64_t last_, trimmed_;
};

Result<std::unique_ptr<CatalogCommitter>> CatalogCommitter::Create(CatalogDatabase* database) {
  std::unique_ptr<CatalogCommitter> committer(new CatalogCommitter(database));
  TRY(committer->ReadNumbers());
  return committer;
}

CatalogCommitter::~CatalogCommitter() {
  // After a failure the log cannot be synced any more, and RocksDB aborts when asked to.
  if (failure_) return;
  const Status status = Sync();
  if (!status.ok()) LogWarning(status.error().message);
}

// Beside the last number this finds gaps: a log whose middle was overwritten with zeros loses
// whole batches without any checksum failing.
Status CatalogCommitter::ReadNumbers() {
  const std::shared_ptr<RocksDatabase> rocks = TRY(database_->Get());
  const HeldSnapshot snapshot(*rocks);
  ChangeWalk changes = TRY(ChangeWalk::Open(*rocks, snapshot));
  std::uint64_t last = changes.trimmed();
  while (const std::optional<std::uint64_t> sequence = TRY(changes.Next())) last = *sequence;
  last_sequence_ = last;
  trimmed_sequence_ = changes.trimmed();
  return {};
}

Result<std::uint64_t> CatalogCommitter::Commit(std::span<const CatalogBatch* const> batches,
                                               Durability durability) {
  assert(!batches.empty());
  Request request{.kind = Kind::kCommit, .batches = batches, .durability = durability};
  for (const CatalogBatch* batch : batches) {
    TRY(batch->CheckLimits());
    request.bytes += batch->bytes();
  }
  if (request.bytes > kCatalogBatchBytesMax) {
    return Error{ErrorCode::kResourceExhausted,
                 "group of batches: expected at most " + std::to_string(kCatalogBatchBytesMax) +
                     " bytes together, found " + std::to_string(request.bytes)};
  }
  TRY(Run(request));
  return request.first_sequence;
}

Status CatalogCommitter::TrimChanges(std::uint64_t up_to) {
  Request request{.kind = Kind::kTrim, .trim_up_to = up_to};
  return Run(request);
}

Status CatalogCommitter::CheckAllowed() const {
  TRY(database_->CheckWritable());
  const std::lock_guard lock(queue_mutex_);
  if (failure_) return *failure_;
  return {};
}

// In the queue as well: RocksDB aborts when it is to sync a log while a write to it fails.
Status CatalogCommitter::Sync() {
  if (database_->params().read_only) return {};
  Request request{.kind = Kind::kSync, .durability = Durability::kSync};
  return Run(request);
}

Status CatalogCommitter::Resume() {
  Request request{.kind = Kind::kResume};
  return Run(request);
}

Status CatalogCommitter::Run(Request& request) {
  TRY(database_->CheckWritable());
  std::unique_lock lock(queue_mutex_);
  queue_.push_back(&request);
  turn_.wait(lock, [&] { return request.done || queue_.front() == &request; });
  if (request.done) return request.status;

  // The group stays in the queue while it is written: whoever comes meanwhile is not the first.
  const std::vector<Request*> group = Group();
  Status status;
  if (failure_ && request.kind != Kind::kResume) {
    status = *failure_;
  } else {
    lock.unlock();
    status = CatchAtWall(database_->path(), [&] { return Perform(group); });
    lock.lock();
    if (status.ok()) {
      failure_.reset();
    } else if (!failure_) {
      failure_ = Error{ErrorCode::kIoError,
                       "no commits until Resume, since one failed: " + status.error().message};
    }
  }
  for (Request* done : group) {
    done->status = status;
    done->done = true;
    queue_.pop_front();
  }
  turn_.notify_all();
  return status;
}

// The first requests that can be performed as one.  REQUIRES: queue_mutex_ held, queue not empty.
std::vector<CatalogCommitter::Request*> CatalogCommitter::Group() const {
  std::vector<Request*> group;
  std::size_t bytes = 0;
  for (Request* request : queue_) {
    bytes += request->bytes;
    const bool fits = request->kind != Kind::kResume && bytes <= kGroupBytesMax;
    if (!group.empty() && !fits) break;
    group.push_back(request);
    if (request->kind == Kind::kResume) break;
  }
  return group;
}

Status CatalogCommitter::Perform(std::span<Request* const> group) {
  if (group.front()->kind != Kind::kResume) return Write(group);
  TRY(database_->Reopen());
  return ReadNumbers();
}

Status CatalogCommitter::Write(std::span<Request* const> group) {
  const std::shared_ptr<RocksDatabase> rocks = TRY(database_->Get());
  std::size_t bytes = 0;
  for (const Request* request : group) bytes += request->bytes + kRowOverheadBytes;
  Writing writing(*rocks, bytes, last_sequence_, trimmed_sequence_);
  Durability durability = Durability::kLog;
  rocksdb::Status status;
  for (Request* request : group) {
    if (request->kind == Kind::kTrim) status = writing.Trim(request->trim_up_to);
    request->first_sequence = writing.last() + 1;
    for (const CatalogBatch* batch : request->batches) {
      if (status.ok()) status = writing.Add(*batch);
    }
    if (request->durability == Durability::kSync) durability = Durability::kSync;
  }
  if (status.ok()) status = writing.Write(durability);
  if (!status.ok()) return rocks->ErrorOf(status, "commit");
  // After the write: whoever sees a number can read what it stands for.
  last_sequence_ = writing.last();
  trimmed_sequence_ = writing.trimmed();
  return {};
}

}  // namespace kith
