// Snapshots of collections: taken while others write, restored under another name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <regex>
#include <thread>

#include "engine/collection/data_directory.h"
#include "tests/engine/collection/data_fixture.h"
#include "tests/fault_injection.h"

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DataDirectorySnapshotTest : public DataFixture {
 protected:
  static SnapshotEntry Take(DataDirectory& data, const std::string& name) {
    auto taken = data.CreateSnapshot(name, Cancellation::Never(), Progress::None());
    EXPECT_TRUE(taken.ok()) << taken.error().message;
    return taken.ok() ? std::move(taken).value() : SnapshotEntry{};
  }
  static Result<std::shared_ptr<Collection>> Restore(DataDirectory& data, const std::string& name,
                                                     const std::string& file) {
    return data.Restore({.name = name, .file = file}, Cancellation::Never(), Progress::None());
  }
};

TEST_F(DataDirectorySnapshotTest, RestoresPointsVectorsPayloadsAndIndexes) {
  std::string state, file;
  {
    const auto data = Open();
    auto collection = Make(*data, "docs", 300);
    const JsonPath path = JsonPath::Parse("n").value();
    JsonValue schema("integer");
    ASSERT_TRUE(collection->CreateIndex(path, ParseFieldSchema(schema).value()).ok());
    // Sealed segments, a manifest, and a list of changes that is cut off.
    ASSERT_TRUE(collection->OptimizeNow(Cancellation::Never(), Progress::None()).ok());
    DeletePoints gone;
    for (std::uint64_t id = 0; id < 300; id += 3) gone.points.ids.push_back(PointId(id));
    ASSERT_TRUE(collection->Write(gone, Durability::kSync).ok());
    PutPoints(*collection, 100, 120, 9);
    state = StateOf(*collection);
    file = Take(*data, "docs").path;
    PutPoints(*collection, 0, 50, 10);  // after it
    const auto restored = Restore(*data, "copy", file);
    ASSERT_TRUE(restored.ok()) << restored.error().message;
    EXPECT_EQ(StateOf(*restored.value()), state);
    EXPECT_EQ(restored.value()->Indexes().size(), 1u);
    ExpectSearchable(*restored.value());
    PutPoints(*restored.value(), 1000, 1001);  // and can be written to
    EXPECT_TRUE(restored.value()->Verify(Cancellation::Never(), Progress::None()).ok());
    EXPECT_EQ(Restore(*data, "copy", file).error().code, ErrorCode::kAlreadyExists);
    EXPECT_EQ(Restore(*data, "a/b", file).error().code, ErrorCode::kInvalidArgument);
    collection.reset();
    ASSERT_TRUE(data->Delete("docs").value());
    EXPECT_EQ(data->Snapshots("docs").value().size(), 1u) << "snapshots outlive their collection";
    EXPECT_EQ(StateOf(*Restore(*data, "docs", file).value()), state);
  }
  const auto data = Open();
  EXPECT_EQ(StateOf(*data->Get("docs").value()), state);
  EXPECT_TRUE(std::filesystem::is_empty(path_ + "/staging"));
}

TEST_F(DataDirectorySnapshotTest, IsTheStateBetweenTwoWritesWhileOthersWrite) {
  DataDirectoryParams params = QuietParams();
  params.collection.background = true;
  const auto data = Open(params);
  const auto collection = Make(*data, "docs", 0);
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> acknowledged{0};
  // Write w replaces points [0, 20) and adds the points [20 + 5 w, 25 + 5 w).
  std::thread writer([&] {
    for (std::uint64_t w = 1; !stop; ++w) {
      UpsertPoints upsert;
      for (std::uint64_t id = 0; id < 20; ++id) upsert.points.push_back(SmallPoint(id, w));
      for (std::uint64_t id = 20 + 5 * w; id < 25 + 5 * w; ++id) {
        upsert.points.push_back(SmallPoint(id, w));
      }
      ASSERT_TRUE(collection->Write(upsert, Durability::kSync).ok());
      acknowledged = w;
    }
  });
  for (int i = 0; i < 5; ++i) {
    while (acknowledged < static_cast<std::uint64_t>(10 * i + 3)) std::this_thread::yield();
    const std::uint64_t before = acknowledged;
    const SnapshotEntry snapshot = Take(*data, "docs");
    const std::uint64_t after = acknowledged + 1;
    const auto restored = Restore(*data, "copy" + std::to_string(i), snapshot.path);
    ASSERT_TRUE(restored.ok()) << restored.error().message;
    const auto page = restored.value()->Scroll(PointId(), 1000000, nullptr, {}, {});
    const auto& records = page.value().records;
    ASSERT_GE(records.size(), 20u);
    const std::uint64_t w = *records[0].payload->Find("version")->AsUint64();
    EXPECT_GE(w, before);
    EXPECT_LE(w, after);
    EXPECT_EQ(records.size(), 20 + 5 * w);
    for (std::size_t p = 0; p < records.size(); ++p) {
      const std::uint64_t id = records[p].id.number();
      EXPECT_EQ(*records[p].payload->Find("version")->AsUint64(), id < 20 ? w : (id - 20) / 5);
    }
  }
  stop = true;
  writer.join();
}

