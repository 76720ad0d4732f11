// A small random collection and the same points as a map.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"
#include "engine/collection/collection.h"
#include "index/payload/filter_parser.h"
#include "storage/json_parser.h"
#include "tests/engine/collection/model.h"
#include "tests/temporary_folder.h"

namespace kith {

inline Filter FilterOf(const std::string& text) {
  return ParseFilter(ParseJson(text).value()).value();
}
inline JsonPath PathOf(const std::string& text) { return JsonPath::Parse(text).value(); }

class QueryFixture {
 public:
  static constexpr std::uint32_t kDim = 8;

  static CollectionConfig Config() {
    CollectionConfig config;
    config.vectors[""] = {.size = kDim, .metric = Metric::kL2, .m = 16, .ef_construct = 128};
    config.vectors["text"] = {
        .size = kDim, .metric = Metric::kCosine, .m = 16, .ef_construct = 128};
    config.vectors["dot"] = {
        .size = kDim, .metric = Metric::kInnerProduct, .m = 16, .ef_construct = 128};
    config.optimizer.live_rows_max = 1024;
    NumberFields(config);
    return config;
  }

  QueryFixture(std::uint64_t seed, std::size_t points) : random_(seed, 7), model_(Config()) {
    auto created = Collection::Create(folder_ / "c", Config(), {.background = false});
    EXPECT_TRUE(created.ok()) << created.error().message;
    collection_ = std::move(created).value();
    for (const auto& [path, kind] :
         {std::pair{"n", "integer"}, {"color", "keyword"}, {"tags", "keyword"}}) {
      const FieldSchema schema = ParseFieldSchema(JsonValue(kind)).value();
      EXPECT_TRUE(collection_->CreateIndex(PathOf(path), schema).ok());
    }
    UpsertPoints upsert;
    for (std::size_t i = 0; i < points; ++i) {
      // Ids in another order than slots.
      const PointId id((i * 7919) % 1'000'003);
      upsert.points.push_back({id, RandomVectors(), RandomPayload()});
    }
    Write(upsert);
    EXPECT_TRUE(collection_->OptimizeNow(Cancellation::Never(), Progress::None()).ok());
  }

  void Write(const Operation& operation) {
    const auto written = collection_->Write(operation, Durability::kLog);
    ASSERT_TRUE(written.ok()) << written.error().message;
    model_.Apply(operation);
  }

  const Collection& collection() const { return *collection_; }
  const std::map<PointId, Point>& points() const { return model_.points(); }
  const CollectionModel& model() const { return model_; }
  RandomStream& random() { return random_; }

  std::vector<float> RandomVector() {
    std::vector<float> vector(kDim);
    for (float& x : vector) x = static_cast<float>(random_.Normal());
    return vector;
  }
  // A point that has the vector.
  PointId RandomId(const std::string& name) {
    while (true) {
      const auto at = std::next(model_.points().begin(),
                                static_cast<std::ptrdiff_t>(random_.Below(model_.points().size())));
      if (at->second.vectors.count(name) > 0) return at->first;
    }
  }

 private:
  NamedVectors RandomVectors() {
    NamedVectors vectors;
    for (const char* name : {"", "text", "dot"}) {
      if (random_.Below(8) > 0) vectors[name] = RandomVector();
    }
    return vectors;
  }
  JsonObject RandomPayload() {
    static constexpr const char* kColors[] = {"red", "green", "blue", "black"};
    static constexpr const char* kTags[] = {"a", "b", "c", "d", "e", "f"};
    JsonObject payload;
    if (random_.Below(6) > 0) payload.Set("n", random_.Below(50));
    if (random_.Below(6) > 0) payload.Set("color", kColors[random_.Below(4)]);
    JsonArray tags;
    for (std::uint64_t i = random_.Below(3); i > 0; --i) tags.emplace_back(kTags[random_.Below(6)]);
    if (!tags.empty()) payload.Set("tags", std::move(tags));
    payload.Set("x", random_.Uniform());
    return payload;
  }

  TemporaryFolder folder_;
  RandomStream random_;
  CollectionModel model_;
  std::unique_ptr<Collection> collection_;
};

}  // namespace kith
