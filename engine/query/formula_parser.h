// Formulas out of Qdrant's JSON.
//
//   expression := number | "$score" | "$score[i]" | key | condition (index/payload/filter_parser.h)
//               | {"mult": [expression*]} | {"sum": [expression*]}
//               | {"neg" | "abs" | "sqrt" | "exp" | "log10" | "ln": expression}
//               | {"div": {"left": expression, "right": expression, "by_zero_default": number?}}
//               | {"pow": {"base": expression, "exponent": expression}}
//               | {"geo_distance": {"origin": {"lon": n, "lat": n}, "to": key}}
//               | {"datetime": text} | {"datetime_key": key}
//               | {"lin_decay" | "exp_decay" | "gauss_decay": {"x": expression,
//                  "target": expression?, "scale": number?, "midpoint": number?}}
//   defaults   := {("$score" | "$score[i]" | key): value, ...}
//
// Thread-safe.
#pragma once

#include <string>

#include "core/json_value.h"
#include "core/result.h"
#include "engine/query/formula.h"

namespace kith {

// `defaults` null: none.  Errors: kInvalidArgument, naming the place.
Result<Formula> ParseFormula(const JsonValue& expression, const JsonValue* defaults,
                             const std::string& where);

}  // namespace kith
