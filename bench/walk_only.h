// The fast loop for tuning: an existing kith index against hnswlib's cached curve.
#pragma once

#include <string>

#include "bench/ann_run.h"

namespace kith {

// Loads `index_path`, measures it at params.efs, and prints its curve and its ratios to the
// cached curve of hnswlib for the same base rows, parameters and k.  Unless `skip_drift`, hnswlib
// itself is measured briefly at three settings in turns with kith, and the ratios are corrected
// by how much faster or slower the machine is than when the curve was made.
// Errors: kNotFound without a cached curve (it says how to make one); those of loading.
Status RunWalkOnly(const std::string& index_path, const RunParams& params, const DataSet& data,
                   const IndexCache& cache, bool skip_drift);

}  // namespace kith
