#include "core/thread_pool.h"

#include <atomic>
#include <chrono>
#include <limits>
#include <map>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace kith {
namespace {

class ThreadPoolTest : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(ThreadCounts, ThreadPoolTest, testing::Range<std::size_t>(1, 9),
                         testing::PrintToStringParamName());

TEST_P(ThreadPoolTest, RunsEveryIndexOnceInRangesOfTheGrain) {
  ThreadPool pool(GetParam());
  EXPECT_EQ(pool.threads(), GetParam());
  for (const std::size_t count : {0, 1, 2, 7, 64, 1000}) {
    for (const std::size_t grain : {1, 2, 3, 64, 999, 1000, 1001}) {
      std::vector<std::atomic<int>> runs(count);
      std::atomic<int> wrong = 0;
      pool.ParallelFor(count, grain, [&](std::size_t begin, std::size_t end, std::size_t worker) {
        const bool is_range = begin % grain == 0 && begin < count &&
                              end == std::min(count, begin + grain) && worker < pool.threads();
        if (!is_range) ++wrong;
        for (std::size_t i = begin; i < end; ++i) ++runs[i];
      });
      EXPECT_EQ(wrong, 0) << count << " items, grain " << grain;
      for (std::size_t i = 0; i < count; ++i) {
        ASSERT_EQ(runs[i], 1) << "item " << i << " of " << count << ", grain " << grain;
      }
    }
  }
}

TEST_P(ThreadPoolTest, NoWorkerRunsTwoRangesAtOnce) {
  ThreadPool pool(GetParam());
  std::vector<std::atomic<int>> inside(GetParam());
  std::atomic<int> overlaps = 0;
  pool.ParallelFor(500, 1, [&](std::size_t, std::size_t, std::size_t worker) {
    if (inside[worker].fetch_add(1) != 0) ++overlaps;
    std::this_thread::yield();
    inside[worker].fetch_sub(1);
  });
  EXPECT_EQ(overlaps, 0);
}

// The pool orders plain writes of the bodies before its return, and the caller's before theirs:
// the thread sanitizer watches here.
TEST_P(ThreadPoolTest, WritesOfBodiesAreSeenAfterEachOfManyShortLoops) {
  ThreadPool pool(GetParam());
  std::vector<std::uint64_t> values(100);
  for (std::uint64_t round = 1; round <= 300; ++round) {
    pool.ParallelFor(values.size(), 3, [&](std::size_t begin, std::size_t end, std::size_t) {
      for (std::size_t i = begin; i < end; ++i) values[i] += i;
    });
    if (round % 100 != 0) continue;
    for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], i * round);
  }
}

TEST_P(ThreadPoolTest, AllThreadsTakePartInLongWork) {
  ThreadPool pool(GetParam());
  std::atomic<std::size_t> arrived = 0;
  // Each range waits until every thread has one: with a missing thread this runs into the limit.
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  pool.ParallelFor(GetParam(), 1, [&](std::size_t, std::size_t, std::size_t) {
    ++arrived;
    while (arrived < GetParam() && std::chrono::steady_clock::now() < limit) {
      std::this_thread::yield();
    }
  });
  EXPECT_EQ(arrived, GetParam());
  EXPECT_LT(std::chrono::steady_clock::now(), limit);
}

TEST_P(ThreadPoolTest, HugeCountsDoNotWrap) {
  ThreadPool pool(GetParam());
  constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max();
  std::mutex mutex;
  std::map<std::size_t, std::size_t> ranges;
  pool.ParallelFor(kMost, kMost / 2, [&](std::size_t begin, std::size_t end, std::size_t) {
    const std::lock_guard lock(mutex);
    ranges[begin] = end;
  });
  EXPECT_EQ(ranges, (std::map<std::size_t, std::size_t>{
                        {0, kMost / 2}, {kMost / 2, kMost - 1}, {kMost - 1, kMost}}));
}

TEST_P(ThreadPoolTest, TryParallelForReturnsTheErrorOfTheLowestRange) {
  ThreadPool pool(GetParam());
  for (int round = 0; round < 50; ++round) {
    const Status status = pool.TryParallelFor(
        100, 1, Cancellation::Never(), [](std::size_t begin, std::size_t, std::size_t) -> Status {
          if (begin < 40) return {};
          // The lowest failing range is the slowest, so the others report before it.
          if (begin == 40) std::this_thread::sleep_for(std::chrono::microseconds(200));
          return Error{ErrorCode::kCorruption, "range " + std::to_string(begin)};
        });
    ASSERT_FALSE(status.ok());
    ASSERT_EQ(status.error().message, "range 40");
  }
}

// A range that was handed out runs even if a higher one fails first.
TEST_P(ThreadPoolTest, TryParallelForReturnsTheFirstRangeWhenAllFail) {
  ThreadPool pool(GetParam());
  for (int round = 0; round < 10000; ++round) {
    const Status status = pool.TryParallelFor(
        100, 1, Cancellation::Never(), [](std::size_t begin, std::size_t, std::size_t) -> Status {
          return Error{ErrorCode::kCorruption, "range " + std::to_string(begin)};
        });
    ASSERT_FALSE(status.ok());
    ASSERT_EQ(status.error().message, "range 0") << "round " << round;
  }
}

