#include "core/resource_usage.h"

#include <chrono>
#include <cstring>
#include <thread>

#include <gtest/gtest.h>

#include "core/aligned_buffer.h"
#include "tests/fault_injection.h"

namespace kith {
namespace {

// Works until this thread has used `seconds` of processor time.
void Burn(double seconds) {
  const double start = ThreadCpuSeconds();
  while (ThreadCpuSeconds() - start < seconds) {
  }
}

TEST(ResourceUsageTest, WorkTakesProcessorAndWallTime) {
  const double wall = WallSeconds(), process = ProcessCpuSeconds(), thread = ThreadCpuSeconds();
  Burn(0.02);
  EXPECT_GE(ThreadCpuSeconds() - thread, 0.02);
  EXPECT_GE(ProcessCpuSeconds() - process, 0.02);
  EXPECT_GE(WallSeconds() - wall, 0.019);  // the clocks tick apart
}

TEST(ResourceUsageTest, SleepTakesWallTimeOnly) {
  const double wall = WallSeconds(), thread = ThreadCpuSeconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  EXPECT_GE(WallSeconds() - wall, 0.03);
  EXPECT_LT(ThreadCpuSeconds() - thread, 0.03);
}

TEST(ResourceUsageTest, ProcessTimeHasEveryThread) {
  const double process = ProcessCpuSeconds(), thread = ThreadCpuSeconds();
  std::thread other([] { Burn(0.03); });
  other.join();
  EXPECT_GE(ProcessCpuSeconds() - process, 0.03);
  EXPECT_LT(ThreadCpuSeconds() - thread, 0.03);
}

TEST(ResourceUsageTest, ResidentMemoryRisesAndFallsAndThePeakStays) {
  constexpr std::uint64_t kBytes = 64 << 20, kSlack = 16 << 20;
  const std::uint64_t before = ResidentBytes();
  ASSERT_GT(before, 0u);
  std::uint64_t full = 0;
  {
    AlignedBuffer memory(kBytes);  // mapped on its own, so that the system gets it back at once
    std::memset(memory.data(), 1, kBytes);
    full = ResidentBytes();
  }
  EXPECT_GE(full + kSlack, before + kBytes);
  EXPECT_LE(ResidentBytes(), full - kBytes + kSlack);
  EXPECT_GE(PeakResidentBytes() + kSlack, full);
}

TEST(ResourceUsageTest, WithoutProcTheFiguresAreZero) {
  ExpectInChild([] {
    FailSystemCall(SYS_openat, EACCES);
    EXPECT_EQ(ResidentBytes(), 0u);
    EXPECT_EQ(PeakResidentBytes(), 0u);
  });
}

TEST(ResourceUsageTest, AskingLeaksNoDescriptor) {
  const std::size_t before = OpenDescriptors();
  for (int i = 0; i < 10; ++i) EXPECT_GT(PeakResidentBytes(), 0u);
  EXPECT_EQ(OpenDescriptors(), before);
}

}  // namespace
}  // namespace kith
