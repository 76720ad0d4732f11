// A process that creates, deletes, restores, replaces and snapshots is killed at any moment: the
// directory opens, and every collection is whole or not there.
//
// KITH_CRASH_RUNS says how often (default 10).
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "core/random.h"
#include "engine/collection/snapshot_file.h"
#include "tests/engine/collection/data_fixture.h"
#include "tests/storage/catalog_child.h"

namespace kith {
namespace {

using DataDirectoryCrashTest = DataFixture;

constexpr std::uint64_t kPoints = 40;

void WorkForever(const CatalogChild::Parent& parent) {
  auto opened = DataDirectory::Open(parent.path, QuietParams());
  if (!opened.ok()) std::_Exit(3);
  DataDirectory& data = *opened.value();
  const std::string snapshot = parent.path + "/../source.snapshot";
  RandomStream random(static_cast<std::uint64_t>(getpid()), 1);
  for (std::uint64_t done = 0;; parent.Tell(++done)) {
    const std::string name = "c" + std::to_string(random.Below(3));
    RestoreParams restore{.name = name, .file = snapshot};
    restore.if_exists = OutputFile::IfExists::kReplace;
    bool failed = false;
    switch (random.Below(4)) {
      case 0:
        failed = !data.Delete(name).ok();
        break;
      case 1:
        failed = !data.Restore(restore, Cancellation::Never(), Progress::None()).ok();
        break;
      case 2:
        if (data.Resolve(name)) {
          failed = !data.CreateSnapshot(name, Cancellation::Never(), Progress::None()).ok();
        }
        break;
      default: {
        const std::vector<AliasAction> actions = {CreateAlias{"x", name}, CreateAlias{"y", name}};
        failed = data.Resolve(name) && !data.ChangeAliases(actions).ok();
      }
    }
    if (failed) std::_Exit(4);
  }
}
[[maybe_unused]] const bool kWorker = CatalogChild::Role("directory-worker", WorkForever);

TEST_F(DataDirectoryCrashTest, KilledAtAnyMomentItKeepsCollectionsWhole) {
  const char* runs_text = std::getenv("KITH_CRASH_RUNS");
  const int runs = runs_text == nullptr ? 10 : std::atoi(runs_text);
  std::string state;
  const std::string snapshot = folder_ / "source.snapshot";
  {
    const auto data = Open();
    state = StateOf(*Make(*data, "source", kPoints));
    const auto taken = data->CreateSnapshot("source", Cancellation::Never(), Progress::None());
    ASSERT_TRUE(taken.ok());
    std::filesystem::copy_file(taken.value().path, snapshot);
  }
  RandomStream random(static_cast<std::uint64_t>(runs), 11);
  std::uint64_t done = 0;
  for (int run = 0; run < runs; ++run) {
    SCOPED_TRACE(run);
    {
      CatalogChild worker("directory-worker", path_);
      ASSERT_TRUE(worker.Hear()) << "the worker did nothing";
      std::this_thread::sleep_for(std::chrono::milliseconds(random.Below(500)));
      worker.Kill();
      while (worker.Hear()) ++done;
    }
    const auto data = Open();
    ASSERT_NE(data, nullptr);
    EXPECT_TRUE(std::filesystem::is_empty(path_ + "/staging"));
    EXPECT_TRUE(data->Resolve("source"));
    for (const CollectionEntry& entry : data->List()) {
      ASSERT_FALSE(entry.error) << entry.error->message;
      EXPECT_EQ(StateOf(*entry.collection), state) << entry.name;
    }
    const std::vector<Alias> aliases = data->Aliases();
    ASSERT_TRUE(aliases.empty() || aliases.size() == 2) << "an action without the other";
    if (!aliases.empty()) {
      EXPECT_EQ(aliases[0].collection, aliases[1].collection);
    }
    for (const auto& file : std::filesystem::recursive_directory_iterator(path_ + "/snapshots")) {
      if (!file.is_regular_file()) continue;
      const auto reader = SnapshotReader::Open(file.path());
      ASSERT_TRUE(reader.ok()) << reader.error().message;
      EXPECT_TRUE(reader.value().Verify(Cancellation::Never(), Progress::None()).ok());
    }
  }
  EXPECT_GT(done, static_cast<std::uint64_t>(runs)) << "the workers ended by themselves";
}

}  // namespace
}  // namespace kith
