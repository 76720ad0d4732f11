#include "storage/catalog.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/catalog_model.h"
#include "tests/temporary_folder.h"

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The error of `result`, which must have failed.
template <typename T>
Error ErrorFrom(const Result<T>& result) {
  EXPECT_FALSE(result.ok());
  return result.ok() ? Error{ErrorCode::kCancelled, "no error"} : result.error();
}

std::uint64_t CommitNext(Catalog& catalog, CatalogModel& model) {
  const auto sequence = catalog.Commit(model.Next(), Durability::kLog);
  EXPECT_TRUE(sequence.ok()) << sequence.error().message;
  return sequence.ok() ? sequence.value() : 0;
}

Catalog FilledCatalog(const std::string& path, CatalogModel& model, int batches) {
  Catalog catalog = OpenCatalog(path);
  for (int i = 0; i < batches; ++i) CommitNext(catalog, model);
  return catalog;
}

TEST(CatalogTest, HoldsWhatBatchesPutAndDeleted) {
  const TemporaryFolder folder;
  CatalogModel model;
  Catalog catalog = OpenCatalog(folder / "c");
  ExpectHolds(catalog, model);
  for (int i = 1; i <= 300; ++i) {
    EXPECT_EQ(CommitNext(catalog, model), std::uint64_t(i));
    if (i % 50 == 0) {
      ExpectHolds(catalog, model);
      ASSERT_TRUE(i % 100 == 0 ? catalog.Flush().ok() : catalog.Compact().ok());
      ExpectHolds(catalog, model);
    }
  }
  ExpectChanges(catalog);
  const Status verified = Verify(catalog);
  EXPECT_TRUE(verified.ok()) << verified.error().message;
}

TEST(CatalogTest, ReadsRowsByKey) {
  const TemporaryFolder folder;
  CatalogModel model;
  const Catalog catalog = FilledCatalog(folder / "c", model, 60);
  for (std::uint32_t slot = 0; slot < CatalogModel::kSlots; ++slot) {
    const auto point = model.points().find(slot);
    if (point == model.points().end()) {
      EXPECT_FALSE(catalog.GetPoint(slot).value());
      EXPECT_FALSE(catalog.GetPayload(slot).value());
      continue;
    }
    EXPECT_EQ(catalog.GetPoint(slot).value()->id, point->second.id);
    EXPECT_EQ(catalog.GetPoint(slot).value()->version, point->second.version);
    EXPECT_EQ(catalog.FindId(point->second.id).value(), slot);
    EXPECT_EQ(catalog.GetPayload(slot).value(), point->second.payload);
  }
  EXPECT_FALSE(catalog.FindId(PointId(7)).value());
  EXPECT_FALSE(catalog.GetMeta("nothing").value());
}

TEST(CatalogTest, ReadsSeveralRowsInTheOrderAskedFor) {
  const TemporaryFolder folder;
  CatalogModel model;
  Catalog catalog = FilledCatalog(folder / "c", model, 60);
  ASSERT_TRUE(catalog.Flush().ok());
  RandomStream random(3, 0);
  std::vector<std::uint32_t> slots;
  for (int i = 0; i < 1000; ++i) {  // with repetitions, absent ones, and more than one portion
    slots.push_back(static_cast<std::uint32_t>(random.Below(2 * CatalogModel::kSlots)));
  }
  const auto payloads = catalog.GetPayloads(slots);
  const auto vectors = catalog.GetVectors(3, slots);
  ASSERT_TRUE(payloads.ok() && vectors.ok());
  ASSERT_EQ(payloads.value().size(), slots.size());
  ASSERT_EQ(vectors.value().size(), slots.size());
  for (std::size_t i = 0; i < slots.size(); ++i) {
    EXPECT_EQ(payloads.value()[i], catalog.GetPayload(slots[i]).value());
    const auto one = catalog.GetVector({.field = 3, .slot = slots[i]});
    EXPECT_EQ(vectors.value()[i], one.value());
  }
  EXPECT_TRUE(catalog.GetPayloads({}).value().empty());
}

