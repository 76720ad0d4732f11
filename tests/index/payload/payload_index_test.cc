// The index against the definition: whatever is indexed and whatever happened before, candidates
// hold every match, exact answers nothing else, and estimates bound the true count.
#include "index/payload/payload_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "index/payload/filter_match.h"
#include "index/payload/filter_parser.h"
#include "storage/json_parser.h"
#include "tests/index/payload/random_payload.h"
#include "tests/temporary_folder.h"

namespace kith {
namespace {

JsonValue Json(std::string_view text) {
  Result<JsonValue> json = ParseJson(text);
  EXPECT_TRUE(json.ok()) << text;
  return json.ok() ? std::move(json).value() : JsonValue();
}

JsonPath Path(std::string_view text) { return JsonPath::Parse(text).value(); }

Filter FilterOf(std::string_view text) {
  Result<Filter> filter = ParseFilter(Json(text));
  EXPECT_TRUE(filter.ok()) << filter.error().message;
  return std::move(filter).value();
}

// Points in plain sight beside their index.  Slot s has id s + 1000, vector "image" if s is even.
class Model {
 public:
  explicit Model(std::uint64_t seed) : random_(seed) {
    context_.slot_of = [this](const PointId& id) -> std::optional<Slot> {
      const auto slot = static_cast<Slot>(id.number());
      return payloads_.contains(slot) ? std::optional(slot) : std::nullopt;
    };
    context_.slots_with_vector = [this](std::string_view name) {
      return name == "image" ? &even_ : nullptr;
    };
  }

  void AddSomeFields() {
    for (int i = 0; i < 12; ++i) {
      const RandomPayloads::Place place = random_.AnyPlace();
      const JsonPath path = Path(place.path);
      const Result<bool> added = index_.AddField(path, random_.Schema(place.key));
      ASSERT_TRUE(added.ok());
      if (!added.value()) continue;
      for (const auto& [slot, payload] : payloads_) index_.PutField(path, slot, payload);
    }
  }

  void Change(int times) {
    for (int i = 0; i < times; ++i) {
      const auto slot = static_cast<Slot>(random_.Below(120));
      if (random_.Chance(4)) {
        index_.Erase(slot);
        payloads_.erase(slot);
        even_.Remove(slot);
        live_.Remove(slot);
        continue;
      }
      if (slot % 2 == 0) even_.Add(slot);
      live_.Add(slot);
      if (random_.Chance(10)) {  // a point without payload
        index_.Erase(slot);
        payloads_[slot] = JsonValue();
      } else {
        payloads_[slot] = random_.Payload();
        index_.Put(slot, payloads_[slot]);
      }
    }
    if (random_.Chance(2) && !index_.fields().empty()) {
      const std::vector<FieldInfo> fields = index_.fields();
      EXPECT_TRUE(index_.RemoveField(fields[random_.Below(fields.size())].path));
    }
  }

  void Reopen(const TemporaryFolder& folder) {
    ASSERT_TRUE(index_.Save(folder / "payload").ok());
    Result<PayloadIndex> loaded = PayloadIndex::Load(folder / "payload");
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    for (std::size_t i = 0; i < index_.fields().size(); ++i) {
      EXPECT_EQ(index_.fields()[i].path, loaded.value().fields()[i].path);
      EXPECT_EQ(index_.fields()[i].schema, loaded.value().fields()[i].schema);
      EXPECT_EQ(index_.fields()[i].points, loaded.value().fields()[i].points);
    }
    const std::string before = folder.Read("payload");
    index_ = std::move(loaded).value();
    ASSERT_TRUE(index_.Save(folder / "again").ok());
    EXPECT_EQ(folder.Read("again").size(), before.size());
  }

  // How many filters were answered exactly.
  int CompareFilters(int times) {
    int exact = 0;
    for (int i = 0; i < times && !testing::Test::HasFailure(); ++i) {
      if (Compare(random_.Filter())) ++exact;
    }
    return exact;
  }

