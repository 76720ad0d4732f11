// How RocksDB is set up for a catalog, in one place.  For catalog_database.cc alone.
// Functions without state; thread-safe.
#pragma once

#include <memory>

#include "storage/catalog.h"
#include "storage/catalog_database.h"

namespace rocksdb {
class Cache;
struct ColumnFamilyOptions;
struct DBOptions;
}  // namespace rocksdb

namespace kith {

// Memory of all families together: `cache`, which write buffers count against too.
rocksdb::DBOptions CatalogDbOptions(const CatalogParams& params,
                                    const std::shared_ptr<rocksdb::Cache>& cache);
rocksdb::ColumnFamilyOptions CatalogFamilyOptions(Family family, const CatalogParams& params,
                                                  const std::shared_ptr<rocksdb::Cache>& cache);
std::shared_ptr<rocksdb::Cache> NewCatalogCache(const CatalogParams& params);

}  // namespace kith
