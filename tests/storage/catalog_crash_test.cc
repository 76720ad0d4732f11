// A catalog whose process is killed at any moment, or whose logs were cut or damaged.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/random.h"
#include "storage/catalog.h"
#include "tests/storage/catalog_child.h"
#include "tests/storage/catalog_model.h"
#include "tests/storage/file_fixture.h"

namespace kith {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kPayloadBytes = 2000;  // so that memory is flushed every few hundred batches
constexpr std::uint64_t kGroupMax = 3;

// Commits batches and tells each number, now and then as groups, with trims, flushes, checkpoints.
void Write(const CatalogChild::Parent& parent) {
  auto catalog = Catalog::Open(parent.path, kSmallCatalog);
  if (!catalog.ok()) std::_Exit(2);
  CatalogModel model(kPayloadBytes);
  model.AdvanceTo(catalog.value().last_sequence());
  parent.Tell(model.sequence());
  for (;;) {
    RandomStream random(29, model.sequence());
    std::vector<CatalogBatch> batches;
    for (std::uint64_t i = 0; i <= random.Below(kGroupMax); ++i) batches.push_back(model.Next());
    std::vector<const CatalogBatch*> group;
    for (const CatalogBatch& batch : batches) group.push_back(&batch);
    const auto durability = random.Below(4) == 0 ? Durability::kSync : Durability::kLog;
    if (!catalog.value().CommitGroup(group, durability).ok()) std::_Exit(2);
    parent.Tell(model.sequence());
    const std::uint64_t extra = random.Below(60);
    if (extra == 0 && !catalog.value().TrimChanges(model.sequence() * 3 / 4).ok()) std::_Exit(2);
    if (extra == 1 && !catalog.value().Flush().ok()) std::_Exit(2);
    if (extra == 2 && !catalog.value().Resume().ok()) std::_Exit(2);
  }
}
const bool kWriter = CatalogChild::Role("writer", Write);

int Kills() {
  const char* kills = std::getenv("KITH_CATALOG_KILLS");
  return kills != nullptr ? std::atoi(kills) : 20;
}

TEST(CatalogCrashTest, KilledWritersLoseNothingTheyAcknowledgedAndLeaveNoHalfBatch) {
  const TemporaryFolder folder;
  CatalogModel model(kPayloadBytes);
  for (int run = 0; run < Kills(); ++run) {
    RandomStream random(31, static_cast<std::uint64_t>(run));
    std::uint64_t acknowledged = 0;
    {
      CatalogChild writer("writer", folder / "c");
      // Some runs end before the catalog is open.
      if (run % 5 != 4) acknowledged = writer.Hear().value_or(0);
      std::this_thread::sleep_for(std::chrono::microseconds(random.Below(40'000)));
      const int status = writer.Kill();
      ASSERT_TRUE(WIFSIGNALED(status)) << "the writer failed on its own, status " << status;
      while (const auto number = writer.Hear()) acknowledged = *number;
    }
    const Catalog catalog = OpenCatalog(folder / "c");
    ASSERT_GE(catalog.last_sequence(), acknowledged);
    ASSERT_GE(catalog.last_sequence(), model.sequence());
    if (acknowledged > 0) {
      ASSERT_LE(catalog.last_sequence(), acknowledged + kGroupMax);
    }
    model.AdvanceTo(catalog.last_sequence());
    ExpectHolds(catalog, model);
    ExpectChanges(catalog, kPayloadBytes);
    const Status verified = Verify(catalog);
    ASSERT_TRUE(verified.ok()) << verified.error().message;
  }
  EXPECT_GT(model.sequence(), 0u);
}

// A catalog as a crash leaves it: some batches in sorted files, the others in one log.
class CatalogImage {
 public:
  explicit CatalogImage(std::uint64_t logged) : model_(kPayloadBytes) {
    Catalog catalog = OpenCatalog(folder_ / "running");
    for (std::uint64_t i = 0; i < kFlushed; ++i) Commit(catalog);
    EXPECT_TRUE(catalog.Flush().ok());
    log_ = NewestLog(folder_ / "running");
    for (std::uint64_t i = 0; i < logged; ++i) {
      Commit(catalog);
      ends_.push_back(std::filesystem::file_size(log_));
    }
    std::filesystem::copy(folder_ / "running", folder_ / "image",
                          std::filesystem::copy_options::recursive);
    log_ = NewestLog(folder_ / "image");
  }

  static constexpr std::uint64_t kFlushed = 5;
  // Offsets in the log behind each batch.
  const std::vector<std::uint64_t>& ends() const { return ends_; }
  std::string LogBytes() const { return ReadBytes(log_); }

  // The image with other bytes in its log.
  std::string With(std::string_view log_bytes) const {
    const std::string path = folder_ / "changed";
    std::filesystem::remove_all(path);
    std::filesystem::copy(folder_ / "image", path, std::filesystem::copy_options::recursive);
    WriteBytes(NewestLog(path), log_bytes);
    return path;
  }

 private:
  void Commit(Catalog& catalog) {
    EXPECT_TRUE(catalog.Commit(model_.Next(), Durability::kLog).ok());
  }
  static std::string NewestLog(const std::string& path) {
    std::string newest;
    for (const auto& entry : std::filesystem::directory_iterator(path + "/rocksdb")) {
      if (entry.path().extension() == ".log") newest = std::max(newest, entry.path().string());
    }
    EXPECT_FALSE(newest.empty());
    return newest;
  }

  TemporaryFolder folder_;
  CatalogModel model_;
  std::string log_;
  std::vector<std::uint64_t> ends_;
};

TEST(CatalogCrashTest, ALogCutAnywhereLosesOnlyTheBatchesThatAreCut) {
  const CatalogImage image(12);
  const std::string log = image.LogBytes();
  RandomStream random(37, 0);
  for (int i = 0; i < 12; ++i) {
    const std::uint64_t bytes = i == 0 ? 0 : i == 1 ? image.ends()[3] : random.Below(log.size());
    SCOPED_TRACE("log of " + std::to_string(bytes) + " bytes");
    const Catalog catalog = OpenCatalog(image.With(log.substr(0, bytes)));
    CatalogModel model(kPayloadBytes);
    model.AdvanceTo(image.kFlushed);
    for (const std::uint64_t end : image.ends()) model.AdvanceTo(model.sequence() + (end <= bytes));
    ExpectHolds(catalog, model);
    ExpectChanges(catalog, kPayloadBytes);
    EXPECT_TRUE(Verify(catalog).ok());
  }
}

TEST(CatalogCrashTest, AfterACutTheCatalogGoesOnAndCanBeOpenedAgain) {
  const CatalogImage image(4);
  const std::string path = image.With(image.LogBytes().substr(0, image.ends()[2] - 5));
  CatalogModel model(kPayloadBytes);
  model.AdvanceTo(image.kFlushed + 2);
  for (int i = 0; i < 3; ++i) {
    Catalog catalog = OpenCatalog(path);
    ExpectHolds(catalog, model);
    EXPECT_TRUE(catalog.Commit(model.Next(), Durability::kLog).ok());
  }
  ExpectHolds(OpenCatalog(path), model);
}

// Lengths too: RocksDB takes one that runs past the end for a cut, and drops what follows.
TEST(CatalogCrashTest, AFlippedBitInsideALogIsAnErrorWithFileAndOffset) {
  const CatalogImage image(8);
  const std::string log = image.LogBytes();
  for (const std::uint64_t offset :
       {std::uint64_t{0}, std::uint64_t{4}, std::uint64_t{5}, std::uint64_t{6}, image.ends()[2] + 5,
        image.ends()[5] + 5, image.ends()[4] + 100, log.size() - 1}) {
    SCOPED_TRACE(offset);
    std::string damaged = log;
    damaged[offset] = static_cast<char>(damaged[offset] ^ 0x80);
    const std::string path = image.With(damaged);
    for (const bool read_only : {false, true}) {
      const auto catalog = Catalog::Open(path, {.memory_bytes = 8 << 20, .read_only = read_only});
      ASSERT_FALSE(catalog.ok());
      EXPECT_EQ(catalog.error().code, ErrorCode::kCorruption);
      EXPECT_THAT(catalog.error().message, HasSubstr(".log: damaged at offset "));
    }
  }
}

TEST(CatalogCrashTest, APageOfZerosAtTheEndOfALogIsATearAndInItsMiddleAnError) {
  const CatalogImage image(8);
  std::string log = image.LogBytes();
  std::string lost_end = log;
  std::fill(lost_end.begin() + static_cast<std::ptrdiff_t>(image.ends()[6] + 100), lost_end.end(),
            '\0');
  EXPECT_EQ(OpenCatalog(image.With(lost_end)).last_sequence(), image.kFlushed + 7);

  std::fill_n(log.begin() + static_cast<std::ptrdiff_t>(image.ends()[1]), 64, '\0');
  const auto catalog = Catalog::Open(image.With(log), kSmallCatalog);
  ASSERT_FALSE(catalog.ok());
  EXPECT_EQ(catalog.error().code, ErrorCode::kCorruption);
}

}  // namespace
}  // namespace kith