TEST(CatalogTest, ListsIdsAscendingWithNumbersBeforeUuids) {
  const TemporaryFolder folder;
  Catalog catalog = OpenCatalog(folder / "c");
  const PointId uuid_low = PointId::ParseUuid("00000000-0000-0000-0000-000000000001").value();
  const PointId uuid_high = PointId::ParseUuid("ff000000-0000-0000-0000-000000000000").value();
  CatalogBatch batch;
  const PointId ids[] = {uuid_high,    PointId(1000),  uuid_low,
                         PointId(255), PointId(~0ull), PointId(256)};
  for (std::uint32_t slot = 0; slot < 6; ++slot) batch.PutPoint(slot, ids[slot], 1);
  ASSERT_TRUE(catalog.Commit(batch, Durability::kLog).ok());
  const auto list = [&](const PointId& from, std::size_t limit) {
    std::vector<PointId> listed;
    for (const auto& row : catalog.ListIds(from, limit).value()) listed.push_back(row.id);
    return listed;
  };
  EXPECT_THAT(list(PointId(0), 100), ElementsAre(PointId(255), PointId(256), PointId(1000),
                                                 PointId(~0ull), uuid_low, uuid_high));
  EXPECT_THAT(list(PointId(256), 2), ElementsAre(PointId(256), PointId(1000)));
  EXPECT_THAT(list(PointId(257), 1), ElementsAre(PointId(1000)));
  EXPECT_THAT(list(uuid_low, 9), ElementsAre(uuid_low, uuid_high));
  EXPECT_THAT(list(PointId(0), 0), ElementsAre());
}

TEST(CatalogTest, APassBeginsAtASlotAndEndsWithTheCallbacksError) {
  const TemporaryFolder folder;
  Catalog catalog = OpenCatalog(folder / "c");
  CatalogBatch batch;
  for (const std::uint32_t slot : {0u, 255u, 256u, 65536u, ~0u}) {
    batch.PutVector({.field = 1, .slot = slot}, Bytes("one"));
    batch.PutVector({.field = 2, .slot = slot}, Bytes("two"));
  }
  ASSERT_TRUE(catalog.Commit(batch, Durability::kLog).ok());
  std::vector<std::uint32_t> slots;
  const auto gather = [&](std::uint32_t slot, std::string_view bytes) -> Status {
    EXPECT_EQ(bytes, "one");
    slots.push_back(slot);
    if (slot == 65536) return Error{ErrorCode::kInvalidArgument, "enough"};
    return {};
  };
  EXPECT_EQ(ErrorFrom(catalog.ForEachVector(1, {.first_slot = 255}, gather)).message, "enough");
  EXPECT_THAT(slots, ElementsAre(255u, 256u, 65536u));

  Cancellation cancellation;
  cancellation.Request();
  EXPECT_EQ(ErrorFrom(catalog.ForEachVector(1, {.cancellation = &cancellation}, gather)).code,
            ErrorCode::kCancelled);
}

TEST(CatalogTest, SequenceNumbersGoOnAfterReopening) {
  const TemporaryFolder folder;
  CatalogModel model;
  for (int round = 0; round < 4; ++round) {
    Catalog catalog = OpenCatalog(folder / "c");
    ExpectHolds(catalog, model);
    for (int i = 0; i < 20; ++i) CommitNext(catalog, model);
    if (round == 1) {
      ASSERT_TRUE(catalog.Flush().ok());
    }
    if (round == 2) {  // nothing left to count from
      ASSERT_TRUE(catalog.TrimChanges(catalog.last_sequence()).ok());
      ASSERT_TRUE(catalog.Compact().ok());
    }
  }
  const Catalog catalog = OpenCatalog(folder / "c");
  EXPECT_EQ(catalog.last_sequence(), 80u);
  EXPECT_EQ(catalog.trimmed_sequence(), 60u);
  ExpectHolds(catalog, model);
  ExpectChanges(catalog);
}

TEST(CatalogTest, TrimmedChangesDoNotComeBack) {
  const TemporaryFolder folder;
  CatalogModel model;
  {
    Catalog catalog = FilledCatalog(folder / "c", model, 40);
    ASSERT_TRUE(catalog.TrimChanges(10).ok());
    ASSERT_TRUE(catalog.TrimChanges(25).ok());
    ASSERT_TRUE(catalog.TrimChanges(5).ok());  // was trimmed before
    EXPECT_EQ(catalog.trimmed_sequence(), 25u);
    ExpectChanges(catalog);
    const auto error =
        ErrorFrom(catalog.ForEachChange(24, [](std::uint64_t, auto) -> Status { return {}; }));
    EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(error.message, HasSubstr("up to 25 were trimmed"));
  }
  Catalog catalog = OpenCatalog(folder / "c");
  EXPECT_EQ(catalog.trimmed_sequence(), 25u);
  ExpectChanges(catalog);
  ASSERT_TRUE(catalog.TrimChanges(1000).ok());  // more than there are
  EXPECT_EQ(catalog.trimmed_sequence(), 40u);
  EXPECT_EQ(CommitNext(catalog, model), 41u);
  ExpectChanges(catalog);
}

