// A process that writes is killed at any moment: what it acknowledged is there, no batch is half
// there, and searches agree with the store.
//
// KITH_CRASH_RUNS says how often (default 10).
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/random.h"
#include "engine/collection/collection.h"
#include "tests/engine/collection/search_records.h"
#include "tests/temporary_folder.h"

namespace kith {
namespace {

constexpr std::uint32_t kDim = 4;
constexpr std::uint64_t kBatchPoints = 10, kBatchStep = 6;  // batches overlap: points are replaced

const JsonPath kBatchKey = JsonPath::Parse("batch").value();

CollectionConfig CrashConfig() {
  CollectionConfig config;
  config.vectors[""] = {.size = kDim, .metric = Metric::kL2, .m = 4, .ef_construct = 16};
  config.optimizer.live_rows_max = 128;
  config.optimizer.vacuum_rows_min = 32;
  config.optimizer.index_changes_max = 100;
  NumberFields(config);
  return config;
}

std::vector<float> VectorOf(std::uint64_t batch, std::uint64_t point) {
  return {static_cast<float>(point), static_cast<float>(batch), 1, 2};
}

// Batch b upserts points [6 b, 6 b + 10).
Operation Upsert(std::uint64_t batch) {
  UpsertPoints upsert;
  for (std::uint64_t p = batch * kBatchStep; p < batch * kBatchStep + kBatchPoints; ++p) {
    JsonObject payload;
    payload.Set("batch", batch);
    upsert.points.push_back({PointId(p), {{"", VectorOf(batch, p)}}, std::move(payload)});
  }
  return upsert;
}

// Writes batches from `batch` on and tells each through the descriptor, for ever.
[[noreturn]] void WriteForever(const std::string& path, std::uint64_t batch, int descriptor) {
  auto opened = Collection::Open(path, {});
  if (!opened.ok()) _exit(3);
  for (;; ++batch) {
    if (!opened.value()->Write(Upsert(batch), Durability::kSync).ok()) _exit(4);
    if (write(descriptor, &batch, sizeof(batch)) != sizeof(batch)) _exit(5);
  }
}

// Batch that last wrote each point when batches [0, end) were written.
std::map<std::uint64_t, std::uint64_t> StateAfter(std::uint64_t end) {
  std::map<std::uint64_t, std::uint64_t> state;
  for (std::uint64_t batch = 0; batch < end; ++batch) {
    for (std::uint64_t p = 0; p < kBatchPoints; ++p) state[batch * kBatchStep + p] = batch;
  }
  return state;
}

void CheckState(const Collection& collection, std::uint64_t acknowledged, std::uint64_t& next) {
  std::map<std::uint64_t, std::uint64_t> found;
  const auto page = collection.Scroll(PointId(), 1000000, nullptr, {}, {});
  ASSERT_TRUE(page.ok()) << page.error().message;
  std::uint64_t last = 0;
  for (const Record& record : page.value().records) {
    const std::uint64_t batch = *record.payload->Find("batch")->AsUint64();
    found[record.id.number()] = batch;
    last = std::max(last, batch);
  }
  next = found.empty() ? 0 : last + 1;
  EXPECT_GE(next, acknowledged) << "an acknowledged batch is lost";
  EXPECT_LE(next, acknowledged + 1) << "a batch that was never begun";
  EXPECT_EQ(found, StateAfter(next)) << "a batch is half there";
  for (std::uint64_t point = next % 7; point < found.size(); point += 1 + found.size() / 40) {
    const VectorSearch search{.using_vector = "",
                              .vector = VectorOf(found[point], point),
                              .limit = 1,
                              .exact = true,
                              .score_threshold = {}};
    const auto nearest = SearchRecords(collection, search);
    ASSERT_TRUE(nearest.ok());
    ASSERT_EQ(nearest.value().size(), 1u);
    EXPECT_EQ(nearest.value()[0].score, 0) << point;
  }
  EXPECT_EQ(collection.info().vectors, found.size());
  if (next == 0) return;
  // The payload index, saved and caught up or built again, knows the same batches.
  MatchValue last_batch;
  last_batch.value = static_cast<std::int64_t>(last);
  Filter filter;
  filter.must.push_back({FieldCondition{kBatchKey, last_batch}});
  EXPECT_EQ(collection.Count(&filter, true).value(), kBatchPoints);
}

TEST(CollectionCrashTest, KilledAtAnyMomentItKeepsWhatItAcknowledged) {
  const char* runs_text = std::getenv("KITH_CRASH_RUNS");
  const int runs = runs_text == nullptr ? 10 : std::atoi(runs_text);
  const TemporaryFolder folder;
  const std::string path = folder / "c";
  {
    auto created = Collection::Create(path, CrashConfig(), {.background = false});
    ASSERT_TRUE(created.ok()) << created.error().message;
    ASSERT_TRUE(
        created.value()->CreateIndex(kBatchKey, {.kind = FieldKind::kInteger, .text = {}}).ok());
  }
  RandomStream random(static_cast<std::uint64_t>(runs), 7);
  std::uint64_t next = 0, acknowledged = 0;
  for (int run = 0; run < runs; ++run) {
    SCOPED_TRACE(run);
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t writer = fork();
    ASSERT_GE(writer, 0);
    if (writer == 0) {
      close(pipe_ends[0]);
      WriteForever(path, next, pipe_ends[1]);
    }
    close(pipe_ends[1]);
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + random.Below(250)));
    kill(writer, SIGKILL);
    std::uint64_t batch = 0;
    while (read(pipe_ends[0], &batch, sizeof(batch)) == sizeof(batch)) acknowledged = batch + 1;
    close(pipe_ends[0]);
    int status = 0;
    ASSERT_EQ(waitpid(writer, &status, 0), writer);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself: " << WEXITSTATUS(status);
    auto opened = Collection::Open(path, {.background = run % 2 == 0});
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    CheckState(*opened.value(), acknowledged, next);
    if (HasFailure()) return;
    acknowledged = next;
    if (run % 5 == 4) {
      const Status verified = opened.value()->Verify(Cancellation::Never(), Progress::None());
      ASSERT_TRUE(verified.ok()) << verified.error().message;
    }
  }
  EXPECT_GT(next, 0u);
}

}  // namespace
}  // namespace kith
