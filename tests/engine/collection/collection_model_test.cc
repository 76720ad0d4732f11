// Random operations on a collection and on a map: after each step, and after every reopening, both
// say the same, whatever the optimizer did between.
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/random.h"
#include "engine/collection/collection.h"
#include "index/payload/filter_parser.h"
#include "storage/json_parser.h"
#include "tests/engine/collection/model.h"
#include "tests/engine/collection/search_records.h"
#include "tests/temporary_folder.h"

namespace kith {
namespace {

constexpr std::uint32_t kDim = 8;

CollectionConfig SmallConfig() {
  CollectionConfig config;
  config.vectors[""] = {.size = kDim, .metric = Metric::kL2, .m = 8, .ef_construct = 40};
  config.vectors["text"] = {.size = kDim, .metric = Metric::kCosine, .m = 8, .ef_construct = 40};
  config.vectors["dot"] = {.size = kDim,
                           .metric = Metric::kInnerProduct,
                           .rows = ExactKind::kF16,
                           .m = 8,
                           .ef_construct = 40};
  config.optimizer.live_rows_max = 64;  // seals, merges and vacuums all the time
  config.optimizer.vacuum_rows_min = 32;
  config.optimizer.index_changes_max = 100;
  NumberFields(config);
  return config;
}

class ModelRun {
 public:
  ModelRun(std::uint64_t seed, bool background)
      : random_(seed, 1), background_(background), model_(SmallConfig()) {
    auto created = Collection::Create(folder_ / "c", SmallConfig(), {.background = background});
    EXPECT_TRUE(created.ok()) << created.error().message;
    collection_ = std::move(created).value();
    const auto index = [&](const char* path, const char* kind) {
      const FieldSchema schema = ParseFieldSchema(JsonValue(kind)).value();
      EXPECT_TRUE(collection_->CreateIndex(JsonPath::Parse(path).value(), schema).ok());
    };
    index("n", "integer");
    index("color", "keyword");
  }

  void Steps(int count) {
    for (int step = 0; step < count; ++step) {
      const std::uint64_t dice = random_.Below(100);
      if (dice < 88) {
        Change();
      } else if (dice < 92) {
        Reopen();
      } else if (dice < 95 && !background_) {
        ASSERT_TRUE(collection_->OptimizeNow(Cancellation::Never(), Progress::None()).ok());
      } else {
        CheckSearch();
      }
      if (testing::Test::HasFatalFailure()) return;
    }
    CheckAll();
    Reopen();
    CheckAll();
    const Status verified = collection_->Verify(Cancellation::Never(), Progress::None());
    EXPECT_TRUE(verified.ok()) << verified.error().message;
  }

 private:
  PointId RandomId() {
    const std::uint64_t n = random_.Below(400);
    if (n % 4 != 0) return PointId(n);
    PointId::Uuid uuid{};
    uuid[0] = static_cast<std::uint8_t>(n);
    uuid[15] = static_cast<std::uint8_t>(n >> 8);
    return PointId(uuid);
  }
  std::vector<float> RandomVector() {
    std::vector<float> vector(kDim);
    // Few bits, so that f16 and sums are exact.
    for (float& x : vector) x = static_cast<float>(static_cast<int>(random_.Below(33)) - 16) / 8;
    return vector;
  }
  NamedVectors RandomVectors() {
    NamedVectors vectors;
    for (const char* name : {"", "text", "dot"}) {
      if (random_.Below(5) > 0) vectors[name] = RandomVector();
    }
    return vectors;
  }
  JsonObject RandomPayload() {
    static constexpr const char* kColors[] = {"red", "green", "blue", "black"};
    JsonObject payload;
    if (random_.Below(4) > 0) payload.Set("n", random_.Below(20));
    if (random_.Below(4) > 0) payload.Set("color", kColors[random_.Below(4)]);
    if (random_.Below(3) == 0) payload.Set("free", random_.Below(3));
    return payload;
  }
  Filter RandomFilter() {
    const std::string n = std::to_string(random_.Below(20));
    const std::string texts[] = {
        R"({"must":[{"key":"color","match":{"value":"red"}}]})",
        R"({"must":[{"key":"n","range":{"gte":)" + n + "}}]}",
        R"({"must_not":[{"key":"n","match":{"value":)" + n + "}}]}",
        R"({"should":[{"key":"color","match":{"any":["blue","black"]}},{"key":"n","match":{"value":)" +
            n + "}}]}",
        R"({"must":[{"key":"free","match":{"value":1}},{"has_vector":"text"}]})",
        R"({"must":[{"has_id":[1,2,3,5,7,)" + n + "]}]}",
        R"({"must":[{"is_empty":{"key":"color"}}]})"};
    return ParseFilter(ParseJson(texts[random_.Below(std::size(texts))]).value()).value();
  }
  PointSelector RandomSelector() {
    if (random_.Below(6) == 0) return {.ids = {}, .filter = RandomFilter()};
    PointSelector selector;
    for (std::uint64_t i = 0; i < 1 + random_.Below(6); ++i) selector.ids.push_back(RandomId());
    return selector;
  }
  Operation RandomOperation() {
    switch (random_.Below(12)) {
      case 0:
        return DeletePoints{RandomSelector()};
      case 1:
        return SetPayload{RandomPayload(), JsonPath(), RandomSelector()};
      case 2:
        return OverwritePayload{RandomPayload(), RandomSelector()};
      case 3:
        return DeletePayloadKeys{{JsonPath::Parse("n").value()}, RandomSelector()};
      case 4:
        return ClearPayload{RandomSelector()};
      case 5: {
        UpdateVectors update;
        if (!model_.points().empty()) {
          const auto at =
              std::next(model_.points().begin(),
                        static_cast<std::ptrdiff_t>(random_.Below(model_.points().size())));
          update.points.push_back({at->first, RandomVectors()});
        }
        return update;
      }
      case 6:
        return DeleteVectors{{"text"}, RandomSelector()};
      default: {
        UpsertPoints upsert;
        upsert.mode =
            static_cast<UpsertPoints::Mode>(random_.Below(10) == 0 ? random_.Below(3) : 0);
        for (std::uint64_t i = 0; i < 1 + random_.Below(40); ++i) {
          upsert.points.push_back({RandomId(), RandomVectors(), RandomPayload()});
        }
        return upsert;
      }
    }
  }