TEST(CatalogTest, ChangesAreGivenAfterANumber) {
  const TemporaryFolder folder;
  CatalogModel model;
  const Catalog catalog = FilledCatalog(folder / "c", model, 12);
  std::vector<std::uint64_t> sequences;
  const auto gather = [&](std::uint64_t sequence, auto) -> Status {
    sequences.push_back(sequence);
    return {};
  };
  ASSERT_TRUE(catalog.ForEachChange(9, gather).ok());
  EXPECT_THAT(sequences, ElementsAre(10u, 11u, 12u));
  ASSERT_TRUE(catalog.ForEachChange(12, gather).ok());
  EXPECT_EQ(sequences.size(), 3u);
}

TEST(CatalogTest, AGroupOfBatchesGetsConsecutiveNumbers) {
  const TemporaryFolder folder;
  CatalogModel model;
  Catalog catalog = FilledCatalog(folder / "c", model, 3);
  const CatalogBatch first = model.Next(), second = model.Next(), third = model.Next();
  const CatalogBatch* group[] = {&first, &second, &third};
  EXPECT_EQ(catalog.CommitGroup(group, Durability::kSync).value(), 4u);
  ExpectHolds(catalog, model);
  ExpectChanges(catalog);
}

TEST(CatalogTest, AnEmptyBatchHasANumberToo) {
  const TemporaryFolder folder;
  Catalog catalog = OpenCatalog(folder / "c");
  EXPECT_EQ(catalog.Commit({}, Durability::kSync).value(), 1u);
  EXPECT_EQ(catalog.last_sequence(), 1u);
}

TEST(CatalogTest, ABatchOverItsLimitsChangesNothing) {
  const TemporaryFolder folder;
  Catalog catalog = OpenCatalog(folder / "c");
  CatalogBatch batch;
  batch.PutPayload(1, "{}");
  batch.PutMeta("large", std::string(kCatalogMetaBytesMax + 1, 'x'));
  const auto error = ErrorFrom(catalog.Commit(batch, Durability::kLog));
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message, HasSubstr("\"large\""));
  EXPECT_FALSE(catalog.GetPayload(1).value());
  batch.Clear();
  batch.PutMeta("large", std::string(kCatalogMetaBytesMax, 'x'));
  EXPECT_EQ(catalog.Commit(batch, Durability::kLog).value(), 1u);
  EXPECT_EQ(catalog.GetMeta("large").value()->size(), kCatalogMetaBytesMax);
}

