#include "index/payload/filter_match.h"

#include <algorithm>
#include <cassert>

#include "index/payload/datetime.h"

namespace kith {
namespace {

using Values = std::vector<const JsonValue*>;

bool Holds(const MatchValue& test, const JsonValue& element) {
  if (const auto* text = std::get_if<std::string>(&test.value)) {
    return element.is_string() && element.string() == *text;
  }
  if (const auto* integer = std::get_if<std::int64_t>(&test.value)) {
    return element.AsInt64() == *integer;
  }
  return element.is_bool() && element.boolean() == *std::get_if<bool>(&test.value);
}

bool Holds(const MatchAny& test, const JsonValue& element) {
  bool listed = false;
  if (element.is_string()) {
    listed = std::binary_search(test.strings.begin(), test.strings.end(), element.string());
  } else if (const std::optional<std::int64_t> integer = element.AsInt64()) {
    listed = std::binary_search(test.integers.begin(), test.integers.end(), *integer);
  }
  return test.except ? !listed && !element.is_null() : listed;
}

bool HoldsSubstring(const MatchText& test, std::string_view text) {
  if (test.mode != MatchText::Mode::kAny) return text.find(test.text) != std::string_view::npos;
  constexpr std::string_view kBlanks = " \t\n\v\f\r";
  std::string_view left = test.text;
  while (true) {
    const std::size_t begin = left.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return false;
    left.remove_prefix(begin);
    const std::string_view word = left.substr(0, left.find_first_of(kBlanks));
    if (text.find(word) != std::string_view::npos) return true;
    left.remove_prefix(word.size());
  }
}

bool Holds(const MatchText& test, const TextParams* params, const JsonValue& element) {
  if (!element.is_string()) return false;
  if (params == nullptr) return HoldsSubstring(test, element.string());
  return TokensMatch<std::string>(test.mode, TokenizeQuery(test.text, *params),
                                  TokenizeDocument(element.string(), *params));
}

bool Holds(const NumberRange& test, const JsonValue& element) {
  const std::optional<double> number = element.AsDouble();
  return number && test.Hold(*number);
}

bool Holds(const DatetimeRange& test, const JsonValue& element) {
  if (!element.is_string()) return false;
  const std::optional<std::int64_t> time = ParseDatetime(element.string());
  return time && test.Hold(*time);
}

template <typename Region>
bool HoldsRegion(const Region& region, const JsonValue& element) {
  const std::optional<GeoPoint> point = GeoPointOf(element);
  return point && Contains(region, *point);
}

bool IsEmptyValue(const JsonValue& value) {
  return value.is_null() || (value.is_array() && value.array().empty());
}

bool HasNull(const JsonValue& value) {
  if (!value.is_array()) return value.is_null();
  return std::any_of(value.array().begin(), value.array().end(),
                     [](const JsonValue& element) { return element.is_null(); });
}

std::uint64_t CountOf(const JsonValue& value) {
  if (value.is_array()) return value.array().size();
  return value.is_null() ? 0 : 1;
}

template <typename Predicate>
bool Any(const Values& values, Predicate predicate) {
  return std::any_of(values.begin(), values.end(),
                     [&](const JsonValue* value) { return predicate(*value); });
}

// A filter below a path: the objects that a nested condition goes through are the payloads of its
// filter, but text indexes are named by whole paths.
class Matcher {
 public:
  Matcher(const FilterSubject& subject, const JsonPath& above, const JsonValue& payload)
      : subject_(subject), above_(above), payload_(payload) {}

  bool Holds(const Filter& filter) const {
    const auto holds = [this](const Condition& condition) { return Holds(condition); };
    const auto& [must, should, must_not, min_should, source] = filter;
    if (!std::all_of(must.begin(), must.end(), holds)) return false;
    if (!should.empty() && std::none_of(should.begin(), should.end(), holds)) return false;
    if (std::any_of(must_not.begin(), must_not.end(), holds)) return false;
    if (!min_should) return true;
    std::size_t missing = min_should->min_count;
    for (auto at = min_should->conditions.begin();
         at != min_should->conditions.end() && missing > 0; ++at) {
      if (Holds(*at)) --missing;
    }
    return missing == 0;
  }

 private:
  bool Holds(const Condition& condition) const {
    return std::visit([this](const auto& test) { return HoldsTest(test); }, condition.test);
  }

  bool HoldsTest(const Filter& filter) const { return Holds(filter); }

  bool HoldsTest(const HasId& test) const {
    return above_.empty() && std::binary_search(test.ids.begin(), test.ids.end(), subject_.id);
  }

  bool HoldsTest(const HasVector& test) const {
    return above_.empty() && subject_.has_vector != nullptr && (*subject_.has_vector)(test.name);
  }

  bool HoldsTest(const Nested& nested) const {
    Values elements;
    const JsonPath key = nested.key.Elements();
    key.Collect(payload_, elements);
    const JsonPath above = above_.Join(key);
    return Any(elements, [&](const JsonValue& element) {
      return element.is_object() && Matcher(subject_, above, element).Holds(nested.filter);
    });
  }

  bool HoldsTest(const FieldCondition& field) const {
    Values values;
    field.key.Collect(payload_, values);
    if (const auto* test = std::get_if<IsEmpty>(&field.test)) {
      const bool filled = Any(values, [](const JsonValue& value) { return !IsEmptyValue(value); });
      return filled != test->expected;
    }
    if (const auto* test = std::get_if<IsNull>(&field.test)) {
      return Any(values, HasNull) == test->expected;
    }
    if (const auto* test = std::get_if<ValuesCount>(&field.test)) {
      return Any(values, [&](const JsonValue& value) { return test->Hold(CountOf(value)); });
    }
    const TextParams* params = nullptr;
    if (std::holds_alternative<MatchText>(field.test) && subject_.text_fields != nullptr) {
      params = subject_.text_fields->Find(above_.Join(field.key));
    }
    return Any(values, [&](const JsonValue& value) {
      if (!value.is_array()) return MatchesElement(field.test, params, value);
      return std::any_of(value.array().begin(), value.array().end(), [&](const JsonValue& element) {
        return MatchesElement(field.test, params, element);
      });
    });
  }

  const FilterSubject& subject_;
  const JsonPath& above_;
  const JsonValue& payload_;
};

}  // namespace

bool MatchesElement(const FieldTest& test, const TextParams* text_params,
                    const JsonValue& element) {
  return std::visit(
      [&](const auto& one) {
        using Test = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<Test, MatchText>) {
          return Holds(one, text_params, element);
        } else if constexpr (std::is_same_v<Test, MatchPrefix>) {
          return element.is_string() && element.string().starts_with(one.prefix);
        } else if constexpr (std::is_same_v<Test, GeoBox> || std::is_same_v<Test, GeoRadius> ||
                             std::is_same_v<Test, GeoPolygon>) {
          return HoldsRegion(one, element);
        } else if constexpr (std::is_same_v<Test, ValuesCount> || std::is_same_v<Test, IsEmpty> ||
                             std::is_same_v<Test, IsNull>) {
          assert(false && "a test of whole values");
          return false;
        } else {
          return Holds(one, element);
        }
      },
      test);
}

bool Matches(const Filter& filter, const FilterSubject& subject) {
  const JsonPath above;
  return Matcher(subject, above, subject.payload).Holds(filter);
}

}  // namespace kith
