#include "bench/index_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace kith {
namespace {

using testing::HasSubstr;

class NamedRival : public Rival {
 public:
  explicit NamedRival(std::string name) : name_(std::move(name)) {}
  std::string name() const override { return name_; }
  std::string index_name() const override { return name_.substr(0, name_.find(':')); }
  std::string parameters() const override { return "m16"; }
  Result<BuildCost> Build(const BuildInput&, const std::string&) override { return BuildCost{}; }
  Status Load(const std::string&, std::size_t, Metric) override { return {}; }
  void Use(Setting) override {}
  Status Search(std::span<const float>, std::span<std::uint32_t>) override { return {}; }

 private:
  std::string name_;
};

class IndexCacheTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/index_cache_test." + std::to_string(getpid());
    std::filesystem::remove_all(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
};

CurvePoint Point(std::uint32_t effort, double recall, double qps) {
  CurvePoint point;
  point.setting = {effort, 0};
  point.recall = recall;
  point.qps = qps;
  return point;
}

TEST_F(IndexCacheTest, BuildCostIsKnownOnlyWhileTheIndexIsThere) {
  const IndexCache cache = IndexCache::Open(folder_).value();
  const NamedRival rival("one");
  BuildTrial trial;
  trial.cost = {12.5, 25.25, 2, {{"read rows", 1.5}, {"link", 9}}};
  trial.peak_bytes = 1 << 30;
  trial.index_bytes = 77;
  ASSERT_TRUE(cache.KeepBuild(rival, "key", trial).ok());
  EXPECT_EQ(cache.CachedBuild(rival, "key").error().code, ErrorCode::kNotFound);

  std::ofstream(cache.IndexPath(rival, "key")) << "index";
  const BuildTrial read = cache.CachedBuild(rival, "key").value();
  EXPECT_EQ(read.cost.wall_seconds, 12.5);
  EXPECT_EQ(read.cost.cpu_seconds, 25.25);
  EXPECT_EQ(read.cost.threads, 2u);
  EXPECT_EQ(read.cost.stages, trial.cost.stages);
  EXPECT_EQ(read.peak_bytes, trial.peak_bytes);
  EXPECT_EQ(read.index_bytes, 77u);
  EXPECT_FALSE(cache.CachedBuild(rival, "other").ok());
}

TEST_F(IndexCacheTest, CurvesOfOneSettingAreReplacedAndOthersStay) {
  const IndexCache cache = IndexCache::Open(folder_).value();
  const NamedRival rival("one");
  ASSERT_TRUE(cache.KeepCurve(rival, "key", 10, {Point(10, 0.5, 100), Point(20, 0.6, 50)}).ok());
  ASSERT_TRUE(cache.KeepCurve(rival, "key", 10, {Point(20, 0.7, 40), Point(30, 0.8, 30)}).ok());
  const auto curve = cache.CachedCurve(rival, "key", 10).value();
  ASSERT_EQ(curve.size(), 3u);
  EXPECT_EQ(curve[0].qps, 100);
  EXPECT_EQ(curve[1].recall, 0.7);
  EXPECT_EQ(curve[2].setting.effort, 30u);
  EXPECT_FALSE(cache.CachedCurve(rival, "key", 100).ok());
}

TEST_F(IndexCacheTest, RivalsOfOneIndexShareItButNotTheirCurves) {
  const IndexCache cache = IndexCache::Open(folder_).value();
  const NamedRival copied("one"), mapped("one:mapped");
  EXPECT_EQ(cache.IndexPath(copied, "key"), cache.IndexPath(mapped, "key"));
  ASSERT_TRUE(cache.KeepCurve(copied, "key", 10, {Point(10, 0.5, 100)}).ok());
  EXPECT_FALSE(cache.CachedCurve(mapped, "key", 10).ok());
}

TEST_F(IndexCacheTest, ALineThatIsNoneIsNamed) {
  const IndexCache cache = IndexCache::Open(folder_).value();
  const NamedRival rival("one");
  ASSERT_TRUE(cache.KeepCurve(rival, "key", 10, {Point(10, 0.5, 100)}).ok());
  for (const auto& file : std::filesystem::directory_iterator(folder_)) {
    std::ofstream(file.path()) << "10 0 nonsense\n";
  }
  const auto curve = cache.CachedCurve(rival, "key", 10);
  ASSERT_FALSE(curve.ok());
  EXPECT_EQ(curve.error().code, ErrorCode::kCorruption);
  EXPECT_THAT(curve.error().message, HasSubstr("\"10 0 nonsense\""));
}

}  // namespace
}  // namespace kith
