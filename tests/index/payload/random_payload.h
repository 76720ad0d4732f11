// Payloads, filters and schemas at random: few values, so that conditions hold often, and every
// kind of wrong one.
#pragma once

#include <string>
#include <vector>

#include "core/json_value.h"
#include "core/random.h"
#include "index/payload/field_schema.h"

namespace kith {

class RandomPayloads {
 public:
  explicit RandomPayloads(std::uint64_t seed) : random_(seed, 0) {}

  std::size_t Below(std::size_t bound) { return random_.Below(bound); }
  bool Chance(std::size_t one_in) { return Below(one_in) == 0; }

  JsonValue Payload() {
    JsonObject payload;
    for (const char* key : kKeys) {
      if (!Chance(6)) payload.Set(key, Field(key));
    }
    if (!Chance(4)) {
      JsonArray elements;
      for (std::size_t i = Below(4); i > 0; --i) {
        if (Chance(8)) {
          elements.push_back(Scalar("k"));
          continue;
        }
        JsonObject element;
        for (const char* key : kKeys) {
          if (Chance(2)) element.Set(key, Field(key));
        }
        elements.push_back(std::move(element));
      }
      payload.Set("a", std::move(elements));
    }
    return payload;
  }

  // A path of a field and the key that says what is there.
  struct Place {
    std::string path, key;
  };
  Place AnyPlace() {
    const std::string key = kKeys[Below(std::size(kKeys))];
    switch (Below(6)) {
      case 0:
        return {"a[]." + key, key};
      case 1:
        return {"a[0]." + key, key};
      default:
        return {key, key};
    }
  }

  JsonValue Filter(std::size_t depth = 0) {
    JsonObject filter;
    for (const char* part : {"must", "should", "must_not"}) {
      if (Chance(2)) filter.Set(part, Conditions(depth, 3));
    }
    if (Chance(5)) {
      JsonObject min_should;
      min_should.Set("conditions", Conditions(depth, 4));
      min_should.Set("min_count", 1 + Below(3));
      filter.Set("min_should", std::move(min_should));
    }
    return filter;
  }

  JsonValue Condition(std::size_t depth) {
    JsonObject condition;
    const std::size_t choice = Below(depth < 3 ? 12 : 10);
    if (choice == 11) return Filter(depth + 1);
    if (choice == 10) {
      JsonObject nested;
      nested.Set("key", Chance(3) ? "a[]" : "a");
      nested.Set("filter", Filter(depth + 1));
      condition.Set("nested", std::move(nested));
    } else if (choice == 9) {
      JsonArray ids;
      for (std::size_t i = Below(40); i > 0; --i) ids.push_back(JsonValue(Below(120)));
      condition.Set("has_id", std::move(ids));
    } else if (choice == 8) {
      condition.Set("has_vector", Chance(2) ? "image" : "text");
    } else {
      const Place place = AnyPlace();
      condition.Set("key", place.path);
      SetTest(place.key, condition);
    }
    return condition;
  }

  // For a path with such a key: usually the kind that fits.
  FieldSchema Schema(const std::string& key) {
    FieldSchema schema;
    const std::string_view all = "knfbtugx";
    const std::size_t fitting = all.find(key);
    constexpr FieldKind kKinds[] = {FieldKind::kKeyword, FieldKind::kInteger,  FieldKind::kFloat,
                                    FieldKind::kBool,    FieldKind::kDatetime, FieldKind::kUuid,
                                    FieldKind::kGeo,     FieldKind::kText};
    schema.kind = kKinds[Chance(4) ? Below(8) : fitting];
    if (schema.kind == FieldKind::kInteger && Chance(3))
      (Chance(2) ? schema.lookup : schema.range) = false;
    if (schema.kind == FieldKind::kText) {
      schema.text.tokenizer = static_cast<Tokenizer>(Below(3));
      schema.text.lowercase = !Chance(3);
      if (Chance(3)) schema.text.min_token_len = 1 + Below(3);
      if (Chance(3)) schema.text.max_token_len = 3 + Below(3);
    }
    return schema;
  }

 private:
  static constexpr const char* kKeys[] = {"k", "n", "f", "b", "t", "u", "g", "x"};

  JsonValue Field(const std::string& key) {
    switch (Below(12)) {
      case 0:
        return JsonValue();
      case 1:
        return JsonArray();
      case 2:
        return Scalar(kKeys[Below(std::size(kKeys))]);  // maybe of the wrong kind
      case 3:
      case 4:
      case 5: {
        JsonArray values;
        for (std::size_t i = 1 + Below(Chance(20) ? 90 : 4); i > 0; --i) {
          if (Chance(8)) {
            values.push_back(Chance(2) ? JsonValue() : JsonValue(JsonArray{Scalar(key)}));
          } else {
            values.push_back(Scalar(Chance(6) ? kKeys[Below(std::size(kKeys))] : key));
          }
        }
        return values;
      }
      default:
        return Scalar(key);
    }
  }

  JsonValue Scalar(const std::string& key) {
    switch (key[0]) {
      case 'k':
        return Word();
      case 'n':
        if (Chance(12)) return JsonValue(~std::uint64_t{0} - Below(2));
        if (Chance(12)) return JsonValue(static_cast<std::int64_t>(1) << 53 | Below(3));
        return static_cast<std::int64_t>(Below(9)) - 4;
      case 'f':
        return Chance(8) ? JsonValue(-0.0) : JsonValue(static_cast<double>(Below(17)) / 4 - 2);
      case 'b':
        return Chance(2);
      case 't':
        return Datetime();
      case 'u':
        return Uuid();
      case 'g':
        return Point(Chance(10));
      default:
        return Text();
    }
  }