TEST_F(DataDirectorySnapshotTest, AreNamedListedFoundAndDeleted) {
  const auto data = Open();
  Make(*data, "docs", 3);
  const std::string long_name = std::string(127, 'n') + "\xc3\xbc" + std::string(100, 'x');
  Make(*data, long_name, 3);
  ASSERT_TRUE(data->ChangeAliases(std::vector<AliasAction>{CreateAlias{"x", "docs"}}).ok());
  EXPECT_THAT(data->Snapshots("docs").value(), IsEmpty());
  const SnapshotEntry first = Take(*data, "x"), second = Take(*data, "docs");
  EXPECT_NE(first.name, second.name) << "two of one second";
  EXPECT_TRUE(std::regex_match(
      first.name, std::regex(R"(docs-\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d(-\d+)?\.snapshot)")))
      << first.name;
  EXPECT_EQ(first.path, path_ + "/snapshots/docs/" + first.name);
  EXPECT_EQ(first.bytes, std::filesystem::file_size(first.path));
  EXPECT_TRUE(Take(*data, long_name).name.starts_with(std::string(127, 'n') + "-20"));
  EXPECT_EQ(data->Snapshots("docs").value().size(), 2u);
  EXPECT_EQ(data->FindSnapshot("docs", second.name).value().path, second.path);
  for (const std::string name : {"../../LOCK", "none", "", second.name.c_str() + 1}) {
    EXPECT_EQ(data->FindSnapshot("docs", name).error().code, ErrorCode::kNotFound);
    EXPECT_FALSE(data->DeleteSnapshot("docs", name).value());
  }
  EXPECT_FALSE(data->DeleteSnapshot("..", "LOCK").ok());
  EXPECT_TRUE(data->DeleteSnapshot("docs", first.name).value());
  EXPECT_FALSE(data->DeleteSnapshot("docs", first.name).value());
  EXPECT_EQ(data->Snapshots("docs").value().size(), 1u);
  EXPECT_EQ(data->CreateSnapshot("none", Cancellation::Never(), Progress::None()).error().code,
            ErrorCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(path_ + "/snapshots/none"));
}

TEST_F(DataDirectorySnapshotTest, DamagedOnesMakeNoCollection) {
  const auto data = Open();
  Make(*data, "docs", 50);
  const SnapshotEntry snapshot = Take(*data, "docs");
  const std::string whole = folder_.Read("data/snapshots/docs/" + snapshot.name);
  for (const std::size_t at : {std::size_t{3}, whole.size() / 2, whole.size() - 3}) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 4);
    for (const std::string& bytes : {flipped, whole.substr(0, at)}) {
      const auto restored = Restore(*data, "copy", folder_.Write("x.snapshot", bytes));
      ASSERT_FALSE(restored.ok());
      EXPECT_EQ(restored.error().code, ErrorCode::kCorruption) << restored.error().message;
      EXPECT_THAT(Names(*data), ElementsAre("docs"));
      EXPECT_TRUE(std::filesystem::is_empty(path_ + "/staging"));
      EXPECT_FALSE(std::filesystem::exists(path_ + "/collections/copy"));
    }
  }
  Cancellation cancellation;
  cancellation.Request();
  EXPECT_EQ(data->Restore({.name = "copy", .file = snapshot.path}, cancellation, Progress::None())
                .error()
                .code,
            ErrorCode::kCancelled);
  EXPECT_TRUE(std::filesystem::is_empty(path_ + "/staging"));
  // A damaged one is listed, so that it can be deleted.
  folder_.Write("data/snapshots/docs/broken.snapshot", "no");
  EXPECT_EQ(data->Snapshots("docs").value().size(), 2u);
  EXPECT_TRUE(data->DeleteSnapshot("docs", "broken.snapshot").value());
}

