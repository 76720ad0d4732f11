#include "storage/catalog_rows.h"

#include <rocksdb/db.h>

#include <cassert>

namespace kith {
namespace {

// Large sequential reads, so that a walk runs at the speed of the disk.
constexpr std::size_t kReadaheadBytes = std::size_t{2} << 20;

}  // namespace

class RowWalk::State {
 public:
  State(const RocksDatabase& rocks, RowRange range, const rocksdb::Snapshot* snapshot)
      : rocks_(rocks), range_(std::move(range)), lower_(range_.first), upper_(range_.end) {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot;
    options.readahead_size = kReadaheadBytes;
    options.fill_cache = false;
    options.iterate_lower_bound = &lower_;
    if (!range_.end.empty()) options.iterate_upper_bound = &upper_;
    at_.reset(rocks_.db().NewIterator(options, rocks_.family(range_.family)));
    at_->SeekToFirst();
  }

  const RocksDatabase& rocks_;
  const RowRange range_;
  const rocksdb::Slice lower_, upper_;  // of range_; the iterator borrows them
  std::unique_ptr<rocksdb::Iterator> at_;
};

RowWalk::RowWalk(const RocksDatabase& rocks, RowRange range, const rocksdb::Snapshot* snapshot)
    : state_(std::make_unique<State>(rocks, std::move(range), snapshot)) {}
RowWalk::~RowWalk() = default;
RowWalk::RowWalk(RowWalk&& other) noexcept = default;

bool RowWalk::at_row() const { return state_->at_->Valid(); }
std::string_view RowWalk::key() const { return state_->at_->key().ToStringView(); }
std::string_view RowWalk::value() const { return state_->at_->value().ToStringView(); }
void RowWalk::Next() { state_->at_->Next(); }
void RowWalk::Seek(std::string_view key) { state_->at_->Seek(key); }

Status RowWalk::status() const {
  const rocksdb::Status status = state_->at_->status();
  if (status.ok()) return {};
  return state_->rocks_.ErrorOf(status, std::string("family ") + NameOf(state_->range_.family));
}

Error RowWalk::RowError(const std::string& message) const {
  return state_->rocks_.RowError(state_->range_.family, key(), message);
}

HeldSnapshot::HeldSnapshot(const RocksDatabase& rocks)
    : rocks_(rocks), snapshot_(rocks.db().GetSnapshot()) {}
HeldSnapshot::~HeldSnapshot() { rocks_.db().ReleaseSnapshot(snapshot_); }

ChangeWalk::ChangeWalk(std::uint64_t trimmed, RowWalk walk)
    : trimmed_(trimmed), sequence_(trimmed), walk_(std::move(walk)) {}

Result<ChangeWalk> ChangeWalk::Open(const RocksDatabase& rocks, const HeldSnapshot& snapshot) {
  std::uint64_t trimmed = 0;
  const std::optional<std::string> value =
      TRY(rocks.Get(Family::kDefault, kTrimmedKey, snapshot.get()));
  if (value) trimmed = TRY(rocks.Named(Family::kDefault, kTrimmedKey, ParseSequence(*value)));
  return ChangeWalk(trimmed,
                    RowWalk(rocks, {.family = Family::kChanges, .first = SequenceKey(trimmed + 1)},
                            snapshot.get()));
}

void ChangeWalk::SkipTo(std::uint64_t sequence) {
  assert(sequence >= trimmed_ && !started_);
  sequence_ = sequence;
  walk_.Seek(SequenceKey(sequence + 1));
}

Result<std::optional<std::uint64_t>> ChangeWalk::Next() {
  if (started_) walk_.Next();
  started_ = true;
  if (!walk_.at_row()) {
    TRY(walk_.status());
    return std::optional<std::uint64_t>();
  }
  const std::uint64_t found = TRY(walk_.Named(ParseSequenceKey(walk_.key())));
  if (found != ++sequence_) {
    return walk_.RowError("expected batch " + std::to_string(sequence_) + ", found " +
                          std::to_string(found) + ": batches are lost");
  }
  return std::optional<std::uint64_t>(found);
}

Result<std::vector<std::uint32_t>> ChangeWalk::Slots() const {
  return walk_.Named(ParseSlots(walk_.value()));
}

}  // namespace kith
