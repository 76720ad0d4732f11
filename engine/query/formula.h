// The score of a point as a formula of the scores it had, of its payload and of conditions.
//
// Qdrant's operations and rules: a payload value that is missing (null, []) is taken from the
// defaults, and there must be one; a value of another kind is an error.  A score that is missing is
// taken from the defaults, else 0.  A product with a factor of 0, and a quotient of 0, are 0
// whatever comes behind; a result that is not finite is an error.  Datetimes count in seconds.
// Computed in doubles.
//
// Plain data and pure functions, thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/json_value.h"
#include "core/result.h"
#include "index/payload/filter.h"
#include "index/payload/geo.h"
#include "index/payload/json_path.h"

namespace kith {

inline constexpr std::size_t kFormulaNodesMax = 4096;
inline constexpr std::size_t kFormulaDepthMax = 32;
inline constexpr std::size_t kFormulaConditionsMax = 64;

struct Expression {
  enum class Kind : std::uint8_t {
    kNumber,       // number
    kScore,        // of prefetch `index`
    kPayload,      // the number at `key`
    kCondition,    // 1 if condition `index` of the formula holds, else 0
    kGeoDistance,  // metres from `origin` to the point at `key`
    kDatetimeKey,  // of the text at `key`
    kMult,
    kSum,
    kNeg,
    kAbs,
    kDiv,  // operands left, right; `by_zero` for a divisor of 0
    kSqrt,
    kPow,  // operands base, exponent
    kExp,
    kLog10,
    kLn,
    // Operands x and, if there is one, target (else 0).  With d = x - target:
    kLinDecay,    // max(0, 1 - (1 - midpoint) |d| / scale)
    kExpDecay,    // midpoint^(|d| / scale)
    kGaussDecay,  // midpoint^((d / scale)^2)
  };
  Kind kind = Kind::kNumber;
  double number = 0;
  std::size_t index = 0;
  JsonPath key;
  GeoPoint origin;
  std::optional<double> by_zero;
  double scale = 1, midpoint = 0.5;  // decays; scale > 0, midpoint in (0, 1), kLinDecay: [0, 1]
  std::vector<Expression> operands;
};

struct Formula {
  Expression root;
  std::vector<Condition> conditions;
  std::map<std::size_t, JsonValue> score_defaults;  // by prefetch
  std::vector<std::pair<JsonPath, JsonValue>> payload_defaults;
};

// What a formula sees of a point.  Borrows.
struct FormulaPoint {
  std::span<const std::optional<float>> scores;  // by prefetch; nothing: not found there
  const JsonValue& payload;
  const std::vector<bool>& conditions;  // as many as the formula has
};

// Errors: kInvalidArgument, naming the value or the operation.
Result<float> EvaluateFormula(const Formula& formula, const FormulaPoint& point);

}  // namespace kith
