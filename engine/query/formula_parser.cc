#include "engine/query/formula_parser.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "engine/query/request_values.h"
#include "index/payload/datetime.h"
#include "index/payload/json_fields.h"

namespace kith {
namespace {

using Kind = Expression::Kind;

constexpr std::size_t kScoresMax = 1 << 16;
constexpr double kMicrosecondsPerSecond = 1e6;

constexpr std::pair<const char*, Kind> kUnary[] = {{"neg", Kind::kNeg},     {"abs", Kind::kAbs},
                                                   {"sqrt", Kind::kSqrt},   {"exp", Kind::kExp},
                                                   {"log10", Kind::kLog10}, {"ln", Kind::kLn}};
constexpr std::pair<const char*, Kind> kLists[] = {{"mult", Kind::kMult}, {"sum", Kind::kSum}};
constexpr std::pair<const char*, Kind> kDecays[] = {{"lin_decay", Kind::kLinDecay},
                                                    {"exp_decay", Kind::kExpDecay},
                                                    {"gauss_decay", Kind::kGaussDecay}};
// Keys that only a condition has.
constexpr const char* kConditionKeys[] = {"key",      "has_id",    "has_vector", "nested",
                                          "is_empty", "is_null",   "must",       "should",
                                          "must_not", "min_should"};

// The prefetch of "$score" or "$score[i]".
Result<std::size_t> ScoreIndex(std::string_view text, const std::string& where) {
  constexpr std::string_view kScore = "$score";
  if (text == kScore) return std::size_t{0};
  std::size_t index = 0;
  if (text.starts_with("$score[") && text.ends_with(']')) {
    const char* begin = text.data() + kScore.size() + 1;
    const char* end = text.data() + text.size() - 1;
    const auto parsed = std::from_chars(begin, end, index);
    if (parsed.ec == std::errc() && parsed.ptr == end && begin != end && index < kScoresMax) {
      return index;
    }
  }
  return InvalidAt(where, "unknown variable '" + std::string(text.substr(0, 64)) +
                              "', expected $score, $score[i] or a key of the payload");
}

class FormulaParser {
 public:
  Result<Expression> Parse(const JsonValue& json, const std::string& where) {
    if (depth_ == kFormulaDepthMax) {
      return InvalidAt(where, "more than " + std::to_string(kFormulaDepthMax) +
                                  " expressions inside one another");
    }
    if (++nodes_ > kFormulaNodesMax) {
      return InvalidAt(
          where, "a formula has at most " + std::to_string(kFormulaNodesMax) + " expressions");
    }
    ++depth_;
    Expression expression = TRY(ParseOne(json, where));
    --depth_;
    return expression;
  }

  std::vector<Condition> TakeConditions() { return std::move(conditions_); }

 private:
  Result<Expression> ParseOne(const JsonValue& json, const std::string& where) {
    Expression expression;
    if (const std::optional<double> number = json.AsDouble()) {
      expression.number = *number;
      return expression;
    }
    if (json.is_string()) {
      if (json.string().starts_with('$')) {
        expression.kind = Kind::kScore;
        expression.index = TRY(ScoreIndex(json.string(), where));
        return expression;
      }
      expression.kind = Kind::kPayload;
      expression.key = TRY(PathAt(json, where));
      return expression;
    }
    if (!json.is_object()) return WrongKind(where, "a number, a string or an object", json);
    const bool is_condition =
        std::any_of(std::begin(kConditionKeys), std::end(kConditionKeys),
                    [&](const char* key) { return json.object().Find(key) != nullptr; });
    return is_condition ? ParseCondition(json, where) : ParseOperation(json, where);
  }

  Result<Expression> ParseCondition(const JsonValue& json, const std::string& where) {
    if (conditions_.size() == kFormulaConditionsMax) {
      return InvalidAt(
          where, "a formula has at most " + std::to_string(kFormulaConditionsMax) + " conditions");
    }
    JsonObject filter;
    filter.Set("must", json);
    Filter parsed = TRY(FilterAt(JsonValue(std::move(filter)), where));
    Expression expression;
    expression.kind = Kind::kCondition;
    expression.index = conditions_.size();
    conditions_.push_back({std::move(parsed)});
    return expression;
  }

