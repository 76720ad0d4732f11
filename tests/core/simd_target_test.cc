#include "core/simd_target.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kith {
namespace {

TEST(SimdTargetTest, ListsThePortableTargetLast) {
  ASSERT_FALSE(SimdTargets().empty());
  EXPECT_THAT(SimdTargets().back(), testing::AnyOf("SCALAR", "EMU128"));
}

TEST(SimdTargetTest, StartsWithTheBest) { EXPECT_EQ(SimdTargetName(), SimdTargets().front()); }

TEST(SimdTargetTest, EachTargetCanBeChosenAndTheBestComesBack) {
  const std::vector<std::string> targets = SimdTargets();
  for (const std::string& target : targets) {
    ASSERT_TRUE(UseSimdTarget(target));
    EXPECT_EQ(SimdTargetName(), target);
    EXPECT_EQ(SimdTargets(), targets) << "the list must not depend on the choice";
  }
  ASSERT_TRUE(UseSimdTarget(""));
  EXPECT_EQ(SimdTargetName(), targets.front());
}

TEST(SimdTargetTest, RefusesAnUnknownName) {
  const std::string before = SimdTargetName();
  EXPECT_FALSE(UseSimdTarget("AVX9"));
  EXPECT_EQ(SimdTargetName(), before);
}

#if defined(__x86_64__)
TEST(SimdTargetTest, NoTargetOfTheProcessorIsLeftOutOfTheBuild) {
  if (KITH_SIMD_TARGETS_LEFT_OUT) GTEST_SKIP() << "this build leaves some out: KITH_SIMD_LEFT_OUT";
  const std::vector<std::string> targets = SimdTargets();
  const auto expect = [&](bool present, const char* name) {
    EXPECT_EQ(std::count(targets.begin(), targets.end(), name), present ? 1 : 0) << name;
  };
  __builtin_cpu_init();
  expect(__builtin_cpu_supports("sse4.2"), "SSE4");
  expect(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"), "AVX2");
  expect(__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"), "AVX3");
  expect(__builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vbmi2"), "AVX3_DL");
}
#endif

}  // namespace
}  // namespace kith
