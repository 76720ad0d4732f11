// Rows of a catalog by key.
#include <rocksdb/db.h>

#include "storage/catalog.h"
#include "storage/catalog_database.h"

namespace kith {
namespace {

using Values = std::vector<std::optional<std::string>>;

// More rows at a time gain nothing and would pin their blocks all at once.
constexpr std::size_t kRowsAtOnce = 256;

Status AppendRows(const RocksDatabase& rocks, Family family, std::span<const std::string> keys,
                  Values& values) {
  const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<rocksdb::PinnableSlice> found(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  rocks.db().MultiGet(rocksdb::ReadOptions(), rocks.family(family), keys.size(), slices.data(),
                      found.data(), statuses.data());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].ok()) {
      values.emplace_back(found[i].ToString());
    } else if (statuses[i].IsNotFound()) {
      values.emplace_back();
    } else {
      return rocks.RowError(family, keys[i], statuses[i]);
    }
  }
  return {};
}

template <typename KeyOf>
Result<Values> GetRows(const CatalogDatabase& database, Family family,
                       std::span<const std::uint32_t> slots, KeyOf key_of) {
  return CatchAtWall(database.path(), [&]() -> Result<Values> {
    const std::shared_ptr<RocksDatabase> rocks = TRY(database.Get());
    Values values;
    values.reserve(slots.size());
    std::vector<std::string> keys;
    for (std::size_t begin = 0; begin < slots.size(); begin += kRowsAtOnce) {
      keys.clear();
      for (const std::uint32_t slot :
           slots.subspan(begin, std::min(kRowsAtOnce, slots.size() - begin))) {
        keys.push_back(key_of(slot));
      }
      TRY(AppendRows(*rocks, family, keys, values));
    }
    return values;
  });
}

Result<std::optional<std::string>> GetRow(const CatalogDatabase& database, Family family,
                                          std::string_view key) {
  return CatchAtWall(database.path(), [&]() -> Result<std::optional<std::string>> {
    const std::shared_ptr<RocksDatabase> rocks = TRY(database.Get());
    return rocks->Get(family, key);
  });
}

// The row parsed, its errors naming it.
template <typename T>
Result<std::optional<T>> GetParsed(const CatalogDatabase& database, Family family,
                                   std::string_view key, Result<T> (*parse)(std::string_view)) {
  return CatchAtWall(database.path(), [&]() -> Result<std::optional<T>> {
    const std::shared_ptr<RocksDatabase> rocks = TRY(database.Get());
    const std::optional<std::string> value = TRY(rocks->Get(family, key));
    if (!value) return std::optional<T>();
    T parsed = TRY(rocks->Named(family, key, parse(*value)));
    return std::optional<T>(std::move(parsed));
  });
}

}  // namespace

Result<std::optional<CatalogPoint>> Catalog::GetPoint(std::uint32_t slot) const {
  return GetParsed(*database_, Family::kPoints, SlotKey(slot), ParsePoint);
}

Result<std::optional<std::uint32_t>> Catalog::FindId(const PointId& id) const {
  return GetParsed(*database_, Family::kIds, id.Key(), ParseSlot);
}

Result<std::optional<std::string>> Catalog::GetPayload(std::uint32_t slot) const {
  return GetRow(*database_, Family::kPayloads, SlotKey(slot));
}

Result<std::optional<std::string>> Catalog::GetVector(VectorKey where) const {
  return GetRow(*database_, Family::kVectors, VectorRowKey(where));
}

Result<std::optional<std::string>> Catalog::GetMeta(std::string_view name) const {
  return GetRow(*database_, Family::kDefault, MetaKey(name));
}

Result<Values> Catalog::GetPayloads(std::span<const std::uint32_t> slots) const {
  return GetRows(*database_, Family::kPayloads, slots, SlotKey);
}

Result<Values> Catalog::GetVectors(std::uint16_t field,
                                   std::span<const std::uint32_t> slots) const {
  return GetRows(*database_, Family::kVectors, slots, [field](std::uint32_t slot) {
    return VectorRowKey({.field = field, .slot = slot});
  });
}

}  // namespace kith
