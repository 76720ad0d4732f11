// A catalog on a full disk, with failing system calls, in use by others, damaged or foreign.
#include <signal.h>
#include <sys/ucontext.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "core/crc32c.h"
#include "storage/catalog.h"
#include "storage/catalog_database.h"
#include "tests/fault_injection.h"
#include "tests/storage/catalog_child.h"
#include "tests/storage/catalog_model.h"
#include "tests/storage/file_fixture.h"

namespace kith {
namespace {

using ::testing::HasSubstr;

void ExpectError(const Status& status, ErrorCode code, const std::string& words) {
  ASSERT_FALSE(status.ok()) << "expected: " << words;
  EXPECT_EQ(status.error().code, code) << status.error().message;
  EXPECT_THAT(status.error().message, HasSubstr(words));
}

Status Opening(const std::string& path, const CatalogParams& params = kSmallCatalog) {
  const auto catalog = Catalog::Open(path, params);
  if (!catalog.ok()) return catalog.error();
  return {};
}

// A closed catalog of 40 batches, in sorted files or in the log.
CatalogModel MakeCatalog(const std::string& path, bool flushed) {
  CatalogModel model;
  Catalog catalog = OpenCatalog(path);
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(catalog.Commit(model.Next(), Durability::kLog).ok());
  if (flushed) {
    EXPECT_TRUE(catalog.Flush().ok());
  }
  return model;
}

std::vector<std::string> Files(const std::string& path, std::string_view extension) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(path + "/rocksdb")) {
    if (entry.path().extension() == extension) files.push_back(entry.path());
  }
  return files;
}

