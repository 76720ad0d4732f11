// Passes over the rows of a catalog, in the order of their keys.
#include <rocksdb/db.h>

#include <limits>

#include "storage/catalog.h"
#include "storage/catalog_database.h"
#include "storage/catalog_rows.h"

namespace kith {
namespace {

// Rows between two looks at the cancellation.
constexpr std::size_t kRowsBetweenChecks = 256;

// Calls row(walk) for each row of the range, until it returns an error.
template <typename Row>
Status ForEachRow(const CatalogDatabase& database, const RowRange& range,
                  const Cancellation& cancellation, Row row) {
  return CatchAtWall(database.path(), [&]() -> Status {
    const std::shared_ptr<RocksDatabase> rocks = TRY(database.Get());
    std::size_t count = 0;
    RowWalk walk(*rocks, range);
    for (; walk.at_row(); walk.Next()) {
      if (count++ % kRowsBetweenChecks == 0) TRY(cancellation.Check());
      TRY(row(walk));
    }
    return walk.status();
  });
}

RowRange FieldRange(VectorKey first) {
  RowRange range{.family = Family::kVectors, .first = VectorRowKey(first)};
  if (first.field < std::numeric_limits<std::uint16_t>::max()) {
    range.end = VectorRowKey({.field = static_cast<std::uint16_t>(first.field + 1), .slot = 0});
  }
  return range;
}

}  // namespace

Status Catalog::ForEachPoint(const CatalogScan& scan, const PointCallback& callback) const {
  const RowRange range{.family = Family::kPoints, .first = SlotKey(scan.first_slot)};
  return ForEachRow(*database_, range, *scan.cancellation, [&](const RowWalk& walk) -> Status {
    const std::uint32_t slot = TRY(walk.Named(ParseSlotKey(walk.key())));
    const CatalogPoint point = TRY(walk.Named(ParsePoint(walk.value())));
    return callback(slot, point);
  });
}

Status Catalog::ForEachPayload(const CatalogScan& scan, const BytesCallback& callback) const {
  const RowRange range{.family = Family::kPayloads, .first = SlotKey(scan.first_slot)};
  return ForEachRow(*database_, range, *scan.cancellation, [&](const RowWalk& walk) -> Status {
    const std::uint32_t slot = TRY(walk.Named(ParseSlotKey(walk.key())));
    return callback(slot, walk.value());
  });
}

Status Catalog::ForEachVector(std::uint16_t field, const CatalogScan& scan,
                              const BytesCallback& callback) const {
  const RowRange range = FieldRange({.field = field, .slot = scan.first_slot});
  return ForEachRow(*database_, range, *scan.cancellation, [&](const RowWalk& walk) -> Status {
    const VectorKey where = TRY(walk.Named(ParseVectorRowKey(walk.key())));
    return callback(where.slot, walk.value());
  });
}

Result<std::vector<Catalog::IdSlot>> Catalog::ListIds(const PointId& from,
                                                      std::size_t limit) const {
  return CatchAtWall(path(), [&]() -> Result<std::vector<IdSlot>> {
    const std::shared_ptr<RocksDatabase> rocks = TRY(database_->Get());
    std::vector<IdSlot> listed;
    // Through the cache, unlike the passes: pages of a listing follow each other.
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
  return CatchAtWall(path(), [&]() -> Status {
    const std::shared_ptr<RocksDatabase> rocks = TRY(database_->Get());
    const HeldSnapshot snapshot(*rocks);
    ChangeWalk changes = TRY(ChangeWalk::Open(*rocks, snapshot));
    if (after < changes.trimmed()) {
      return Error{ErrorCode::kInvalidArgument,
                   path() + ": asked for changes after batch " + std::to_string(after) +
                       ", but those up to " + std::to_string(changes.trimmed()) + " were trimmed"};
    }
    changes.SkipTo(after);
    while (const std::optional<std::uint64_t> sequence = TRY(changes.Next())) {
      const std::vector<std::uint32_t> slots = TRY(changes.Slots());
      TRY(callback(*sequence, slots));
    }
    return {};
  });
}

}  // namespace kith