TEST_F(DataDirectorySnapshotTest, ReplacesACollectionInOneStep) {
  std::string state;
  RestoreParams params{.name = "docs", .file = ""};
  params.if_exists = OutputFile::IfExists::kReplace;
  {
    const auto data = Open();
    auto user = Make(*data, "docs", 30);
    state = StateOf(*user);
    params.file = Take(*data, "docs").path;
    PutPoints(*user, 10, 50, 4);
    const std::string newer = StateOf(*user);
    ASSERT_TRUE(data->ChangeAliases(std::vector<AliasAction>{CreateAlias{"x", "docs"}}).ok());
    // Somebody does not let it go: nothing changes.
    EXPECT_EQ(data->Restore(params, Cancellation::Never(), Progress::None()).error().code,
              ErrorCode::kResourceExhausted);
    EXPECT_EQ(StateOf(*user), newer);
    EXPECT_EQ(data->Get("docs").value(), user);
    user.reset();
    EXPECT_EQ(StateOf(*data->Get("docs").value()), newer);
    // Nor when the snapshot is damaged.
    RestoreParams bad = params;
    bad.file = folder_.Write(
        "bad", folder_.Read("data/snapshots/docs/" + data->Snapshots("docs").value()[0].name)
                   .substr(0, 2000));
    EXPECT_EQ(data->Restore(bad, Cancellation::Never(), Progress::None()).error().code,
              ErrorCode::kCorruption);
    EXPECT_EQ(StateOf(*data->Get("docs").value()), newer);
    const auto restored = data->Restore(params, Cancellation::Never(), Progress::None());
    ASSERT_TRUE(restored.ok()) << restored.error().message;
    EXPECT_EQ(StateOf(*restored.value()), state);
    EXPECT_EQ(data->Get("x").value(), restored.value());
    EXPECT_TRUE(std::filesystem::is_empty(path_ + "/staging"));
    RestoreParams fresh = params;
    fresh.name = "new";
    EXPECT_TRUE(data->Restore(fresh, Cancellation::Never(), Progress::None()).ok());
  }
  EXPECT_EQ(StateOf(*Open()->Get("x").value()), state);
}

TEST_F(DataDirectorySnapshotTest, AFullDiskLeavesNoSnapshotAndNoCollection) {
  const SmallDisk disk(16 << 20);
  if (!disk.available()) GTEST_SKIP() << SmallDisk::kSkip;
  auto opened = DataDirectory::Open(disk.folder() / "data", QuietParams());
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  DataDirectory& data = *opened.value();
  Make(data, "docs", 2000);
  const SnapshotEntry snapshot = Take(data, "docs");
  // All but a few bytes of what is left.
  const auto space = std::filesystem::space(disk.folder().path());
  disk.folder().Write("filler", std::string(space.available - 65536, 'f'));
  const auto restored = Restore(data, "copy", snapshot.path);
  ASSERT_FALSE(restored.ok());
  EXPECT_THAT(restored.error().message, HasSubstr("No space left on device"));
  const auto taken = data.CreateSnapshot("docs", Cancellation::Never(), Progress::None());
  ASSERT_FALSE(taken.ok());
  EXPECT_THAT(taken.error().message, HasSubstr("No space left on device"));
  EXPECT_THAT(Names(data), ElementsAre("docs"));
  EXPECT_EQ(data.Snapshots("docs").value().size(), 1u);
  EXPECT_TRUE(std::filesystem::is_empty(disk.folder() / "data/staging"));
  EXPECT_EQ(data.Get("docs").value()->info().points, 2000u);
  // And nothing is in the way of making room.
  EXPECT_TRUE(data.Delete("docs").value());
}

}  // namespace
}  // namespace kith
