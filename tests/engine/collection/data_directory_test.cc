#include "engine/collection/data_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/engine/collection/data_fixture.h"
#include "tests/fault_injection.h"
#include "tests/storage/catalog_child.h"

namespace kith {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using DataDirectoryTest = DataFixture;

// Deletes collection "a" while it uses it, says whether that went well, and waits to be killed.
[[maybe_unused]] const bool kDeleter =
    CatalogChild::Role("deleter", [](const CatalogChild::Parent& parent) {
      const auto data = DataDirectory::Open(parent.path, QuietParams());
      if (!data.ok()) return;
      const auto user = data.value()->Get("a");
      const auto deleted = data.value()->Delete("a");
      parent.Tell(user.ok() && deleted.ok() && deleted.value() ? 1 : 0);
      for (;;) pause();
    });

std::vector<std::string> AliasList(const DataDirectory& data) {
  std::vector<std::string> list;
  for (const Alias& alias : data.Aliases()) list.push_back(alias.alias + "=" + alias.collection);
  return list;
}

TEST(CollectionNameTest, IsWhatAFileNameMayBe) {
  for (const std::string name : {"a", "A-b_c.d", "...", "with blank", "gr\xc3\xbc\xc3\x9f"}) {
    EXPECT_TRUE(ValidateCollectionName(name).ok()) << name;
  }
  EXPECT_TRUE(ValidateCollectionName(std::string(255, 'x')).ok());
  for (const std::string name : {"", ".", "..", "a/b", "a\\b", "a:b", "a*", "a?", "\"", "<", ">",
                                 "|", "a\nb", "\x7f", "\xff"}) {
    const Status checked = ValidateCollectionName(name);
    ASSERT_FALSE(checked.ok()) << name;
    EXPECT_EQ(checked.error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_FALSE(ValidateCollectionName(std::string(256, 'x')).ok());
  EXPECT_FALSE(ValidateCollectionName(std::string(1, '\0')).ok());
}

TEST_F(DataDirectoryTest, KeepsCollectionsAndAliasesAcrossOpenings) {
  std::string state;
  const std::string long_name(255, 'n');
  {
    const auto data = Open();
    state = StateOf(*Make(*data, "b", 20));
    Make(*data, "a", 0);
    Make(*data, long_name, 3);
    ASSERT_TRUE(data->ChangeAliases(std::vector<AliasAction>{CreateAlias{"now", "b"}}).ok());
  }
  const auto data = Open();
  EXPECT_THAT(Names(*data), ElementsAre("a", "b", long_name));
  EXPECT_THAT(AliasList(*data), ElementsAre("now=b"));
  const auto by_alias = data->Get("now");
  ASSERT_TRUE(by_alias.ok());
  EXPECT_EQ(by_alias.value(), data->Get("b").value());
  EXPECT_EQ(StateOf(*by_alias.value()), state);
  EXPECT_EQ(data->Get("c").error().code, ErrorCode::kNotFound);
}

TEST_F(DataDirectoryTest, OpensCollectionsWhenAskedFor) {
  { Make(*Open(), "a", 5); }
  DataDirectoryParams params = QuietParams();
  params.open_when = DataDirectoryParams::OpenWhen::kAtFirstUse;
  const auto data = Open(params);
  ASSERT_EQ(data->List().size(), 1u);
  EXPECT_EQ(data->List()[0].collection, nullptr);
  EXPECT_EQ(data->Get("a").value()->info().points, 5u);
  EXPECT_NE(data->List()[0].collection, nullptr);
}

TEST_F(DataDirectoryTest, RefusesNamesThatAreTakenOrBad) {
  const auto data = Open();
  Make(*data, "a", 0);
  ASSERT_TRUE(data->ChangeAliases(std::vector<AliasAction>{CreateAlias{"x", "a"}}).ok());
  EXPECT_EQ(data->Create("a", SmallConfig()).error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(data->Create("x", SmallConfig()).error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(data->Create("../x", SmallConfig()).error().code, ErrorCode::kInvalidArgument);
  CollectionConfig bad = SmallConfig();
  bad.vectors[""].size = 0;
  EXPECT_EQ(data->Create("c", bad).error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(Names(*data), ElementsAre("a"));
  EXPECT_TRUE(std::filesystem::is_empty(path_ + "/staging"));
}

TEST_F(DataDirectoryTest, DeletesACollectionItsFolderAndItsAliases) {
  {
    const auto data = Open();
    Make(*data, "a", 10);
    Make(*data, "b", 1);
    ASSERT_TRUE(
        data->ChangeAliases(std::vector<AliasAction>{CreateAlias{"x", "a"}, CreateAlias{"y", "b"}})
            .ok());
    EXPECT_TRUE(data->Delete("a").value());
    EXPECT_FALSE(data->Delete("a").value());
    EXPECT_FALSE(data->Delete("y").value()) << "an alias is no collection";
    EXPECT_FALSE(std::filesystem::exists(path_ + "/collections/a"));
    EXPECT_TRUE(std::filesystem::is_empty(path_ + "/staging"));
    EXPECT_THAT(AliasList(*data), ElementsAre("y=b"));
    EXPECT_EQ(Make(*data, "a", 2)->info().points, 2u);
  }
  EXPECT_THAT(Names(*Open()), ElementsAre("a", "b"));
}

TEST_F(DataDirectoryTest, ADeletedCollectionLivesUntilItsLastUserIsGone) {
  const auto data = Open();
  std::shared_ptr<Collection> user = Make(*data, "a", 10);
  EXPECT_TRUE(data->Delete("a").value());
  EXPECT_THAT(Names(*data), IsEmpty());
  EXPECT_EQ(data->Get("a").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(user->info().points, 10u);
  PutPoints(*user, 10, 200);
  ExpectSearchable(*user);
  // Its folder is still written to.
  EXPECT_EQ(data->Create("a", SmallConfig()).error().code, ErrorCode::kResourceExhausted);
  user.reset();
  EXPECT_FALSE(std::filesystem::exists(path_ + "/collections/a"));
  EXPECT_EQ(Make(*data, "a", 1)->info().points, 1u);
}

TEST_F(DataDirectoryTest, ADeletedCollectionStaysDeletedWhenTheProcessEndsBeforeItsUser) {
  {
    const auto data = Open();
    Make(*data, "a", 10);
    Make(*data, "b", 10);
  }
  {
    const CatalogChild child("deleter", path_);
    ASSERT_EQ(child.Hear(), 1u);
  }
  ASSERT_TRUE(std::filesystem::exists(path_ + "/collections/a/DELETED"));
  EXPECT_THAT(Names(*Open()), ElementsAre("b"));
  EXPECT_FALSE(std::filesystem::exists(path_ + "/collections/a"));
}

TEST_F(DataDirectoryTest, ACollectionOutlivesTheDirectoryAndKeepsItsLock) {
  std::shared_ptr<Collection> user;
  {
    const auto data = Open();
    user = Make(*data, "a", 10);
  }
  EXPECT_EQ(user->info().points, 10u);
  EXPECT_EQ(DataDirectory::Open(path_, QuietParams()).error().code, ErrorCode::kAlreadyExists);
  user.reset();
  EXPECT_NE(Open(), nullptr);
}

TEST_F(DataDirectoryTest, ASecondProcessIsToldWhoHasIt) {
  const auto data = Open();
  Make(*data, "a", 3);
  const std::string pid = std::to_string(getpid());
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto opened = DataDirectory::Open(path_, QuietParams());
    const bool told = !opened.ok() && opened.error().code == ErrorCode::kAlreadyExists &&
                      opened.error().message.find("in use by another process (pid " + pid + ")") !=
                          std::string::npos;
    _exit(told ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_THAT(DataDirectory::Open(path_, QuietParams()).error().message,
              HasSubstr("in use by this process already"));
  EXPECT_EQ(data->Get("a").value()->info().points, 3u);
}

TEST_F(DataDirectoryTest, ServesTheOthersWhenOneIsDamaged) {
  std::string state;
  {
    const auto data = Open();
    Make(*data, "bad", 10);
    Make(*data, "empty", 0);
    state = StateOf(*Make(*data, "good", 10));
  }
  folder_.Write("data/collections/bad/store/CATALOG", "this is no catalog at all");
  std::filesystem::remove_all(path_ + "/collections/empty/store");
  std::filesystem::create_directory(path_ + "/collections/nothing");
  folder_.Write("data/collections/a file", "is no collection");
  const auto data = Open();
  EXPECT_THAT(Names(*data), ElementsAre("bad", "empty", "good", "nothing"));
  EXPECT_EQ(StateOf(*data->Get("good").value()), state);
  for (const CollectionEntry& entry : data->List()) {
    EXPECT_EQ(entry.error.has_value(), entry.name != "good") << entry.name;
  }
  const Error error = data->Get("bad").error();
  EXPECT_EQ(error.code, ErrorCode::kCorruption);
  EXPECT_THAT(error.message, HasSubstr("collection 'bad' cannot be opened: "));
  EXPECT_EQ(data->Create("bad", SmallConfig()).error().code, ErrorCode::kAlreadyExists);
  for (const char* name : {"bad", "empty", "nothing"}) EXPECT_TRUE(data->Delete(name).value());
  EXPECT_EQ(Make(*data, "bad", 4)->info().points, 4u);
}

TEST_F(DataDirectoryTest, RemovesWhatACrashHasLeft) {
  { Make(*Open(), "x.tmp.1.2", 3); }
  std::filesystem::create_directories(path_ + "/staging/new.tmp.1.2/store");
  folder_.Write("data/staging/new.tmp.1.2/store/CATALOG", "half");
  folder_.Write("data/aliases.json.tmp.1.2", "{");
  std::filesystem::create_directories(path_ + "/snapshots/a");
  folder_.Write("data/snapshots/a/a-1.snapshot.tmp.1.2", "half");
  const auto data = Open();
  EXPECT_THAT(Names(*data), ElementsAre("x.tmp.1.2"));
  EXPECT_TRUE(std::filesystem::is_empty(path_ + "/staging"));
  EXPECT_TRUE(std::filesystem::is_empty(path_ + "/snapshots/a"));
  EXPECT_FALSE(std::filesystem::exists(path_ + "/aliases.json.tmp.1.2"));
}

TEST_F(DataDirectoryTest, RefusesFoldersOfOthers) {
  folder_.Write("file", "x");
  EXPECT_EQ(DataDirectory::Open(folder_ / "file", QuietParams()).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(DataDirectory::Open(folder_.path(), QuietParams()).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_THAT(folder_.List(), ElementsAre("file"));
  DataDirectoryParams params = QuietParams();
  params.create_if_missing = false;
  EXPECT_EQ(DataDirectory::Open(path_, params).error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_EQ(DataDirectory::Open(folder_ / "no/data", QuietParams()).error().code,
            ErrorCode::kNotFound);
}

TEST_F(DataDirectoryTest, ADirectoryItMayNotWriteToIsAnError) {
  { Make(*Open(), "a", 3); }
  ExpectInChild([&] {
    GiveUpRoot();
    if (geteuid() != 65534) return;  // its owner, whose rights are not in question
    const auto opened = DataDirectory::Open(path_, QuietParams());
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, ErrorCode::kIoError);
    EXPECT_THAT(opened.error().message, HasSubstr("LOCK: Permission denied"));
  });
}

TEST_F(DataDirectoryTest, ChangesAliasesAllOrNone) {
  const auto data = Open();
  Make(*data, "a", 0);
  Make(*data, "b", 0);
  const auto change = [&](std::vector<AliasAction> actions) {
    return data->ChangeAliases(actions);
  };
  ASSERT_TRUE(change({CreateAlias{"x", "a"}, CreateAlias{"y", "b"}}).ok());
  // Changes places in one step.
  ASSERT_TRUE(change({RenameAlias{"x", "z"}, RenameAlias{"y", "x"}, RenameAlias{"z", "y"}}).ok());
  EXPECT_THAT(AliasList(*data), ElementsAre("x=b", "y=a"));
  ASSERT_TRUE(change({CreateAlias{"x", "a"}}).ok()) << "led to another collection";
  struct Bad {
    std::vector<AliasAction> actions;
    ErrorCode code;
  };
  for (const Bad& bad : std::vector<Bad>{
           {{DeleteAlias{"y"}, CreateAlias{"w", "none"}}, ErrorCode::kNotFound},
           {{DeleteAlias{"y"}, DeleteAlias{"y"}}, ErrorCode::kNotFound},
           {{DeleteAlias{"y"}, RenameAlias{"none", "w"}}, ErrorCode::kNotFound},
           {{DeleteAlias{"y"}, CreateAlias{"b", "a"}}, ErrorCode::kAlreadyExists},
           {{DeleteAlias{"y"}, CreateAlias{"w", "x"}}, ErrorCode::kNotFound},
           {{DeleteAlias{"y"}, RenameAlias{"x", "a/b"}}, ErrorCode::kInvalidArgument}}) {
    const Status changed = change(bad.actions);
    ASSERT_FALSE(changed.ok());
    EXPECT_EQ(changed.error().code, bad.code) << changed.error().message;
    EXPECT_THAT(AliasList(*data), ElementsAre("x=a", "y=a"));
  }
}

TEST_F(DataDirectoryTest, DamagedAndNewerAliasesAreErrors) {
  { Make(*Open(), "a", 0); }
  for (const char* text :
       {"", "{", "[]", R"({"version":0,"aliases":{}})", R"({"version":1})",
        R"({"version":1,"aliases":{"x":1}})", R"({"version":1,"aliases":{"a/b":"a"}})"}) {
    folder_.Write("data/aliases.json", text);
    const auto opened = DataDirectory::Open(path_, QuietParams());
    ASSERT_FALSE(opened.ok()) << text;
    EXPECT_EQ(opened.error().code, ErrorCode::kCorruption) << text;
    EXPECT_THAT(opened.error().message, HasSubstr("aliases.json"));
  }
  folder_.Write("data/aliases.json", R"({"version":2,"aliases":{}})");
  EXPECT_EQ(DataDirectory::Open(path_, QuietParams()).error().code, ErrorCode::kUnsupported);
  folder_.Write("data/aliases.json", R"({"version":1,"aliases":{"x":"a","y":"gone"}})");
  Make(*Open(), "gone", 0);
  EXPECT_THAT(AliasList(*Open()), ElementsAre("x=a")) << "dropped for good";
}

TEST_F(DataDirectoryTest, ThreadsCreateUseAndDeleteAtOnce) {
  DataDirectoryParams params = QuietParams();
  params.delete_wait_seconds = 10;
  const auto data = Open(params);
  Make(*data, "steady", 20);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      const std::string name = t < 2 ? "shared" : "own";  // two of them race for one name
      for (int round = 0; round < 6; ++round) {
        const auto made = data->Create(name, SmallConfig());
        if (made.ok()) {
          (void)made.value()->Write(UpsertPoints{{SmallPoint(1)}, {}}, Durability::kLog);
        } else {
          EXPECT_EQ(made.error().code, ErrorCode::kAlreadyExists) << made.error().message;
        }
        const std::vector<AliasAction> actions = {CreateAlias{"x", name}};
        (void)data->ChangeAliases(actions);
      }
    });
    threads.emplace_back([&, t] {
      while (!stop) {
        EXPECT_TRUE(data->Delete(t < 2 ? "shared" : "own").ok());
        (void)data->List();
      }
    });
    threads.emplace_back([&] {
      while (!stop) {
        EXPECT_EQ(data->Get("steady").value()->info().points, 20u);
        if (const auto other = data->Get("x"); other.ok()) (void)StateOf(*other.value());
      }
    });
  }
  for (std::size_t t = 0; t < threads.size(); t += 3) threads[t].join();
  stop = true;
  for (std::size_t t = 0; t < threads.size(); ++t) {
    if (t % 3 != 0) threads[t].join();
  }
  for (const char* name : {"own", "shared"}) ASSERT_TRUE(data->Delete(name).ok());
  EXPECT_THAT(Names(*data), ElementsAre("steady"));
  EXPECT_THAT(data->Aliases(), IsEmpty());
  EXPECT_TRUE(std::filesystem::is_empty(path_ + "/staging"));
}

}  // namespace
}  // namespace kith