  // Conditions on their own; adds to `told_apart`, by the kind of test, how many exact answers
  // there were that some points are in and others not.
  void CompareConditions(int times, std::map<std::string, int>& told_apart) {
    for (int i = 0; i < times && !testing::Test::HasFailure(); ++i) {
      JsonObject filter;
      filter.Set(random_.Chance(4) ? "must_not" : "must", random_.Condition(3));
      const std::optional<std::uint64_t> count = Compare(filter);
      if (!count || *count == 0 || *count == live_.count()) continue;
      const JsonObject& condition = filter.begin()->value.object();
      for (const JsonMember& member : condition) {
        const JsonValue& test = member.value;
        ++told_apart[member.key == "match" ? test.object().begin()->key : member.key];
      }
    }
  }

 private:
  // The number of matches when the answer was exact.
  std::optional<std::uint64_t> Compare(const JsonValue& json) {
    const Result<Filter> filter = ParseFilter(json);
    EXPECT_TRUE(filter.ok()) << ToJson(json) << ": " << filter.error().message;
    if (!filter.ok()) return std::nullopt;
    const SlotSet matching = Matching(filter.value());
    const Selection selection = index_.Select(filter.value(), live_, context_);
    SlotSet missed = matching;
    missed.AndNot(selection.candidates);
    EXPECT_TRUE(missed.empty()) << Explain(json, missed);
    const CardinalityEstimate estimate = index_.Estimate(filter.value(), live_.count(), context_);
    EXPECT_LE(estimate.min, matching.count()) << Explain(json, matching);
    EXPECT_GE(estimate.max, matching.count()) << Explain(json, matching);
    EXPECT_LE(estimate.min, estimate.expected);
    EXPECT_LE(estimate.expected, estimate.max);
    EXPECT_LE(estimate.max, live_.count());
    if (!selection.exact) return std::nullopt;
    SlotSet extra = selection.candidates;
    extra.AndNot(matching);
    EXPECT_TRUE(extra.empty()) << Explain(json, extra);
    return matching.count();
  }

  SlotSet Matching(const Filter& filter) const {
    SlotSet matching;
    for (const auto& [slot, payload] : payloads_) {
      const std::function<bool(std::string_view)> has_vector =
          [&, at = slot](std::string_view name) { return name == "image" && at % 2 == 0; };
      const FilterSubject subject{.payload = payload,
                                  .id = PointId(slot),
                                  .has_vector = &has_vector,
                                  .text_fields = &index_.text_fields()};
      if (Matches(filter, subject)) matching.Add(slot);
    }
    return matching;
  }

  std::string Explain(const JsonValue& filter, const SlotSet& slots) const {
    std::string text = ToJson(filter) + "\nindexes:";
    for (const FieldInfo& field : index_.fields()) {
      text += " " + field.path.ToString() + " " + ToJson(FieldSchemaJson(field.schema));
    }
    const std::vector<Slot> first = slots.ToVector();
    if (!first.empty()) text += "\nslot " + std::to_string(first[0]) + ": ";
    if (!first.empty()) text += ToJson(payloads_.at(first[0]));
    return text;
  }