  void Change() {
    const Operation operation = RandomOperation();
    const auto written =
        collection_->Write(operation, random_.Below(4) == 0 ? Durability::kSync : Durability::kLog);
    ASSERT_TRUE(written.ok()) << written.error().message;
    model_.Apply(operation);
  }

  void Reopen() {
    collection_.reset();
    auto opened = Collection::Open(folder_ / "c", {.background = background_});
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    collection_ = std::move(opened).value();
    ASSERT_EQ(collection_->info().points, model_.points().size());
  }

  void CheckSearch() {
    const char* names[] = {"", "text", "dot"};
    const std::string name = names[random_.Below(3)];
    const Filter filter = RandomFilter();
    VectorSearch search{.using_vector = name,
                        .vector = RandomVector(),
                        .limit = 10,
                        .filter = random_.Below(3) == 0 ? nullptr : &filter,
                        .score_threshold = {}};
    search.exact = random_.Below(2) == 0;
    const auto truth = model_.Scores(name, search.vector, search.filter, search.limit);
    const auto found = SearchRecords(*collection_, search,
                                     {.payload = {}, .vectors = {.enabled = true, .names = {}}});
    ASSERT_TRUE(found.ok()) << found.error().message;
    // As many as match, whatever the plan; the scores are those of the points returned.
    ASSERT_EQ(found.value().size(), truth.size());
    std::size_t hits = 0;
    for (std::size_t i = 0; i < truth.size(); ++i) {
      const ScoredPoint& record = found.value()[i];
      const Point& point = model_.points().at(record.id);
      const float score = CollectionModel::Score(SmallConfig().vectors[name].metric, search.vector,
                                                 point.vectors.at(name));
      EXPECT_NEAR(record.score, score, 2e-5);
      EXPECT_EQ(record.payload->size(), point.payload.size());
      EXPECT_TRUE(!search.exact || std::abs(record.score - truth[i]) < 2e-5) << i;
      hits += std::abs(record.score - truth[i]) < 2e-5;
    }
    EXPECT_GE(hits + 2, truth.size());
  }

  void CheckAll() {
    PointId from;
    std::map<PointId, Record> seen;
    for (bool more = true; more;) {
      const auto page = collection_->Scroll(from, 37, nullptr, {}, {.enabled = true, .names = {}});
      ASSERT_TRUE(page.ok()) << page.error().message;
      for (const Record& record : page.value().records) {
        ASSERT_TRUE(seen.emplace(record.id, record).second);
      }
      more = page.value().next.has_value();
      if (more) from = *page.value().next;
    }
    ASSERT_EQ(seen.size(), model_.points().size());
    for (const auto& [id, point] : model_.points()) {
      const Record& record = seen.at(id);
      EXPECT_EQ(JsonValue(*record.payload), JsonValue(point.payload));
      EXPECT_EQ(record.vectors.size(), point.vectors.size()) << id.ToString();
      for (const auto& [name, vector] : point.vectors) {
        if (name == "text") continue;  // returned normalised
        EXPECT_EQ(record.vectors.at(name), vector);
      }
    }
    for (int i = 0; i < 20; ++i) {
      const Filter filter = RandomFilter();
      EXPECT_EQ(collection_->Count(&filter, true).value(),
                model_.Select({.ids = {}, .filter = filter}).size());
      CheckSearch();
    }
  }

  TemporaryFolder folder_;
  RandomStream random_;
  bool background_;
  CollectionModel model_;
  std::unique_ptr<Collection> collection_;
};

TEST(CollectionModelTest, AgreesWithAMapWhenOptimizedByHand) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    ModelRun(seed, false).Steps(150);
    if (HasFatalFailure()) return;
  }
}

TEST(CollectionModelTest, AgreesWithAMapWhileTheBackgroundWorks) {
  for (std::uint64_t seed = 11; seed <= 16; ++seed) {
    SCOPED_TRACE(seed);
    ModelRun(seed, true).Steps(150);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace kith
