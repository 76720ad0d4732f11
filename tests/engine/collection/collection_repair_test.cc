// What stands beside the catalog is damaged or gone: the collection opens, has everything, and
// answers as the definition does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "index/payload/filter_parser.h"
#include "storage/json_parser.h"
#include "tests/engine/collection/data_fixture.h"

namespace kith {
namespace {

class CollectionRepairTest : public DataFixture {
 protected:
  // 200 points in sealed segments, some deleted since, and live ones.
  void SetUp() override {
    const auto data = Open();
    const auto collection = Make(*data, "a", 200);
    const JsonPath path = JsonPath::Parse("n").value();
    ASSERT_TRUE(collection->CreateIndex(path, ParseFieldSchema(JsonValue("integer")).value()).ok());
    ASSERT_TRUE(collection->OptimizeNow(Cancellation::Never(), Progress::None()).ok());
    DeletePoints gone;
    for (std::uint64_t id = 0; id < 200; id += 5) gone.points.ids.push_back(PointId(id));
    ASSERT_TRUE(collection->Write(gone, Durability::kSync).ok());
    PutPoints(*collection, 190, 210, 1);
    state_ = StateOf(*collection);
    ASSERT_FALSE(Segments().empty());
    ASSERT_TRUE(std::filesystem::exists(Path("MANIFEST")));
  }
  std::string Path(const std::string& name) const { return path_ + "/collections/a/" + name; }
  std::string Name(const std::string& name) const { return "data/collections/a/" + name; }
  std::vector<std::string> Segments() const {
    std::vector<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(Path("segments"))) {
      names.push_back("segments/" + file.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  void Flip(const std::string& name, std::size_t at) const {
    std::string bytes = folder_.Read(Name(name));
    ASSERT_LT(at, bytes.size());
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    folder_.Write(Name(name), bytes);
  }
  void Cut(const std::string& name) const {
    const std::string bytes = folder_.Read(Name(name));
    folder_.Write(Name(name), bytes.substr(0, bytes.size() / 2));
  }
  // Twice: what repairs it must leave it in order.
  void ExpectWhole() const {
    for (int i = 0; i < 2; ++i) {
      SCOPED_TRACE(i);
      const auto data = Open();
      const auto opened = data->Get("a");
      ASSERT_TRUE(opened.ok()) << opened.error().message;
      EXPECT_EQ(StateOf(*opened.value()), state_);
      ExpectSearchable(*opened.value());
      ExpectFilterMatches(*opened.value());
      ASSERT_TRUE(opened.value()->OptimizeNow(Cancellation::Never(), Progress::None()).ok());
      ExpectSearchable(*opened.value());
      const Status verified = opened.value()->Verify(Cancellation::Never(), Progress::None());
      EXPECT_TRUE(verified.ok()) << verified.error().message;
    }
  }
  static void ExpectFilterMatches(const Collection& collection) {
    const JsonValue json = ParseJson(R"({"must":{"key":"n","range":{"gt":100,"lt":110}}})").value();
    const auto filter = ParseFilter(json);
    ASSERT_TRUE(filter.ok()) << filter.error().message;
    EXPECT_EQ(collection.Count(&filter.value(), true).value(), 8u);  // 101 to 109 without 105
  }

  std::string state_;
};

TEST_F(CollectionRepairTest, OpensWithoutManifestSegmentsAndPayloadIndex) {
  std::filesystem::remove(Path("MANIFEST"));
  ExpectWhole();
  std::filesystem::remove(Path(Segments()[0]));
  ExpectWhole();
  for (const std::string& name : Segments()) std::filesystem::remove(Path(name));
  ExpectWhole();
  std::filesystem::remove(Path("payload.kith"));
  ExpectWhole();
}

TEST_F(CollectionRepairTest, OpensWithADamagedManifest) {
  for (const std::size_t at : {std::size_t{1}, std::size_t{70}, std::size_t{100}}) {
    Flip("MANIFEST", at);
    ExpectWhole();
  }
  Cut("MANIFEST");
  ExpectWhole();
  folder_.Write(Name("MANIFEST"), "");
  ExpectWhole();
}

TEST_F(CollectionRepairTest, OpensWithADamagedPayloadIndex) {
  for (const double at : {0.001, 0.5, 0.99}) {
    const auto bytes = static_cast<double>(folder_.Read(Name("payload.kith")).size());
    Flip("payload.kith", static_cast<std::size_t>(bytes * at));
    ExpectWhole();
  }
  Cut("payload.kith");
  ExpectWhole();
  std::filesystem::copy_file(Path("MANIFEST"), Path("payload.kith"),
                             std::filesystem::copy_options::overwrite_existing);
  ExpectWhole();
}

TEST_F(CollectionRepairTest, OpensWithADamagedSegment) {
  Flip(Segments()[0], 2);
  ExpectWhole();
  Flip(Segments()[0], folder_.Read(Name(Segments()[0])).size() / 2);
  ExpectWhole();
  Cut(Segments().back());
  ExpectWhole();
  folder_.Write(Name(Segments()[0]), "");
  ExpectWhole();
}

}  // namespace
}  // namespace kith
