// Indexes and curves kept between runs, since a rival's build takes minutes.
//
// A folder with, for each (rival, its parameters, data set):
//
//   NAME.index      what the rival wrote
//   NAME.build      text: one line "wall_s cpu_s threads peak_bytes index_bytes", then one line
//                   a stage "name<tab>cpu_s"
//   NAME.kK.curve   text: one line a point "effort rerank recall qps wall_qps p50_us p99_us"
//
// NAME holds everything that the bytes depend on but the rival's own version, so kith, which
// changes daily, is rebuilt each run.  Thread-compatible.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bench/curve.h"
#include "bench/measure.h"
#include "bench/rival.h"
#include "core/result.h"

namespace kith {

class IndexCache {
 public:
  // Makes the folder when it is absent.
  static Result<IndexCache> Open(const std::string& folder);

  std::string IndexPath(const Rival& rival, const std::string& data_key) const;

  // What building cost when the cached index was built; kNotFound when there is none.
  Result<BuildTrial> CachedBuild(const Rival& rival, const std::string& data_key) const;
  Status KeepBuild(const Rival& rival, const std::string& data_key, const BuildTrial& trial) const;

  Result<std::vector<CurvePoint>> CachedCurve(const Rival& rival, const std::string& data_key,
                                              std::size_t k) const;
  // Points of other settings that were kept before stay.
  Status KeepCurve(const Rival& rival, const std::string& data_key, std::size_t k,
                   const std::vector<CurvePoint>& curve) const;

 private:
  explicit IndexCache(std::string folder) : folder_(std::move(folder)) {}
  std::string folder_;
};

}  // namespace kith
