#include "engine/query/formula.h"

#include <cassert>
#include <cmath>

#include "index/payload/datetime.h"

namespace kith {
namespace {

constexpr double kMicrosecondsPerSecond = 1e6;

using Kind = Expression::Kind;

Error Invalid(std::string message) {
  return Error{ErrorCode::kInvalidArgument, "formula: " + std::move(message)};
}

Result<double> Finite(double value, const char* operation) {
  if (std::isfinite(value)) return value;
  return Invalid(std::string("the result of '") + operation + "' is not a finite number");
}

class Evaluation {
 public:
  Evaluation(const Formula& formula, const FormulaPoint& point)
      : formula_(formula), point_(point) {}

  Result<double> Of(const Expression& e) const {
    switch (e.kind) {
      case Kind::kNumber:
        return e.number;
      case Kind::kScore:
        return ScoreOf(e.index);
      case Kind::kCondition:
        assert(e.index < point_.conditions.size());
        return point_.conditions[e.index] ? 1.0 : 0.0;
      case Kind::kPayload:
      case Kind::kGeoDistance:
      case Kind::kDatetimeKey:
        return PayloadOf(e);
      case Kind::kMult:
      case Kind::kSum:
        return Folded(e);
      case Kind::kDiv:
        return Quotient(e);
      case Kind::kPow: {
        const double base = TRY(Of(e.operands[0])), exponent = TRY(Of(e.operands[1]));
        return Finite(std::pow(base, exponent), "pow");
      }
      case Kind::kLinDecay:
      case Kind::kExpDecay:
      case Kind::kGaussDecay:
        return Decay(e);
      default:
        return OfOne(e.kind, TRY(Of(e.operands[0])));
    }
  }

 private:
  static Result<double> OfOne(Kind kind, double x) {
    switch (kind) {
      case Kind::kNeg:
        return -x;
      case Kind::kAbs:
        return std::abs(x);
      case Kind::kSqrt:
        return Finite(std::sqrt(x), "sqrt");
      case Kind::kExp:
        return Finite(std::exp(x), "exp");
      case Kind::kLog10:
        return Finite(std::log10(x), "log10");
      default:
        assert(kind == Kind::kLn);
        return Finite(std::log(x), "ln");
    }
  }

  double ScoreOf(std::size_t prefetch) const {
    if (prefetch < point_.scores.size() && point_.scores[prefetch]) {
      return *point_.scores[prefetch];
    }
    const auto given = formula_.score_defaults.find(prefetch);
    return given == formula_.score_defaults.end() ? 0 : given->second.AsDouble().value_or(0);
  }

  // An array of one counts as its element.
  const JsonValue* ValueAt(const JsonPath& key) const {
    std::vector<const JsonValue*> values;
    key.Collect(point_.payload, values);
    const JsonValue* value = values.empty() ? nullptr : values[0];
    if (value != nullptr && value->is_array() && value->array().size() <= 1) {
      value = value->array().empty() ? nullptr : &value->array()[0];
    }
    if (value != nullptr && !value->is_null()) return value;
    for (const auto& [path, given] : formula_.payload_defaults) {
      if (path == key) return &given;
    }
    return nullptr;
  }

  Result<double> PayloadOf(const Expression& e) const {
    const JsonValue* value = ValueAt(e.key);
    const char* expected = "a number";
    if (e.kind == Kind::kPayload) {
      const std::optional<double> number = value != nullptr ? value->AsDouble() : std::nullopt;
      if (number) return *number;
    } else if (e.kind == Kind::kGeoDistance) {
      expected = "a geo point";
      const std::optional<GeoPoint> to = value != nullptr ? GeoPointOf(*value) : std::nullopt;
      if (to) return HaversineM(e.origin, *to);
    } else {
      expected = "a datetime";
      if (value != nullptr && value->is_string()) {
        const std::optional<std::int64_t> time = ParseDatetime(value->string());
        if (time) return static_cast<double>(*time) / kMicrosecondsPerSecond;
      }
    }
    return Invalid("expected " + std::string(expected) + " at '" + e.key.ToString() + "', found " +
                   (value == nullptr ? std::string("none in the payload nor in the defaults")
                                     : std::string(JsonKindName(*value))));
  }

  Result<double> Folded(const Expression& e) const {
    double result = e.kind == Kind::kMult ? 1 : 0;
    for (const Expression& operand : e.operands) {
      const double value = TRY(Of(operand));
      if (e.kind == Kind::kSum) {
        result += value;
        continue;
      }
      if (value == 0) return 0.0;
      result *= value;
    }
    return result;
  }

  Result<double> Quotient(const Expression& e) const {
    const double left = TRY(Of(e.operands[0]));
    if (left == 0) return 0.0;
    const double right = TRY(Of(e.operands[1]));
    if (right == 0 && e.by_zero) return *e.by_zero;
    return Finite(left / right, "div");
  }

  Result<double> Decay(const Expression& e) const {
    const double x = TRY(Of(e.operands[0]));
    const double target = e.operands.size() > 1 ? TRY(Of(e.operands[1])) : 0;
    const double distance = std::abs(x - target) / e.scale;
    if (e.kind == Kind::kLinDecay) return std::max(0.0, 1 - (1 - e.midpoint) * distance);
    return std::pow(e.midpoint, e.kind == Kind::kExpDecay ? distance : distance * distance);
  }

  const Formula& formula_;
  const FormulaPoint& point_;
};

}  // namespace

Result<float> EvaluateFormula(const Formula& formula, const FormulaPoint& point) {
  const double score = TRY(Evaluation(formula, point).Of(formula.root));
  const float rounded = static_cast<float>(score);
  if (std::isfinite(rounded)) return rounded;
  return Invalid("the score is not a finite number");
}

}  // namespace kith