TEST_P(ThreadPoolTest, TryParallelForStopsAfterAnError) {
  ThreadPool pool(GetParam());
  std::atomic<std::size_t> started = 0;
  const Status status =
      pool.TryParallelFor(1000000, 1, Cancellation::Never(),
                          [&](std::size_t begin, std::size_t, std::size_t) -> Status {
                            ++started;
                            if (begin == 10) return Error{ErrorCode::kIoError, "disk"};
                            if (begin > 10)
                              std::this_thread::sleep_for(std::chrono::microseconds(10));
                            return {};
                          });
  EXPECT_EQ(status.error().code, ErrorCode::kIoError);
  EXPECT_LT(started, 500000u);
}

TEST_P(ThreadPoolTest, TryParallelForSucceedsWhenEveryRangeDoes) {
  ThreadPool pool(GetParam());
  std::atomic<std::size_t> items = 0;
  EXPECT_TRUE(pool.TryParallelFor(1001, 10, Cancellation::Never(),
                                  [&](std::size_t begin, std::size_t end, std::size_t) -> Status {
                                    items += end - begin;
                                    return {};
                                  })
                  .ok());
  EXPECT_EQ(items, 1001u);
}

TEST_P(ThreadPoolTest, CancellationBeforeTheLoopRunsNothing) {
  ThreadPool pool(GetParam());
  Cancellation cancellation;
  cancellation.Request();
  std::atomic<int> runs = 0;
  const Status status = pool.TryParallelFor(100, 1, cancellation,
                                            [&](std::size_t, std::size_t, std::size_t) -> Status {
                                              ++runs;
                                              return {};
                                            });
  EXPECT_EQ(status.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(runs, 0);
}

TEST_P(ThreadPoolTest, CancellationInTheLoopStopsIt) {
  ThreadPool pool(GetParam());
  Cancellation cancellation;
  std::atomic<std::size_t> runs = 0;
  const Status status = pool.TryParallelFor(
      1000000, 1, cancellation, [&](std::size_t begin, std::size_t, std::size_t) -> Status {
        ++runs;
        if (begin == 20) cancellation.Request();
        return {};
      });
  EXPECT_EQ(status.error().code, ErrorCode::kCancelled);
  EXPECT_GE(runs, 21u);
  EXPECT_LE(runs, 21u + 2000 * GetParam());
}

TEST_P(ThreadPoolTest, AnErrorBeatsACancellation) {
  ThreadPool pool(GetParam());
  Cancellation cancellation;
  const Status status = pool.TryParallelFor(
      100, 1, cancellation, [&](std::size_t begin, std::size_t, std::size_t) -> Status {
        if (begin != 5) return {};
        cancellation.Request();
        return Error{ErrorCode::kIoError, "disk"};
      });
  EXPECT_EQ(status.error().code, ErrorCode::kIoError);
}

TEST_P(ThreadPoolTest, CancellationByTheLastRangeComesTooLate) {
  ThreadPool pool(GetParam());
  Cancellation cancellation;
  EXPECT_TRUE(pool.TryParallelFor(1, 1, cancellation,
                                  [&](std::size_t, std::size_t, std::size_t) -> Status {
                                    cancellation.Request();
                                    return {};
                                  })
                  .ok());
}

TEST_P(ThreadPoolTest, AnExceptionReachesTheCallerAndThePoolGoesOn) {
  ThreadPool pool(GetParam());
  EXPECT_THROW(pool.ParallelFor(100, 1,
                                [](std::size_t begin, std::size_t, std::size_t) {
                                  if (begin == 30) throw std::bad_alloc();
                                }),
               std::bad_alloc);
  std::atomic<int> runs = 0;
  pool.ParallelFor(100, 1, [&](std::size_t, std::size_t, std::size_t) { ++runs; });
  EXPECT_EQ(runs, 100);
}

TEST(ThreadPoolSizeTest, ZeroMeansOneThreadAProcessor) {
  EXPECT_EQ(ThreadPool(0).threads(), std::max(1u, std::thread::hardware_concurrency()));
}

TEST(ThreadPoolSizeTest, IdlePoolsComeAndGo) {
  for (int i = 0; i < 50; ++i) EXPECT_EQ(ThreadPool(4).threads(), 4u);
}

#ifndef NDEBUG
TEST(ThreadPoolDeathTest, LoopInsideALoopIsRefused) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_DEATH(
      {
        ThreadPool pool(2);
        pool.ParallelFor(1, 1, [&](std::size_t, std::size_t, std::size_t) {
          pool.ParallelFor(1, 1, [](std::size_t, std::size_t, std::size_t) {});
        });
      },
      "loop inside a loop");
}
#endif

}  // namespace
}  // namespace kith
