#include <rocksdb/db.h>

#include "storage/catalog.h"
#include "storage/catalog_database.h"

namespace kith {

Status Catalog::Verify(const Cancellation& cancellation, Progress&) const {
  TRY(cancellation.Check());
  return CatchAtWall(path(), [&]() -> Status {
    const std::shared_ptr<RocksDatabase> rocks = TRY(database_->Get());
    const rocksdb::Status status = rocks->db().VerifyChecksum();
    if (!status.ok()) return rocks->ErrorOf(status, "verify");
    return {};
  });
}

}  // namespace kith
