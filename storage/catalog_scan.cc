// Passes over the rows of one family, in the order of their keys.
#include <rocksdb/db.h>

#include <limits>

#include "storage/catalog.h"
#include "storage/catalog_database.h"

namespace kith {
namespace {

// Large sequential reads, so that a pass runs at the speed of the disk.
constexpr std::size_t kReadaheadBytes = std::size_t{2} << 20;
// Rows between two looks at the cancellation.
constexpr std::size_t kRowsBetweenChecks = 256;

// Keys [first, end) of a family; all from `first` on when `end` is empty.
struct RowRange {
  Family family;
  std::string first, end;
};

// Calls row(key, value) for each row of the range, until it returns an error.
template <typename Row>
Status ForEachRow(const CatalogDatabase& database, const RowRange& range,
                  const Cancellation& cancellation, Row row) {
  return CatchAtWall(database.path(), [&]() -> Status {
    const std::shared_ptr<RocksDatabase> rocks = TRY(database.Get());
    rocksdb::ReadOptions options;
    options.readahead_size = kReadaheadBytes;
    options.fill_cache = false;
    const rocksdb::Slice first = range.first, end = range.end;
    options.iterate_lower_bound = &first;
    if (!range.end.empty()) options.iterate_upper_bound = &end;
    const std::unique_ptr<rocksdb::Iterator> at(
        rocks->db().NewIterator(options, rocks->family(range.family)));
    std::size_t count = 0;
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
      if (count++ % kRowsBetweenChecks == 0) TRY(cancellation.Check());
      TRY(row(*rocks, at->key().ToStringView(), at->value().ToStringView()));
    }
    if (!at->status().ok()) {
      return rocks->ErrorOf(at->status(), std::string("family ") + NameOf(range.family));
    }
    return {};
  });
}

}  // namespace

Status Catalog::ForEachPoint(const CatalogScan& scan, const PointCallback& callback) const {
  const auto row = [&](const RocksDatabase& rocks, std::string_view key,
                       std::string_view value) -> Status {
    const std::uint32_t slot = TRY(rocks.Named(Family::kPoints, key, ParseSlotKey(key)));
    const CatalogPoint point = TRY(rocks.Named(Family::kPoints, key, ParsePoint(value)));
    return callback(slot, point);
  };
  return ForEachRow(*database_, {Family::kPoints, SlotKey(scan.first_slot), {}}, *scan.cancellation,
                    row);
}

Status Catalog::ForEachPayload(const CatalogScan& scan, const BytesCallback& callback) const {
  const auto row = [&](const RocksDatabase& rocks, std::string_view key,
                       std::string_view value) -> Status {
    const std::uint32_t slot = TRY(rocks.Named(Family::kPayloads, key, ParseSlotKey(key)));
    return callback(slot, value);
  };
  return ForEachRow(*database_, {Family::kPayloads, SlotKey(scan.first_slot), {}},
                    *scan.cancellation, row);
}

Status Catalog::ForEachVector(std::uint16_t field, const CatalogScan& scan,
                              const BytesCallback& callback) const {
  const auto row = [&](const RocksDatabase& rocks, std::string_view key,
                       std::string_view value) -> Status {
    const VectorKey where = TRY(rocks.Named(Family::kVectors, key, ParseVectorRowKey(key)));
    return callback(where.slot, value);
  };
  RowRange range{Family::kVectors, VectorRowKey({.field = field, .slot = scan.first_slot}), {}};
  if (field < std::numeric_limits<std::uint16_t>::max()) {
    const std::uint16_t next = static_cast<std::uint16_t>(field + 1);
    range.end = VectorRowKey({.field = next, .slot = 0});
  }
  return ForEachRow(*database_, range, *scan.cancellation, row);
}

Result<std::vector<Catalog::IdSlot>> Catalog::ListIds(const PointId& from,
                                                      std::size_t limit) const {
  return CatchAtWall(path(), [&]() -> Result<std::vector<IdSlot>> {
    const std::shared_ptr<RocksDatabase> rocks = TRY(database_->Get());
    std::vector<IdSlot> listed;
    const std::unique_ptr<rocksdb::Iterator> at(
        rocks->db().NewIterator(rocksdb::ReadOptions(), rocks->family(Family::kIds)));
    for (at->Seek(from.Key()); at->Valid() && listed.size() < limit; at->Next()) {
      const std::string_view key = at->key().ToStringView();
      const PointId id = TRY(rocks->Named(Family::kIds, key, PointId::FromKey(key)));
      const std::uint32_t slot =
          TRY(rocks->Named(Family::kIds, key, ParseSlot(at->value().ToStringView())));
      listed.push_back({.id = id, .slot = slot});
    }
    if (!at->status().ok()) return rocks->ErrorOf(at->status(), "family ids");
    return listed;
  });
}

Status Catalog::ForEachChange(std::uint64_t after, const ChangeCallback& callback) const {
  if (after < trimmed_sequence()) {
    return Error{ErrorCode::kInvalidArgument,
                 path() + ": changes after batch " + std::to_string(after) +
                     " are asked for, those up to " + std::to_string(trimmed_sequence()) +
                     " were trimmed"};
  }
  std::uint64_t expected = after + 1;
  const auto row = [&](const RocksDatabase& rocks, std::string_view key,
                       std::string_view value) -> Status {
    const std::uint64_t sequence = TRY(rocks.Named(Family::kChanges, key, ParseSequenceKey(key)));
    if (sequence != expected) return rocks.MissingChange(expected, sequence);
    ++expected;
    const std::vector<std::uint32_t> slots =
        TRY(rocks.Named(Family::kChanges, key, ParseSlots(value)));
    return callback(sequence, slots);
  };
  return ForEachRow(*database_, {Family::kChanges, SequenceKey(after + 1), {}},
                    Cancellation::Never(), row);
}

}  // namespace kith
