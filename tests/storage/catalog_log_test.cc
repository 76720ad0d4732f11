// CheckLog on logs made here, byte by byte, so that every kind of damage can be tried.
#include "storage/catalog_log.h"

#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/crc32c.h"
#include "core/random.h"
#include "tests/temporary_folder.h"

namespace kith {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kBlock = 32768, kHeader = 7;

// A log as RocksDB writes it.
class LogMaker {
 public:
  // A record of `bytes` bytes that takes `operations` numbers.
  void Add(std::size_t bytes, std::uint32_t operations) {
    std::string record(bytes, '\0');
    for (char& c : record) c = static_cast<char>(random_());
    std::memcpy(record.data(), &sequence_, 8);
    std::memcpy(record.data() + 8, &operations, 4);
    sequence_ += operations;
    bool first = true;
    std::string_view rest = record;
    do {
      std::size_t left = kBlock - log_.size() % kBlock;
      if (left < kHeader) {
        log_.append(left, '\0');
        left = kBlock;
      }
      const std::string_view piece = rest.substr(0, left - kHeader);
      rest.remove_prefix(piece.size());
      AddPiece(piece, first ? (rest.empty() ? 1 : 2) : (rest.empty() ? 4 : 3));
      first = false;
    } while (!rest.empty());
    ends_.push_back(log_.size());
  }
  const std::string& log() const { return log_; }
  const std::vector<std::size_t>& ends() const { return ends_; }
  std::uint64_t sequence() const { return sequence_; }
  void SkipNumbers(std::uint64_t count) { sequence_ += count; }
  void StartLog() {
    log_.clear();
    ends_.clear();
  }

 private:
  void AddPiece(std::string_view bytes, char type) {
    const std::string body = type + std::string(bytes);
    const std::uint32_t crc = Crc32c(std::as_bytes(std::span(body)));
    const std::uint32_t masked = (crc >> 15 | crc << 17) + 0xa282ead8u;
    const auto size = static_cast<std::uint16_t>(bytes.size());
    log_.append(reinterpret_cast<const char*>(&masked), 4);
    log_.append(reinterpret_cast<const char*>(&size), 2);
    log_ += body;
  }