TEST(CatalogTest, CommitsOfManyThreadsAllGetDifferentNumbers) {
  const TemporaryFolder folder;
  Catalog catalog = OpenCatalog(folder / "c");
  constexpr std::uint32_t kThreads = 6, kBatches = 100;
  std::vector<std::vector<std::uint64_t>> sequences(kThreads);
  std::vector<std::thread> threads;
  for (std::uint32_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint32_t i = 0; i < kBatches; ++i) {
        const std::uint32_t slot = t * kBatches + i;
        CatalogBatch batch;
        batch.PutPoint(slot, PointId(slot), 1);
        const auto sequence =
            catalog.Commit(batch, i % 8 == 0 ? Durability::kSync : Durability::kLog);
        ASSERT_TRUE(sequence.ok()) << sequence.error().message;
        // What is committed can be read, and others see numbers that are there.
        EXPECT_TRUE(catalog.GetPoint(slot).value());
        EXPECT_GE(catalog.last_sequence(), sequence.value());
        sequences[t].push_back(sequence.value());
        if (i % 32 == 0) {
          EXPECT_TRUE(catalog.TrimChanges(sequence.value() / 2).ok());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::map<std::uint64_t, std::uint32_t> slot_of;
  for (std::uint32_t t = 0; t < kThreads; ++t) {
    EXPECT_TRUE(std::is_sorted(sequences[t].begin(), sequences[t].end()));
    for (std::uint32_t i = 0; i < kBatches; ++i) slot_of[sequences[t][i]] = t * kBatches + i;
  }
  EXPECT_EQ(slot_of.size(), kThreads * kBatches);
  EXPECT_EQ(catalog.last_sequence(), kThreads * kBatches);
  const Status status = catalog.ForEachChange(
      catalog.trimmed_sequence(),
      [&](std::uint64_t sequence, std::span<const std::uint32_t> slots) -> Status {
        EXPECT_THAT(slots, ElementsAre(slot_of[sequence]));
        return {};
      });
  EXPECT_TRUE(status.ok());
  EXPECT_TRUE(Verify(catalog).ok());
}

TEST(CatalogTest, ResumesWhileOthersReadAndCommit) {
  const TemporaryFolder folder;
  CatalogModel model;
  Catalog catalog = FilledCatalog(folder / "c", model, 50);
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      while (!stop) {
        for (const auto& [slot, point] : model.points()) {
          EXPECT_EQ(catalog.GetPoint(slot).value()->version, point.version);
        }
        // A read from within a pass must not wait for the pass.
        EXPECT_TRUE(catalog
                        .ForEachPoint({},
                                      [&](std::uint32_t slot, const CatalogPoint&) -> Status {
                                        EXPECT_TRUE(catalog.GetPoint(slot).value());
                                        return {};
                                      })
                        .ok());
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    });
  }
  threads.emplace_back([&] {
    while (!stop) EXPECT_TRUE(catalog.Commit({}, Durability::kLog).ok());
  });
  for (int i = 0; i < 10; ++i) {
    const Status resumed = catalog.Resume();
    EXPECT_TRUE(resumed.ok()) << resumed.error().message;
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(Verify(catalog).ok());
}

TEST(CatalogTest, ACheckpointIsACatalogOfItsOwn) {
  const TemporaryFolder folder;
  CatalogModel model;
  Catalog catalog = FilledCatalog(folder / "c", model, 30);
  ASSERT_TRUE(catalog.TrimChanges(4).ok());
  const CatalogModel then = model;
  const Status made = catalog.Checkpoint(folder / "copy");
  ASSERT_TRUE(made.ok()) << made.error().message;
  for (int i = 0; i < 30; ++i) CommitNext(catalog, model);
  ExpectHolds(catalog, model);
  {
    Catalog copy = OpenCatalog(folder / "copy");
    ExpectHolds(copy, then);
    ExpectChanges(copy);
    EXPECT_TRUE(Verify(copy).ok());
    CatalogModel other = then;
    EXPECT_EQ(CommitNext(copy, other), 31u);
  }
  ExpectHolds(catalog, model);
  EXPECT_EQ(ErrorFrom(catalog.Checkpoint(folder / "copy")).code, ErrorCode::kAlreadyExists);
  EXPECT_THAT(folder.List(), ElementsAre("c", "copy"));  // no half-made ones
}

TEST(CatalogTest, StatsTellOfDiskMemoryAndRows) {
  const TemporaryFolder folder;
  CatalogModel model;
  Catalog catalog = FilledCatalog(folder / "c", model, 100);
  ASSERT_TRUE(catalog.Flush().ok());
  const CatalogStats stats = catalog.stats();
  EXPECT_EQ(stats.last_sequence, 100u);
  EXPECT_EQ(stats.changes, 100u);
  EXPECT_GT(stats.points, 0u);
  EXPECT_GT(stats.payloads, 0u);
  EXPECT_GT(stats.vectors, 0u);
  EXPECT_GT(stats.disk_bytes, 10'000u);
  EXPECT_GT(stats.memtable_bytes, 0u);
  EXPECT_LE(stats.block_cache_bytes, kSmallCatalog.memory_bytes);
}

TEST(CatalogTest, ReadOnlyOpeningSeesAllAndChangesNothing) {
  const TemporaryFolder folder;
  CatalogModel model;
  { FilledCatalog(folder / "c", model, 40); }
  const auto files = [&] {
    std::map<std::string, std::filesystem::file_time_type> times;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder / "c")) {
      times[entry.path()] = entry.last_write_time();
    }
    return times;
  };
  const auto before = files();
  {
    Catalog catalog = OpenCatalog(folder / "c", {.memory_bytes = 8 << 20, .read_only = true});
    Catalog second = OpenCatalog(folder / "c", {.memory_bytes = 8 << 20, .read_only = true});
    ExpectHolds(catalog, model);
    ExpectHolds(second, model);
    ExpectChanges(catalog);
    EXPECT_TRUE(Verify(catalog).ok());
    const auto error = ErrorFrom(catalog.Commit({}, Durability::kLog));
    EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(error.message, HasSubstr("reading only"));
    EXPECT_EQ(ErrorFrom(catalog.TrimChanges(3)).code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(ErrorFrom(catalog.Flush()).code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(ErrorFrom(catalog.Compact()).code, ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(files(), before);
}

}  // namespace
}  // namespace kith