  RandomPayloads random_;
  PayloadIndex index_;
  std::map<Slot, JsonValue> payloads_;
  SlotSet live_, even_;
  FilterContext context_;
};

PayloadIndex IndexOf(std::string_view path, FieldSchema schema,
                     const std::vector<std::string>& payloads) {
  PayloadIndex index;
  EXPECT_TRUE(index.AddField(Path(path), schema).value());
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    index.Put(static_cast<Slot>(i), Json(payloads[i]));
  }
  return index;
}

std::string Listed(const Result<std::vector<OrderedSlot>>& ordered) {
  if (!ordered.ok()) return ordered.error().message;
  std::string text;
  for (const OrderedSlot& one : ordered.value()) {
    text += std::to_string(one.slot) + "=" + ToJson(one.value) + " ";
  }
  return text;
}

std::string Listed(const Result<std::vector<FacetHit>>& hits) {
  if (!hits.ok()) return hits.error().message;
  std::string text;
  for (const FacetHit& hit : hits.value()) {
    text += ToJson(hit.value) + "x" + std::to_string(hit.count) + " ";
  }
  return text;
}

TEST(PayloadIndexTest, SelectsWhatFiltersMatchWhateverIsIndexed) {
  const TemporaryFolder folder;
  int exact = 0, all = 0;
  for (std::uint64_t seed = 0; seed < 60 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Model model(seed);
    if (seed % 3 != 0) model.AddSomeFields();
    model.Change(100);
    model.AddSomeFields();
    exact += model.CompareFilters(60);
    model.Change(100);
    exact += model.CompareFilters(60);
    model.Reopen(folder);
    exact += model.CompareFilters(60);
    model.Change(60);
    exact += model.CompareFilters(60);
    all += 240;
  }
  EXPECT_GT(exact, all / 10);
  EXPECT_LT(exact, all);
}

TEST(PayloadIndexTest, AnswersEveryKindOfConditionExactly) {
  const TemporaryFolder folder;
  std::map<std::string, int> told_apart;
  for (std::uint64_t seed = 1000; seed < 1060 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Model model(seed);
    model.AddSomeFields();
    model.AddSomeFields();
    model.Change(200);
    model.CompareConditions(200, told_apart);
    model.Reopen(folder);
    model.Change(30);
    model.CompareConditions(200, told_apart);
  }
  for (const char* kind : {"value", "any", "except", "text", "text_any", "phrase", "prefix",
                           "range", "values_count", "geo_bounding_box", "geo_radius", "geo_polygon",
                           "is_empty", "is_null", "has_id", "has_vector"}) {
    EXPECT_GT(told_apart[kind], 20) << kind;
  }
}

TEST(PayloadIndexTest, OrdersPointsByTheirFirstValueInTheDirection) {
  const PayloadIndex index = IndexOf("n", {.kind = FieldKind::kInteger},
                                     {R"({"n":5})", R"({"n":[9,1]})", R"({"n":"x"})", R"({})",
                                      R"({"n":5})", R"({"n":2.5})", R"({"n":-7})"});
  const SlotSet all = SlotSet::Range(0, 7);
  OrderParams params{.key = Path("n"), .descending = false, .start = {}, .limit = 10};
  EXPECT_EQ(Listed(index.Ordered(params, all)), "6=-7 1=1 0=5 4=5 ");
  params.descending = true;
  EXPECT_EQ(Listed(index.Ordered(params, all)), "1=9 4=5 0=5 6=-7 ");
  params.start = JsonValue(5);
  EXPECT_EQ(Listed(index.Ordered(params, all)), "4=5 0=5 1=1 6=-7 ");
  params.descending = false;
  params.start = JsonValue(1.5);
  EXPECT_EQ(Listed(index.Ordered(params, all)), "0=5 4=5 1=9 ");
  params.limit = 2;
  EXPECT_EQ(Listed(index.Ordered(params, all)), "0=5 4=5 ");
  EXPECT_EQ(Listed(index.Ordered(params, SlotSet())), "");
  params.start = JsonValue("tomorrow");
  EXPECT_EQ(Listed(index.Ordered(params, all)),
            "order_by.start_from: expected a number, found a string");
}

TEST(PayloadIndexTest, OrdersDatetimesFromADatetime) {
  const PayloadIndex index = IndexOf(
      "t", {.kind = FieldKind::kDatetime},
      {R"({"t":"2024-01-03"})", R"({"t":"2024-01-01"})", R"({"t":"2024-01-02T00:00:01Z"})"});
  const OrderParams params{
      .key = Path("t"), .descending = false, .start = "2024-01-02", .limit = 10};
  EXPECT_EQ(Listed(index.Ordered(params, SlotSet::Range(0, 3))),
            "2=1704153601000000 0=1704240000000000 ");
}

TEST(PayloadIndexTest, OrderIsThatOfASortForSmallAndLargeSetsOfPoints) {
  RandomPayloads random(7);
  PayloadIndex index;
  ASSERT_TRUE(index.AddField(Path("f"), {.kind = FieldKind::kFloat}).ok());
  std::vector<std::vector<double>> values(20000);
  for (Slot slot = 0; slot < values.size(); ++slot) {
    JsonArray array;
    for (std::size_t i = random.Below(3); i > 0; --i) {
      values[slot].push_back(static_cast<double>(random.Below(5000)) / 8);
      array.push_back(JsonValue(values[slot].back()));
    }
    JsonObject payload;
    payload.Set("f", std::move(array));
    index.Put(slot, payload);
  }
  for (const std::size_t one_in : {1, 10, 3000}) {
    for (const bool descending : {false, true}) {
      SlotSet within;
      std::vector<std::pair<double, Slot>> expected;
      const double start = descending ? 500 : 100;
      for (Slot slot = 0; slot < values.size(); ++slot) {
        if (!random.Chance(one_in)) continue;
        within.Add(slot);
        std::optional<double> best;
        for (const double value : values[slot]) {
          if (descending ? value > start : value < start) continue;
          if (!best || (descending ? value > *best : value < *best)) best = value;
        }
        if (best) expected.emplace_back(*best, slot);
      }
      std::sort(expected.begin(), expected.end());
      if (descending) std::reverse(expected.begin(), expected.end());
      if (expected.size() > 100) expected.resize(100);
      const auto ordered = index.Ordered(
          {.key = Path("f"), .descending = descending, .start = start, .limit = 100}, within);
      ASSERT_TRUE(ordered.ok());
      ASSERT_EQ(ordered.value().size(), expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        ASSERT_EQ(ordered.value()[i].slot, expected[i].second) << i;
        ASSERT_EQ(ordered.value()[i].value, JsonValue(expected[i].first)) << i;
      }
    }
  }
}

TEST(PayloadIndexTest, SaysWhichIndexAnOrderOrAFacetNeeds) {
  const PayloadIndex index = IndexOf("x", {.kind = FieldKind::kText}, {});
  const SlotSet none;
  EXPECT_EQ(Listed(index.Ordered({.key = Path("x"), .start = {}}, none)),
            "order_by needs a payload index of 'x': create one of type integer (with range), float "
            "or datetime");
  EXPECT_EQ(Listed(index.Facet(Path("y"), none, 3)),
            "facet needs a payload index of 'y': create one of type keyword, integer (with "
            "lookup), bool or uuid");
}

TEST(PayloadIndexTest, CountsFacetsMostFrequentFirst) {
  const PayloadIndex index =
      IndexOf("k", {.kind = FieldKind::kKeyword},
              {R"({"k":"b"})", R"({"k":["a","a","c"]})", R"({"k":["b","c"]})", R"({"k":7})"});
  EXPECT_EQ(Listed(index.Facet(Path("k"), SlotSet::Range(0, 4), 10)), R"("b"x2 "c"x2 "a"x1 )");
  EXPECT_EQ(Listed(index.Facet(Path("k"), SlotSet::Range(0, 4), 1)), R"("b"x2 )");
  EXPECT_EQ(Listed(index.Facet(Path("k"), SlotSet::Range(1, 2), 10)), R"("a"x1 "c"x1 )");
}

TEST(PayloadIndexTest, CountsFacetsAlikeOnBothWays) {
  // 3 values and 20000 points are counted by intersections, 9000 values by points.
  for (const std::size_t distinct : {3, 9000}) {
    PayloadIndex index;
    ASSERT_TRUE(index.AddField(Path("n"), {.kind = FieldKind::kInteger}).ok());
    RandomPayloads random(distinct);
    std::map<std::int64_t, std::uint64_t> counts;
    SlotSet within;
    for (Slot slot = 0; slot < 20000; ++slot) {
      const auto value = static_cast<std::int64_t>(random.Below(distinct));
      JsonObject payload;
      payload.Set("n", value);
      index.Put(slot, payload);
      if (slot % 3 == 0) continue;
      within.Add(slot);
      ++counts[value];
    }
    const auto hits = index.Facet(Path("n"), within, 100000);
    ASSERT_TRUE(hits.ok());
    EXPECT_EQ(hits.value().size(), counts.size());
    for (const FacetHit& hit : hits.value()) EXPECT_EQ(hit.count, counts[*hit.value.AsInt64()]);
  }
}

TEST(PayloadIndexTest, AnswersWithoutPayloadsWhereItCan) {
  PayloadIndex index = IndexOf("k", {.kind = FieldKind::kKeyword},
                               {R"({"k":"a"})", R"({"k":["a","b"]})", R"({"k":null})", R"({})"});
  const SlotSet live = SlotSet::Range(0, 5);
  const auto select = [&](std::string_view filter) {
    const Selection selection = index.Select(FilterOf(filter), live, {});
    std::string text = selection.exact ? "exactly" : "at most";
    for (const Slot slot : selection.candidates.ToVector()) text += " " + std::to_string(slot);
    return text;
  };
  EXPECT_EQ(select(R"({"must":{"key":"k","match":{"value":"b"}}})"), "exactly 1");
  EXPECT_EQ(select(R"({"must_not":{"key":"k","match":{"value":"b"}}})"), "exactly 0 2 3 4");
  EXPECT_EQ(select(R"({"must":{"key":"k","match":{"except":["a"]}}})"), "exactly 1");
  EXPECT_EQ(select(R"({"must":{"is_empty":{"key":"k"}}})"), "exactly 2 3 4");
  EXPECT_EQ(select(R"({"must":{"is_null":{"key":"k"}}})"), "exactly 2");
  EXPECT_EQ(select(R"({"must":{"key":"k","values_count":{"gt":1}}})"), "exactly 1");
  EXPECT_EQ(select(R"({})"), "exactly 0 1 2 3 4");
  EXPECT_EQ(select(R"({"must":{"key":"other","match":{"value":"b"}}})"), "at most 0 1 2 3 4");
  EXPECT_EQ(select(R"({"must":[{"key":"k","match":{"value":"a"}},
                               {"key":"other","match":{"value":"b"}}]})"),
            "at most 0 1");
  EXPECT_EQ(select(R"({"must":[{"key":"k","match":{"value":"z"}},
                               {"key":"other","match":{"value":"b"}}]})"),
            "exactly");
  EXPECT_EQ(select(R"({"min_should":{"min_count":2,"conditions":[
                        {"key":"k","match":{"value":"a"}},{"key":"k","match":{"value":"b"}},
                        {"is_null":{"key":"k"}}]}})"),
            "exactly 1");
}

