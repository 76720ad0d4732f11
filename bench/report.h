// What a run says: a table for people, an object for bench/run.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "bench/ann_run.h"

namespace kith {

// Where curves are compared.
inline constexpr std::array<double, 4> kRecalls = {0.90, 0.95, 0.99, 0.999};

// Each rival's curve, and QPS at the recalls with the ratio to `reference`'s, when it is there.
std::string TextReport(const std::vector<RivalReport>& reports, const std::string& reference);

// {"data": {...}, "run": {...}, "rivals": [...]}; keys in bench/README.md.
std::string JsonReport(const RunParams& params, const DataSet& data, const std::string& command,
                       const std::vector<RivalReport>& reports, const std::string& reference);

// One curve as rows of text: effort, recall, QPS, percentiles.
std::string TextCurve(const std::vector<CurvePoint>& curve);

}  // namespace kith
