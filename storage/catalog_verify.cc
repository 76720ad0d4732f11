// Verify: first every checksum of every file, then rows against each other, all of one snapshot.
//
// Both points -> ids and ids -> points must be complete.  The second is checked row by row; as a
// points row holds one id, no two ids rows pass with the same one, so that the first follows from
// equal numbers of rows and needs no look-ups in random order.  Payloads and vectors are walked
// beside the points, all three in the order of slots.
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>

#include "storage/catalog.h"
#include "storage/catalog_database.h"
#include "storage/catalog_rows.h"

namespace kith {
namespace {

constexpr std::size_t kReadaheadBytes = std::size_t{2} << 20;
constexpr std::uint64_t kRowsBetweenChecks = 1024;

// Keeps the files of the present version for as long as it lives.
class KeptFiles {
 public:
  explicit KeptFiles(rocksdb::DB& db) : db_(db), kept_(db.DisableFileDeletions().ok()) {}
  ~KeptFiles() {
    if (kept_) db_.EnableFileDeletions(/*force=*/false).PermitUncheckedError();
  }
  KeptFiles(const KeptFiles&) = delete;
  KeptFiles& operator=(const KeptFiles&) = delete;

 private:
  rocksdb::DB& db_;
  bool kept_;  // not in a database opened for reading only, which deletes none
};

class Verification {
 public:
  Verification(const RocksDatabase& rocks, const Cancellation& cancellation, Progress& progress)
      : rocks_(rocks), cancellation_(cancellation), progress_(progress), snapshot_(rocks) {}

  Status Files();
  Status Points();
  Status Ids();
  Status Payloads();
  Status Vectors();
  Status Changes();

 private:
  RowWalk Walk(Family family) const { return RowWalk(rocks_, {.family = family}, snapshot_.get()); }
  // Called for each row: tells of progress and looks at the cancellation.
  Status Step() {
    if (++rows_ % kRowsBetweenChecks != 0) return {};
    progress_.Advance(kRowsBetweenChecks);
    return cancellation_.Check();
  }
  void Start(const char* stage, Family family) const {
    std::uint64_t rows = 0;
    rocks_.db().GetIntProperty(rocks_.family(family), rocksdb::DB::Properties::kEstimateNumKeys,
                               &rows);
    progress_.Start(stage, rows);
  }
  Result<std::optional<std::string>> Get(Family family, std::string_view key) const {
    return rocks_.Get(family, key, snapshot_.get());
  }
  Status FindPointWithoutId();