TEST(PayloadIndexTest, KeepsAnIndexOfTheSameSchemaAndReplacesAnother) {
  PayloadIndex index = IndexOf("k", {.kind = FieldKind::kKeyword}, {R"({"k":"a"})"});
  EXPECT_FALSE(index.AddField(Path("k"), {.kind = FieldKind::kKeyword}).value());
  EXPECT_EQ(index.fields()[0].points, 1u);
  EXPECT_GT(index.memory_bytes(), 0u);
  EXPECT_TRUE(index.AddField(Path("k"), {.kind = FieldKind::kText}).value());
  EXPECT_EQ(index.fields()[0].points, 0u);
  EXPECT_NE(index.text_fields().Find(Path("k")), nullptr);
  EXPECT_TRUE(index.RemoveField(Path("k")));
  EXPECT_FALSE(index.RemoveField(Path("k")));
  EXPECT_EQ(index.text_fields().Find(Path("k")), nullptr);
}

TEST(PayloadIndexTest, TakesAFieldThatWasFilledAside) {
  PayloadIndex index = IndexOf("k", {.kind = FieldKind::kText}, {R"({"k":"a b","n":1})"});
  PayloadIndex aside = IndexOf("k", {.kind = FieldKind::kKeyword}, {R"({"k":"a b"})"});
  ASSERT_TRUE(index.TakeField(aside, Path("k")).ok());
  EXPECT_TRUE(aside.fields().empty());
  ASSERT_EQ(index.fields().size(), 1u);
  EXPECT_EQ(index.fields()[0].schema.kind, FieldKind::kKeyword);
  EXPECT_EQ(index.fields()[0].points, 1u);
  EXPECT_EQ(index.text_fields().Find(Path("k")), nullptr);
  PayloadIndex texts = IndexOf("k", {.kind = FieldKind::kText}, {R"({"k":"a b"})"});
  ASSERT_TRUE(index.TakeField(texts, Path("k")).ok());
  EXPECT_NE(index.text_fields().Find(Path("k")), nullptr);
  EXPECT_EQ(texts.text_fields().Find(Path("k")), nullptr);
}

TEST(PayloadIndexTest, RefusesMoreFieldsThanAFileHasSectionsFor) {
  PayloadIndex index;
  for (std::size_t i = 0; i < kPayloadFieldsMax; ++i) {
    ASSERT_TRUE(index.AddField(Path("f" + std::to_string(i)), {}).ok());
  }
  const Result<bool> added = index.AddField(Path("one-more"), {});
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.error().code, ErrorCode::kResourceExhausted);
  const TemporaryFolder folder;
  ASSERT_TRUE(index.Save(folder / "all").ok());
  EXPECT_EQ(PayloadIndex::Load(folder / "all").value().fields().size(), kPayloadFieldsMax);
}

}  // namespace
}  // namespace kith