  RandomStream random_{11, 0};
  std::uint64_t sequence_ = 1000;
  std::string log_;
  std::vector<std::size_t> ends_;
};

LogMaker ThreeBlocks() {
  LogMaker maker;
  for (const std::size_t bytes : {100, 12, 5000, 40000, 20, 7000, 300, 10000, 50, 8000, 60}) {
    maker.Add(bytes, 3);
  }
  EXPECT_GT(maker.log().size(), 2 * kBlock);
  return maker;
}

Result<LogExtent> Check(std::string_view log) {
  return CheckLog(std::as_bytes(std::span(log.data(), log.size())), "x.log");
}

TEST(CatalogLogTest, ASoundLogTellsItsNumbers) {
  const LogMaker maker = ThreeBlocks();
  const auto extent = Check(maker.log());
  ASSERT_TRUE(extent.ok()) << extent.error().message;
  EXPECT_FALSE(extent.value().torn);
  EXPECT_EQ(extent.value().first, 1000u);
  EXPECT_EQ(extent.value().end, maker.sequence());
  EXPECT_FALSE(Check("").value().first);
}

TEST(CatalogLogTest, ALogCutAnywhereIsTornUnlessTheCutIsBetweenRecords) {
  const LogMaker maker = ThreeBlocks();
  std::vector<std::size_t> cuts = {1, 6, 7, 8, kBlock - 1, kBlock, kBlock + 1, 2 * kBlock};
  for (const std::size_t end : maker.ends()) {
    for (std::size_t cut = end - 9; cut < end + 9; ++cut) cuts.push_back(cut);
  }
  for (const std::size_t cut : cuts) {
    SCOPED_TRACE(cut);
    const auto extent = Check(std::string_view(maker.log()).substr(0, cut));
    ASSERT_TRUE(extent.ok()) << extent.error().message;
    std::uint64_t end = 1000;
    bool between = cut >= maker.log().size();
    for (const std::size_t record_end : maker.ends()) {
      if (record_end <= cut) end += 3;
      between |= record_end == cut;
    }
    EXPECT_EQ(extent.value().torn, !between);
    EXPECT_EQ(extent.value().end.value_or(1000), end);
  }
}

TEST(CatalogLogTest, EveryFlippedBitBeforeTheLastRecordIsFound) {
  const LogMaker maker = ThreeBlocks();
  const std::size_t last = maker.ends()[maker.ends().size() - 2];
  std::vector<std::size_t> offsets;
  for (std::size_t offset = 0; offset < last; offset += 97) offsets.push_back(offset);
  for (const std::size_t end : maker.ends()) {  // all bytes of headers
    for (std::size_t i = 0; i < kHeader && end + i < last; ++i) offsets.push_back(end + i);
  }
  for (const std::size_t offset : offsets) {
    if (offset % kBlock >= kBlock - kHeader) continue;  // may be unused
    for (const int bit : {0, 3, 7}) {
      std::string log = maker.log();
      log[offset] = static_cast<char>(log[offset] ^ 1 << bit);
      const auto extent = Check(log);
      ASSERT_FALSE(extent.ok()) << "bit " << bit << " of byte " << offset;
      EXPECT_EQ(extent.error().code, ErrorCode::kCorruption);
      EXPECT_THAT(extent.error().message, HasSubstr("x.log: damaged at offset"));
    }
  }
}

TEST(CatalogLogTest, AFlippedBitInTheLastRecordsBytesIsFoundButALostPageIsATear) {
  LogMaker maker;
  maker.Add(100, 1);
  maker.Add(20000, 1);
  std::string log = maker.log();
  log[log.size() - 3000] ^= 1;
  EXPECT_FALSE(Check(log).ok());
  std::fill(log.begin() + 8192, log.begin() + 12288, '\0');
  const auto extent = Check(log);
  ASSERT_TRUE(extent.ok()) << extent.error().message;
  EXPECT_TRUE(extent.value().torn);
  EXPECT_EQ(extent.value().end, 1001u);
}

TEST(CatalogLogTest, BytesOfUsersThatLookLikeARecordDoNotMakeATearDamage) {
  LogMaker inner;
  inner.Add(200, 1);
  LogMaker maker;
  maker.Add(100, 1);
  maker.Add(4000, 1);
  std::string log = maker.log();
  log.replace(maker.ends()[0] + 1000, inner.log().size(), inner.log());
  log.resize(log.size() - 500);
  const auto extent = Check(log);
  ASSERT_TRUE(extent.ok()) << extent.error().message;
  EXPECT_TRUE(extent.value().torn);
}

TEST(CatalogLogTest, PiecesOutOfOrderAreDamage) {
  LogMaker maker;
  maker.Add(40000, 1);
  EXPECT_FALSE(Check(std::string_view(maker.log()).substr(kBlock)).ok());
}

TEST(CatalogLogTest, AGapBehindATornLogIsFound) {
  const TemporaryFolder folder;
  LogMaker maker;
  maker.Add(100, 5);
  maker.Add(100, 5);
  folder.Write("000007.log", maker.log().substr(0, maker.log().size() - 10));
  folder.Write("000008.log", "");
  folder.Write("LOG", "not a log of this kind");
  EXPECT_TRUE(CheckLogs(folder.path()).ok());
  // The second record was lost, yet the next log goes on behind it.
  maker.StartLog();
  maker.Add(100, 5);
  folder.Write("000012.log", maker.log());
  const Status status = CheckLogs(folder.path());
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kCorruption);
  EXPECT_THAT(status.error().message, HasSubstr("000007.log: expected records up to number 1010"));
  // Goes on where the torn one ended: the lost record was never acknowledged.
  LogMaker again;
  again.Add(100, 5);
  again.StartLog();
  again.Add(100, 5);
  folder.Write("000012.log", again.log());
  EXPECT_TRUE(CheckLogs(folder.path()).ok());
}

}  // namespace
}  // namespace kith