TEST(CatalogFaultTest, AFullDiskRefusesCommitsUntilResumeAndLosesNothing) {
  const SmallDisk disk(24 << 20);
  if (!disk.available()) GTEST_SKIP() << SmallDisk::kSkip;
  const std::string path = disk.folder() / "c";
  CatalogModel model;
  Catalog catalog = OpenCatalog(path);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(catalog.Commit(model.Next(), Durability::kLog).ok());

  std::ofstream filler(disk.folder() / "filler", std::ios::binary);
  const std::string megabyte(1 << 20, 'x');
  while (filler.write(megabyte.data(), 1 << 20).flush()) continue;
  CatalogBatch large;
  for (std::uint32_t slot = 500; slot < 530; ++slot) {
    large.PutPayload(slot, std::string(200'000, 'y'));
  }
  const auto failed = catalog.Commit(large, Durability::kSync);
  ExpectError(failed.ok() ? Status() : failed.error(), ErrorCode::kIoError,
              "No space left on device");
  ExpectError(catalog.TrimChanges(3), ErrorCode::kIoError, "no commits until Resume");
  ExpectError(catalog.Flush(), ErrorCode::kIoError, "no commits until Resume");
  ExpectError(catalog.Checkpoint(disk.folder() / "copy"), ErrorCode::kIoError, "until Resume");
  ExpectHolds(catalog, model);  // reading goes on
  ExpectError(catalog.Resume(), ErrorCode::kIoError, "No space left on device");
  ExpectHolds(catalog, model);

  filler.close();
  std::filesystem::remove(disk.folder() / "filler");
  const Status resumed = catalog.Resume();
  ASSERT_TRUE(resumed.ok()) << resumed.error().message;
  ExpectHolds(catalog, model);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(catalog.Commit(model.Next(), Durability::kSync).ok());
  ExpectHolds(catalog, model);
  EXPECT_TRUE(Verify(catalog).ok());
  { const Catalog closed = std::move(catalog); }
  catalog = OpenCatalog(path);
  ExpectHolds(catalog, model);
  ExpectChanges(catalog);
}

TEST(CatalogFaultTest, AFlushWithoutSpaceRefusesCommitsUntilResume) {
  const SmallDisk disk(24 << 20);
  if (!disk.available()) GTEST_SKIP() << SmallDisk::kSkip;
  CatalogModel model(20'000);
  Catalog catalog = OpenCatalog(disk.folder() / "c");
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(catalog.Commit(model.Next(), Durability::kLog).ok());
  std::ofstream filler(disk.folder() / "filler", std::ios::binary);
  const std::string page(4096, 'x');
  while (filler.write(page.data(), 4096).flush()) continue;
  ExpectError(catalog.Flush(), ErrorCode::kIoError, "No space left on device");
  ExpectError(catalog.TrimChanges(3), ErrorCode::kIoError, "No space left on device");
  ExpectHolds(catalog, model);
  ExpectError(catalog.Resume(), ErrorCode::kIoError, "No space left on device");
  ExpectHolds(catalog, model);
  filler.close();
  std::filesystem::remove(disk.folder() / "filler");
  ASSERT_TRUE(catalog.Resume().ok());
  ASSERT_TRUE(catalog.Commit(model.Next(), Durability::kSync).ok());
  ASSERT_TRUE(catalog.Flush().ok());
  ExpectHolds(catalog, model);
  ExpectChanges(catalog, 20'000);
  EXPECT_TRUE(Verify(catalog).ok());
}

// Whether fdatasync fails in this process, after TrapSyncs.
std::atomic<bool> syncs_fail = false;

void AnswerSync(int, siginfo_t*, void* context) {
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  registers[REG_RAX] = syncs_fail ? -EIO : fsync(static_cast<int>(registers[REG_RDI]));
}

// From here on fdatasync of this thread goes to AnswerSync.
void TrapSyncs() {
  struct sigaction action = {};
  action.sa_sigaction = AnswerSync;
  action.sa_flags = SA_SIGINFO;
  ASSERT_EQ(sigaction(SIGSYS, &action, nullptr), 0);
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fdatasync, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog filter = {.len = 4, .filter = program};
  ASSERT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  ASSERT_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0) << "seccomp is missing";
}

void CommitWithFailingSync(const CatalogChild::Parent& parent) {
  Catalog catalog = OpenCatalog(parent.path);
  CatalogModel model;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(catalog.Commit(model.Next(), Durability::kSync).ok());
  TrapSyncs();
  syncs_fail = true;
  const CatalogBatch batch = model.Next();
  const auto failed = catalog.Commit(batch, Durability::kSync);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, ErrorCode::kIoError);
  EXPECT_THAT(failed.error().message, HasSubstr("Input/output error"));
  EXPECT_FALSE(catalog.Commit(batch, Durability::kLog).ok());
  EXPECT_EQ(catalog.last_sequence(), 10u);
  EXPECT_FALSE(catalog.Sync().ok());
  EXPECT_FALSE(catalog.Resume().ok());
  EXPECT_TRUE(catalog.GetMeta("sequence").ok());  // reading goes on
  syncs_fail = false;
  const Status resumed = catalog.Resume();
  ASSERT_TRUE(resumed.ok()) << resumed.error().message;
  // The batch was in the log, only not on disk: it is found, and is on disk by what opening did.
  EXPECT_EQ(catalog.last_sequence(), 11u);
  ExpectHolds(catalog, model);
  EXPECT_EQ(catalog.Commit(model.Next(), Durability::kLog).value(), 12u);
  ExpectHolds(catalog, model);
  ExpectChanges(catalog);
  parent.Tell(testing::Test::HasFailure() ? 0 : 1);
}
const bool kFailingSync = CatalogChild::Role("failing-sync", CommitWithFailingSync);

TEST(CatalogFaultTest, AFailedSyncRefusesCommitsUntilResumeWhichFindsTheBatch) {
  const TemporaryFolder folder;
  CatalogChild child("failing-sync", folder / "c");
  EXPECT_EQ(child.Hear(), 1u) << "the child failed, see above";
}

void HoldOpen(const CatalogChild::Parent& parent) {
  const Catalog catalog = OpenCatalog(parent.path);
  parent.Tell(1);
  for (;;) pause();
}
const bool kHolder = CatalogChild::Role("holder", HoldOpen);

TEST(CatalogFaultTest, TwoProcessesDoNotOpenOneCatalog) {
  const TemporaryFolder folder;
  CatalogModel model = MakeCatalog(folder / "c", false);
  {
    CatalogChild holder("holder", folder / "c");
    ASSERT_EQ(holder.Hear(), 1u);
    ExpectError(Opening(folder / "c"), ErrorCode::kAlreadyExists, "is in use by another process");
  }
  const Catalog catalog = OpenCatalog(folder / "c");
  ExpectHolds(catalog, model);
  ExpectError(Opening(folder / "c"), ErrorCode::kAlreadyExists, "is open already in this process");
}

TEST(CatalogFaultTest, OpensOnlyWhatIsThereUnlessItMayCreate) {
  const TemporaryFolder folder;
  ExpectError(Opening(folder / "c", {}), ErrorCode::kNotFound, "found nothing");
  ExpectError(Opening(folder / "c", {.create_if_missing = true, .read_only = true}),
              ErrorCode::kNotFound, "found nothing");
  std::filesystem::create_directory(folder / "empty");
  ExpectError(Opening(folder / "empty", {}), ErrorCode::kNotFound, "found nothing");
  EXPECT_TRUE(Opening(folder / "empty").ok());
  EXPECT_TRUE(Opening(folder / "empty", {}).ok());
  ExpectError(Opening(folder / "no/such/folder"), ErrorCode::kNotFound, "no/such");
}

TEST(CatalogFaultTest, RefusesFoldersOfOthersAndLeavesThemAlone) {
  const TemporaryFolder folder;
  folder.Write("file", "text");
  ExpectError(Opening(folder.path()), ErrorCode::kCorruption, "found no file CATALOG");
  ExpectError(Opening(folder / "file"), ErrorCode::kCorruption, "found a file");
  EXPECT_EQ(folder.List(), std::vector<std::string>{"file"});
  folder.Write("CATALOG", "what I ordered from the catalog");
  ExpectError(Opening(folder.path()), ErrorCode::kCorruption, "is not the file CATALOG");
  folder.Write("CATALOG", "short");
  ExpectError(Opening(folder.path()), ErrorCode::kCorruption, "expected 16 bytes, found 5");
}

TEST(CatalogFaultTest, RefusesANewerVersionBeforeItTouchesAnything) {
  const TemporaryFolder folder;
  MakeCatalog(folder / "c", true);
  std::string marker = folder.Read("c/CATALOG");
  ASSERT_EQ(marker.size(), 16u);
  marker[8] = 2;
  folder.Write("c/CATALOG", marker);
  ExpectError(Opening(folder / "c"), ErrorCode::kCorruption, "checksum mismatch");
  const std::uint32_t crc = Crc32c(std::as_bytes(std::span(marker)).first(12));
  std::memcpy(marker.data() + 12, &crc, sizeof(crc));
  folder.Write("c/CATALOG", marker);
  std::filesystem::remove_all(folder / "c/rocksdb");
  ExpectError(Opening(folder / "c"), ErrorCode::kUnsupported, "newer kith (version 2");
  EXPECT_FALSE(std::filesystem::exists(folder / "c/rocksdb"));
}

TEST(CatalogFaultTest, RefusesParamsOutOfRange) {
  const TemporaryFolder folder;
  ExpectError(Opening(folder / "c", {.memory_bytes = 1000}), ErrorCode::kInvalidArgument,
              "found 1000");
  ExpectError(Opening(folder / "c", {.background_threads = 1}), ErrorCode::kInvalidArgument,
              "expected 2 to 64, found 1");
}

void OpenAsSomebodyElse(const CatalogChild::Parent& parent) {
  GiveUpRoot();
  if (access(parent.path.c_str(), W_OK) != 0) {  // else the folder is this user's own
    ExpectError(Opening(parent.path + "/new"), ErrorCode::kIoError, "Permission denied");
    ExpectError(Opening(parent.path), ErrorCode::kIoError, "Permission denied");
    // Who may only read can open for reading.
    CatalogModel model;
    model.AdvanceTo(40);
    ExpectHolds(OpenCatalog(parent.path, {.memory_bytes = 8 << 20, .read_only = true}), model);
  }
  parent.Tell(testing::Test::HasFailure() ? 0 : 1);
}
const bool kSomebodyElse = CatalogChild::Role("somebody-else", OpenAsSomebodyElse);

TEST(CatalogFaultTest, SaysSoWhenItMayNotWrite) {
  const TemporaryFolder folder;
  MakeCatalog(folder / "c", false);
  CatalogChild child("somebody-else", folder / "c");
  EXPECT_EQ(child.Hear(), 1u) << "the child failed, see above";
}

TEST(CatalogFaultTest, AFlippedByteInAnySortedFileIsFoundByVerifyAndNamed) {
  const TemporaryFolder folder;
  MakeCatalog(folder / "c", true);
  const std::vector<std::string> files = Files(folder / "c", ".sst");
  ASSERT_EQ(files.size(), 6u);  // one for each family
  for (const std::string& file : files) {
    SCOPED_TRACE(file);
    const std::string bytes = ReadBytes(file);
    for (const std::size_t offset : {std::size_t{10}, bytes.size() / 2, bytes.size() - 60}) {
      std::string damaged = bytes;
      damaged[offset] = static_cast<char>(damaged[offset] ^ 4);
      WriteBytes(file, damaged);
      auto catalog = Catalog::Open(folder / "c", {.memory_bytes = 8 << 20, .read_only = true});
      const Status status = catalog.ok() ? Verify(catalog.value()) : Status(catalog.error());
      ExpectError(status, ErrorCode::kCorruption, ".sst");
    }
    WriteBytes(file, bytes);
  }
  EXPECT_TRUE(Verify(OpenCatalog(folder / "c")).ok());
}

TEST(CatalogFaultTest, ADamagedRowIsAnErrorAndNeverAWrongValue) {
  const TemporaryFolder folder;
  CatalogModel model = MakeCatalog(folder / "c", true);
  for (const std::string& file : Files(folder / "c", ".sst")) {
    std::string bytes = ReadBytes(file);
    for (std::size_t i = 50; i < bytes.size() / 2; i += 500) {
      bytes[i] = static_cast<char>(bytes[i] ^ 1);
    }
    WriteBytes(file, bytes);
  }
  auto catalog = Catalog::Open(folder / "c", {.memory_bytes = 8 << 20, .read_only = true});
  if (!catalog.ok()) {  // the meta values are read by opening
    EXPECT_EQ(catalog.error().code, ErrorCode::kCorruption);
    return;
  }
  int errors = 0;
  for (const auto& [slot, point] : model.points()) {
    const auto payload = catalog.value().GetPayload(slot);
    if (payload.ok()) {
      EXPECT_EQ(payload.value(), point.payload);
    } else {
      EXPECT_EQ(payload.error().code, ErrorCode::kCorruption);
      EXPECT_THAT(payload.error().message, HasSubstr("family payloads, key 0x"));
      ++errors;
    }
  }
  EXPECT_GT(errors, 0);
}

TEST(CatalogFaultTest, AMissingOrDamagedFileIsCorruption) {
  const TemporaryFolder folder;
  const CatalogModel model = MakeCatalog(folder / "c", true);
  const auto expect = [&](const std::string& file) {
    SCOPED_TRACE(file);
    const std::string bytes = ReadBytes(file);
    std::filesystem::rename(file, folder / "away");
    ExpectError(Opening(folder / "c"), ErrorCode::kCorruption, "rocksdb");
    std::filesystem::rename(folder / "away", file);
    if (!file.ends_with("CURRENT")) {
      std::string damaged = bytes;
      damaged[5] = static_cast<char>(damaged[5] ^ 0x40);  // in a manifest, a length
      WriteBytes(file, damaged);
      auto catalog = Catalog::Open(folder / "c", {.memory_bytes = 8 << 20, .read_only = true});
      const Status status = catalog.ok() ? Verify(catalog.value()) : Status(catalog.error());
      ExpectError(status, ErrorCode::kCorruption, "rocksdb");
      WriteBytes(file, bytes);
    }
  };
  expect(Files(folder / "c", ".sst").front());
  expect(folder / "c/rocksdb/CURRENT");
  for (const auto& entry : std::filesystem::directory_iterator(folder / "c/rocksdb")) {
    const std::string name = entry.path().filename();
    if (name.starts_with("MANIFEST-")) expect(entry.path());
  }
  ExpectHolds(OpenCatalog(folder / "c"), model);
}

// Rows that no checksum can find fault with.
struct WrongRow {
  Family family;
  std::string key;
  std::optional<std::string> value;  // or none: the row is deleted
  const char* words;
};

TEST(CatalogFaultTest, VerifyFindsRowsThatDoNotBelongTogether) {
  const TemporaryFolder folder;
  {
    Catalog catalog = OpenCatalog(folder / "c");
    for (std::uint32_t slot = 0; slot < 5; ++slot) {
      CatalogBatch batch;
      batch.PutPoint(slot, PointId(100 + slot), 1);
      batch.PutPayload(slot, "{}");
      batch.PutVector({.field = 2, .slot = slot}, Bytes("v"));
      ASSERT_TRUE(catalog.Commit(batch, Durability::kLog).ok());
    }
    ASSERT_TRUE(Verify(catalog).ok());
  }
  const std::string id = PointId(102).Key();
  const WrongRow rows[] = {
      {Family::kIds, id, std::nullopt, "points, key 0x00000002: expected a row of family ids"},
      {Family::kIds, id, EncodeSlot(1), "expected id 102 in slot 1, found 101"},
      {Family::kIds, PointId(7).Key(), EncodeSlot(9), "expected a point in slot 9, found none"},
      {Family::kIds, "?", EncodeSlot(1), "family ids, key \"?\""},
      {Family::kIds, id, "abc", "expected a slot of 4 bytes, found 3"},
      {Family::kPoints, SlotKey(2), std::nullopt, "expected a point in slot 2, found none"},
      {Family::kPoints, SlotKey(2), "short", "points, key 0x00000002: expected a version"},
      {Family::kPoints, SlotKey(2), std::string(12, 'x'), "points, key 0x00000002"},
      {Family::kPoints, "key", EncodePoint(1, id), "expected a slot of 4 bytes, found 3"},
      {Family::kPayloads, SlotKey(9), "{}", "payloads, key 0x00000009: expected a point"},
      {Family::kVectors, VectorRowKey({.field = 2, .slot = 9}), "v",
       "expected a point in slot 9 of field 2"},
      {Family::kVectors, "key", "v", "vectors, key \"key\""},
      {Family::kChanges, SequenceKey(3), "\x80", "expected a list of ascending slots"},
  };
  for (const WrongRow& row : rows) {
    SCOPED_TRACE(row.words);
    std::filesystem::remove_all(folder / "wrong");
    std::filesystem::copy(folder / "c", folder / "wrong", std::filesystem::copy_options::recursive);
    {
      auto rocks = RocksDatabase::Open(RocksFolder(folder / "wrong"), kSmallCatalog,
                                       RocksDatabase::Mode::kReadWrite);
      ASSERT_TRUE(rocks.ok());
      auto* family = rocks.value()->family(row.family);
      auto& db = rocks.value()->db();
      ASSERT_TRUE(
          (row.value ? db.Put({}, family, row.key, *row.value) : db.Delete({}, family, row.key))
              .ok());
    }
    ExpectError(Verify(OpenCatalog(folder / "wrong")), ErrorCode::kCorruption, row.words);
  }
}

TEST(CatalogFaultTest, OpeningFindsBatchesThatAreMissing) {
  const TemporaryFolder folder;
  MakeCatalog(folder / "c", false);
  {
    auto rocks = RocksDatabase::Open(RocksFolder(folder / "c"), kSmallCatalog,
                                     RocksDatabase::Mode::kReadWrite);
    ASSERT_TRUE(rocks.ok());
    ASSERT_TRUE(rocks.value()
                    ->db()
                    .Delete({}, rocks.value()->family(Family::kChanges), SequenceKey(17))
                    .ok());
  }
  ExpectError(Opening(folder / "c"), ErrorCode::kCorruption,
              "family changes, key 0x0000000000000012: expected batch 17, found 18");
}

TEST(CatalogFaultTest, VerifyStopsOnRequest) {
  const TemporaryFolder folder;
  MakeCatalog(folder / "c", true);
  Cancellation cancellation;
  cancellation.Request();
  ExpectError(OpenCatalog(folder / "c").Verify(cancellation, Progress::None()),
              ErrorCode::kCancelled, "stopped");
}

}  // namespace
}  // namespace kith