  Result<Expression> ParseOperation(const JsonValue& json, const std::string& where) {
    JsonFields fields = TRY(JsonFields::Of(json, where));
    Expression expression;
    std::size_t found = 0;
    for (const auto& [key, kind] : kLists) {
      if (const JsonValue* list = fields.Take(key)) {
        expression = TRY(ParseList(kind, *list, fields.Where(key)));
        ++found;
      }
    }
    for (const auto& [key, kind] : kUnary) {
      if (const JsonValue* operand = fields.Take(key)) {
        expression.kind = kind;
        expression.operands.clear();
        Expression parsed = TRY(Parse(*operand, fields.Where(key)));
        expression.operands.push_back(std::move(parsed));
        ++found;
      }
    }
    for (const auto& [key, kind] : kDecays) {
      if (const JsonValue* decay = fields.Take(key)) {
        expression = TRY(ParseDecay(kind, *decay, fields.Where(key)));
        ++found;
      }
    }
    for (const auto& [key, parse] : kOthers) {
      if (const JsonValue* other = fields.Take(key)) {
        expression = TRY((this->*parse)(*other, fields.Where(key)));
        ++found;
      }
    }
    TRY(fields.Done());
    if (found == 1) return expression;
    return InvalidAt(where, "expected one operation, found " + std::to_string(found));
  }

  Result<Expression> ParseList(Kind kind, const JsonValue& json, const std::string& where) {
    if (!json.is_array()) return WrongKind(where, "an array of expressions", json);
    Expression expression;
    expression.kind = kind;
    for (std::size_t i = 0; i < json.array().size(); ++i) {
      Expression operand = TRY(Parse(json.array()[i], ElementAt(where, i)));
      expression.operands.push_back(std::move(operand));
    }
    return expression;
  }

  Result<Expression> ParseDecay(Kind kind, const JsonValue& json, const std::string& where) {
    JsonFields fields = TRY(JsonFields::Of(json, where));
    const JsonValue* x = TRY(fields.Need("x"));
    const JsonValue* target = fields.Take("target");
    const JsonValue* scale = fields.Take("scale");
    const JsonValue* midpoint = fields.Take("midpoint");
    TRY(fields.Done());
    Expression expression;
    expression.kind = kind;
    Expression operand = TRY(Parse(*x, fields.Where("x")));
    expression.operands.push_back(std::move(operand));
    if (target != nullptr) {
      operand = TRY(Parse(*target, fields.Where("target")));
      expression.operands.push_back(std::move(operand));
    }
    if (scale != nullptr) expression.scale = TRY(NumberAt(*scale, fields.Where("scale")));
    if (midpoint != nullptr) {
      expression.midpoint = TRY(NumberAt(*midpoint, fields.Where("midpoint")));
    }
    if (!(expression.scale > 0)) {
      return InvalidAt(fields.Where("scale"), "expected a number above 0");
    }
    const bool linear = kind == Kind::kLinDecay;
    const double m = expression.midpoint;
    if (linear ? m >= 0 && m <= 1 : m > 0 && m < 1) return expression;
    return InvalidAt(fields.Where("midpoint"), linear ? "expected a number from 0 to 1"
                                                      : "expected a number above 0 and below 1");
  }

  Result<Expression> ParseTwo(Kind kind, const JsonValue& first, const std::string& first_where,
                              const JsonValue& second, const std::string& second_where) {
    Expression expression;
    expression.kind = kind;
    Expression operand = TRY(Parse(first, first_where));
    expression.operands.push_back(std::move(operand));
    operand = TRY(Parse(second, second_where));
    expression.operands.push_back(std::move(operand));
    return expression;
  }

