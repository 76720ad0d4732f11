#include "storage/catalog_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "core/log.h"

namespace kith {
namespace {

constexpr std::uint64_t kMegabyte = std::uint64_t{1} << 20;

// RocksDB's own log goes to ours, one level quieter: what matters is returned as an error, too.
// Without a file of it in the folder, opening read-only writes nothing at all.
class RocksLog final : public rocksdb::Logger {
 public:
  RocksLog() : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}

  using rocksdb::Logger::Logv;
  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level < rocksdb::InfoLogLevel::WARN_LEVEL || level > rocksdb::InfoLogLevel::FATAL_LEVEL) {
      return;
    }
    char text[1024];
    std::vsnprintf(text, sizeof(text), format, arguments);
    Log(level == rocksdb::InfoLogLevel::WARN_LEVEL ? LogLevel::kInfo : LogLevel::kWarning,
        std::string("rocksdb: ") + text);
  }
  void Logv(const char*, va_list) override {}
};

// After a failed write or flush RocksDB would try on its own to go on, with a log whose last record
// may be torn.  Only Catalog::Resume does that.  A failed compaction has changed nothing and may.
class NoSilentRecovery final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status,
                            bool* auto_recovery) override {
    if (reason != rocksdb::BackgroundErrorReason::kCompaction) *auto_recovery = false;
  }
};

std::uint64_t WriteBytes(const CatalogParams& params) { return params.memory_bytes / 4; }

}  // namespace

std::shared_ptr<rocksdb::Cache> NewCatalogCache(const CatalogParams& params) {
  rocksdb::LRUCacheOptions options;
  options.capacity = params.memory_bytes;
  options.high_pri_pool_ratio = 0.25;  // indexes and filters, which every read needs
  return rocksdb::NewLRUCache(options);
}

rocksdb::DBOptions CatalogDbOptions(const CatalogParams& params,
                                    const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::DBOptions options;
  options.max_background_jobs = params.background_threads;
  options.write_buffer_manager =
      std::make_shared<rocksdb::WriteBufferManager>(WriteBytes(params), cache);
  // Logs are kept until the oldest change in them is in a sorted file; families with few changes
  // would keep them for ever.
  options.max_total_wal_size = std::max(4 * WriteBytes(params), 64 * kMegabyte);
  // A torn last record is dropped.  That it is the last one, and torn, CheckLogs has made sure.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.track_and_verify_wals_in_manifest = true;
  options.max_bgerror_resume_count = 0;
  options.listeners = {std::make_shared<NoSilentRecovery>()};
  options.info_log = std::make_shared<RocksLog>();
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.max_open_files = 512;
  options.bytes_per_sync = kMegabyte;
  options.compaction_readahead_size = 2 * kMegabyte;
  options.max_manifest_file_size = 64 * kMegabyte;
  options.allow_data_in_errors = true;
  options.avoid_unnecessary_blocking_io = true;
  return options;
}

rocksdb::ColumnFamilyOptions CatalogFamilyOptions(Family family, const CatalogParams& params,
                                                  const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.block_size = 4 << 10;  // one read of a row from the disk is one page

  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = std::clamp(WriteBytes(params) / 4, kMegabyte, 64 * kMegabyte);
  options.max_write_buffer_number = 4;
  options.target_file_size_base = 64 * kMegabyte;
  options.max_bytes_for_level_base = 256 * kMegabyte;
  options.level_compaction_dynamic_level_bytes = true;
  // The same compression on every level: a file whose neighbours do not overlap, the usual case
  // with ascending slots, is moved down by name and never rewritten.
  options.compression = rocksdb::kLZ4Compression;
  switch (family) {
    case Family::kIds:
      // Most ids looked up on an upsert are not there yet.
      table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
      break;
    case Family::kPayloads:
      // LZ4 as well: ZSTD needs 40 % less disk, but reading ten payloads takes 3 times as long.
      table.block_size = 8 << 10;
      break;
    case Family::kVectors:
      options.compression = rocksdb::kNoCompression;  // floats: LZ4 gains nothing
      break;
    default:
      break;
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace kith