  std::string Word() {
    constexpr const char* kWords[] = {"red", "green", "blue", "reddish", "Red", "", "rouge"};
    return kWords[Below(std::size(kWords))];
  }
  std::string Datetime() {
    constexpr const char* kTimes[] = {"2024-02-29",
                                      "2024-02-29T00:00:00Z",
                                      "2024-03-01 12:30",
                                      "2024-02-29T01:00:00+01:00",
                                      "2023-12-31T23:59:60Z",
                                      "2024-03-01T12:30:00.000001Z",
                                      "not a date"};
    return kTimes[Below(std::size(kTimes))];
  }
  std::string Uuid() {
    constexpr const char* kUuids[] = {
        "0f8fad5b-d9cb-469f-a165-70867728950e", "0f8fad5b-d9cb-469f-a165-70867728950f",
        "0F8FAD5B-D9CB-469F-A165-70867728950E", "0f8fad5bd9cb469fa16570867728950e"};
    return kUuids[Below(std::size(kUuids))];
  }
  std::string Text() {
    std::string text;
    for (std::size_t i = Below(5); i > 0; --i) {
      constexpr const char* kWords[] = {
          "The", "quick", "Fox", "fox", "foxes", "caf\xC3\xA9", "\xC3\x89t\xC3\xA9", "a-b", "x"};
      text += kWords[Below(std::size(kWords))];
      text += Chance(4) ? ", " : " ";
    }
    return text;
  }
  JsonValue Point(bool anywhere) {
    JsonObject point;
    point.Set("lon",
              anywhere ? JsonValue(500) : JsonValue(static_cast<double>(Below(73)) * 5 - 180));
    point.Set("lat", static_cast<double>(Below(37)) * 5 - 90);
    return point;
  }

  JsonValue Conditions(std::size_t depth, std::size_t count_max) {
    if (Chance(6)) return Condition(depth);
    JsonArray conditions;
    for (std::size_t i = Below(count_max + 1); i > 0; --i) conditions.push_back(Condition(depth));
    return conditions;
  }

  void SetTest(const std::string& key, JsonObject& condition) {
    switch (Below(8)) {
      case 0:
        condition.Set(Chance(2) ? "is_empty" : "is_null", Chance(2));
        return;
      case 1:
        condition.Set("values_count",
                      Bounds([this] { return JsonValue(Below(Chance(9) ? 99 : 4)); }));
        return;
      default:
        break;
    }
    JsonObject match;
    switch (key[0]) {
      case 'n':
      case 'f':
        if (Chance(2)) {
          condition.Set("range", Bounds([this] { return Scalar(Chance(2) ? "n" : "f"); }));
          return;
        }
        if (Chance(2)) {
          match.Set("value", static_cast<std::int64_t>(Below(9)) - 4);
        } else {
          match.Set(Chance(2) ? "any" : "except", List("n"));
        }
        break;
      case 'b':
        match.Set("value", Chance(2));
        break;
      case 't':
        condition.Set("range", Bounds([this] {
                        std::string time;
                        do time = Datetime();
                        while (time[0] == 'n');
                        return JsonValue(time);
                      }));
        return;
      case 'g':
        SetRegion(condition);
        return;
      case 'x':
        match.Set(std::vector<const char*>{"text", "text_any", "phrase"}[Below(3)], Text());
        break;
      default:
        if (Chance(5)) {
          match.Set("prefix", std::string(Word()).substr(0, Below(4)));
        } else if (Chance(2)) {
          match.Set("value", Scalar(key));
        } else {
          match.Set(Chance(2) ? "any" : "except", List(key));
        }
    }
    condition.Set("match", std::move(match));
  }

  JsonValue List(const std::string& key) {
    JsonArray list;
    for (std::size_t i = Below(4); i > 0; --i) {
      JsonValue value = Scalar(key);
      if (value.is_string() || value.AsInt64()) list.push_back(std::move(value));
    }
    return list;
  }

  template <typename Make>
  JsonValue Bounds(Make make) {
    JsonObject bounds;
    for (const char* key : {"lt", "gt", "lte", "gte"}) {
      if (Chance(3)) bounds.Set(key, make());
    }
    return bounds;
  }

  void SetRegion(JsonObject& condition) {
    JsonObject region;
    switch (Below(3)) {
      case 0:
        region.Set("top_left", Point(false));
        region.Set("bottom_right", Point(false));
        condition.Set("geo_bounding_box", std::move(region));
        return;
      case 1:
        region.Set("center", Point(false));
        region.Set("radius", static_cast<double>(Below(12'000'000)));
        condition.Set("geo_radius", std::move(region));
        return;
      default:
        region.Set("exterior", Ring());
        if (Chance(2)) region.Set("interiors", JsonArray{Ring()});
        condition.Set("geo_polygon", std::move(region));
    }
  }
  JsonValue Ring() {
    JsonArray points;
    for (std::size_t i = 3 + Below(3); i > 0; --i) points.push_back(Point(false));
    points.push_back(points[0]);
    JsonObject ring;
    ring.Set("points", std::move(points));
    return ring;
  }

  RandomStream random_;
};

}  // namespace kith