  Result<Expression> ParseDiv(const JsonValue& json, const std::string& where) {
    JsonFields fields = TRY(JsonFields::Of(json, where));
    const JsonValue* left = TRY(fields.Need("left"));
    const JsonValue* right = TRY(fields.Need("right"));
    const JsonValue* by_zero = fields.Take("by_zero_default");
    TRY(fields.Done());
    Expression expression =
        TRY(ParseTwo(Kind::kDiv, *left, fields.Where("left"), *right, fields.Where("right")));
    if (by_zero != nullptr) {
      expression.by_zero = TRY(NumberAt(*by_zero, fields.Where("by_zero_default")));
    }
    return expression;
  }

  Result<Expression> ParsePow(const JsonValue& json, const std::string& where) {
    JsonFields fields = TRY(JsonFields::Of(json, where));
    const JsonValue* base = TRY(fields.Need("base"));
    const JsonValue* exponent = TRY(fields.Need("exponent"));
    TRY(fields.Done());
    return ParseTwo(Kind::kPow, *base, fields.Where("base"), *exponent, fields.Where("exponent"));
  }

  Result<Expression> ParseGeoDistance(const JsonValue& json, const std::string& where) {
    JsonFields fields = TRY(JsonFields::Of(json, where));
    const JsonValue* origin = TRY(fields.Need("origin"));
    const JsonValue* to = TRY(fields.Need("to"));
    TRY(fields.Done());
    Expression expression;
    expression.kind = Kind::kGeoDistance;
    expression.key = TRY(PathAt(*to, fields.Where("to")));
    const std::optional<GeoPoint> point = GeoPointOf(*origin);
    if (!point || !IsOnEarth(*point)) {
      return InvalidAt(fields.Where("origin"),
                       "expected lon from -180 to 180 and lat from -90 to 90");
    }
    expression.origin = *point;
    return expression;
  }

  Result<Expression> ParseDatetimeText(const JsonValue& json, const std::string& where) {
    const std::string text = TRY(StringAt(json, where));
    const std::optional<std::int64_t> time = ParseDatetime(text);
    if (!time) return InvalidAt(where, "'" + text.substr(0, 64) + "' is no datetime");
    Expression expression;
    expression.number = static_cast<double>(*time) / kMicrosecondsPerSecond;
    return expression;
  }

  Result<Expression> ParseDatetimeKey(const JsonValue& json, const std::string& where) {
    Expression expression;
    expression.kind = Kind::kDatetimeKey;
    expression.key = TRY(PathAt(json, where));
    return expression;
  }

  using Parser = Result<Expression> (FormulaParser::*)(const JsonValue&, const std::string&);
  static constexpr std::pair<const char*, Parser> kOthers[] = {
      {"div", &FormulaParser::ParseDiv},
      {"pow", &FormulaParser::ParsePow},
      {"geo_distance", &FormulaParser::ParseGeoDistance},
      {"datetime", &FormulaParser::ParseDatetimeText},
      {"datetime_key", &FormulaParser::ParseDatetimeKey}};

  std::vector<Condition> conditions_;
  std::size_t nodes_ = 0, depth_ = 0;
};

}  // namespace

Result<Formula> ParseFormula(const JsonValue& expression, const JsonValue* defaults,
                             const std::string& where) {
  FormulaParser parser;
  Formula formula;
  formula.root = TRY(parser.Parse(expression, where + ".formula"));
  formula.conditions = parser.TakeConditions();
  if (defaults == nullptr) return formula;
  const std::string at = where + ".defaults";
  if (!defaults->is_object()) return WrongKind(at, "an object", *defaults);
  if (defaults->object().size() > kFormulaNodesMax) {
    return InvalidAt(at, "expected at most " + std::to_string(kFormulaNodesMax) + " values");
  }
  for (const JsonMember& member : defaults->object()) {
    if (member.key.starts_with('$')) {
      const std::size_t index = TRY(ScoreIndex(member.key, at));
      formula.score_defaults[index] = member.value;
    } else {
      JsonPath path = TRY(PathAt(JsonValue(member.key), at));
      formula.payload_defaults.emplace_back(std::move(path), member.value);
    }
  }
  return formula;
}

}  // namespace kith