  const RocksDatabase& rocks_;
  const Cancellation& cancellation_;
  Progress& progress_;
  const HeldSnapshot snapshot_;
  std::uint64_t rows_ = 0, points_ = 0;
};

Status Verification::Files() {
  const KeptFiles kept(rocks_.db());
  std::vector<rocksdb::LiveFileMetaData> files;
  rocks_.db().GetLiveFilesMetaData(&files);
  std::uint64_t bytes = 0;
  for (const auto& file : files) bytes += file.size;
  progress_.Start("checksums", bytes);
  rocksdb::ReadOptions options;
  options.readahead_size = kReadaheadBytes;
  options.fill_cache = false;
  for (const auto& file : files) {
    TRY(cancellation_.Check());
    rocksdb::SstFileReader reader{rocksdb::Options()};
    rocksdb::Status status = reader.Open(file.db_path + file.name);
    if (status.ok()) status = reader.VerifyChecksum(options);
    if (!status.ok()) {
      return rocks_.ErrorOf(status, file.name.substr(1) + " of family " + file.column_family_name);
    }
    progress_.Advance(file.size);
  }
  return {};
}

Status Verification::Points() {
  Start("points", Family::kPoints);
  RowWalk walk = Walk(Family::kPoints);
  for (; walk.at_row(); walk.Next()) {
    TRY(walk.Named(ParseSlotKey(walk.key())));
    TRY(walk.Named(ParsePoint(walk.value())));
    ++points_;
    TRY(Step());
  }
  return walk.status();
}

// REQUIRES: after Points().
Status Verification::Ids() {
  Start("ids", Family::kIds);
  std::uint64_t ids = 0;
  RowWalk walk = Walk(Family::kIds);
  for (; walk.at_row(); walk.Next()) {
    const PointId id = TRY(walk.Named(PointId::FromKey(walk.key())));
    const std::uint32_t slot = TRY(walk.Named(ParseSlot(walk.value())));
    const std::optional<std::string> value = TRY(Get(Family::kPoints, SlotKey(slot)));
    if (!value) {
      return walk.RowError("expected a point in slot " + std::to_string(slot) + ", found none");
    }
    const CatalogPoint point =
        TRY(rocks_.Named(Family::kPoints, SlotKey(slot), ParsePoint(*value)));
    if (point.id != id) {
      return walk.RowError("expected id " + id.ToString() + " in slot " + std::to_string(slot) +
                           ", found " + point.id.ToString());
    }
    ++ids;
    TRY(Step());
  }
  TRY(walk.status());
  return ids == points_ ? Status() : FindPointWithoutId();
}

Status Verification::FindPointWithoutId() {
  RowWalk walk = Walk(Family::kPoints);
  for (; walk.at_row(); walk.Next()) {
    const CatalogPoint point = TRY(walk.Named(ParsePoint(walk.value())));
    const std::optional<std::string> value = TRY(Get(Family::kIds, point.id.Key()));
    if (value != EncodeSlot(TRY(walk.Named(ParseSlotKey(walk.key()))))) {
      return walk.RowError("expected a row of family ids for id " + point.id.ToString() +
                           " that leads here, found " + (value ? "another slot" : "none"));
    }
    TRY(Step());
  }
  return walk.status();
}

Status Verification::Payloads() {
  Start("payloads", Family::kPayloads);
  RowWalk points = Walk(Family::kPoints);
  RowWalk walk = Walk(Family::kPayloads);
  for (; walk.at_row(); walk.Next()) {
    TRY(walk.Named(ParseSlotKey(walk.key())));
    while (points.at_row() && points.key() < walk.key()) points.Next();
    TRY(points.status());
    if (!points.at_row() || points.key() != walk.key()) {
      return walk.RowError("expected a point in this slot, found none");
    }
    TRY(Step());
  }
  return walk.status();
}

Status Verification::Vectors() {
  Start("vectors", Family::kVectors);
  RowWalk points = Walk(Family::kPoints);
  std::optional<std::uint16_t> field;
  RowWalk walk = Walk(Family::kVectors);
  for (; walk.at_row(); walk.Next()) {
    const VectorKey where = TRY(walk.Named(ParseVectorRowKey(walk.key())));
    const std::string slot_key = SlotKey(where.slot);
    if (where.field != field) points.Seek(slot_key);
    field = where.field;
    while (points.at_row() && points.key() < slot_key) points.Next();
    TRY(points.status());
    if (!points.at_row() || points.key() != slot_key) {
      return walk.RowError("expected a point in slot " + std::to_string(where.slot) + " of field " +
                           std::to_string(where.field) + ", found none");
    }
    TRY(Step());
  }
  return walk.status();
}

Status Verification::Changes() {
  Start("changes", Family::kChanges);
  ChangeWalk changes = TRY(ChangeWalk::Open(rocks_, snapshot_));
  while (const std::optional<std::uint64_t> sequence = TRY(changes.Next())) {
    TRY(changes.Slots());
    TRY(Step());
  }
  return {};
}

}  // namespace

Status Catalog::Verify(const Cancellation& cancellation, Progress& progress) const {
  return CatchAtWall(path(), [&]() -> Status {
    const std::shared_ptr<RocksDatabase> rocks = TRY(database_->Get());
    Verification verification(*rocks, cancellation, progress);
    TRY(verification.Files());
    TRY(verification.Points());
    TRY(verification.Ids());
    TRY(verification.Payloads());
    TRY(verification.Vectors());
    return verification.Changes();
  });
}

}  // namespace kith
