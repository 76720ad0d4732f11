#include "bench/walk_only.h"

#include <cstdio>

#include "bench/report.h"

namespace kith {
namespace {

// Three settings of the cached curve: those next above these recalls.
std::vector<Setting> DriftSettings(const std::vector<CurvePoint>& curve) {
  std::vector<Setting> settings;
  for (const double recall : {0.90, 0.95, 0.99}) {
    for (const CurvePoint& point : curve) {
      if (point.recall < recall) continue;
      if (settings.empty() || settings.back().effort != point.setting.effort) {
        settings.push_back(point.setting);
      }
      break;
    }
  }
  return settings;
}

// Median of (QPS measured / QPS cached) over the settings.
double Drift(const std::vector<CurvePoint>& measured, const std::vector<CurvePoint>& cached) {
  std::vector<double> ratios;
  for (const CurvePoint& point : measured) {
    for (const CurvePoint& before : cached) {
      if (before.setting.effort == point.setting.effort) ratios.push_back(point.qps / before.qps);
    }
  }
  return ratios.empty() ? 1 : Median(ratios);
}

}  // namespace

Status RunWalkOnly(const std::string& index_path, const RunParams& params, const DataSet& data,
                   const IndexCache& cache, bool skip_drift) {
  const auto kith = TRY(NewRival("kith", params.options));
  const auto hnswlib = TRY(NewRival("hnswlib", params.options));
  const Result<std::vector<CurvePoint>> cached = cache.CachedCurve(*hnswlib, data.key, params.k);
  if (!cached.ok()) {
    return Error{cached.error().code, cached.error().message +
                                          "; make it by a run with --rivals hnswlib on this data "
                                          "and the same --cache and --k"};
  }
  TRY(kith->Load(index_path, data.base.cols(), data.params.metric));
  std::vector<Rival*> rivals = {kith.get()};
  std::vector<std::vector<Setting>> settings = {kith->Settings(params.efs)};
  if (!skip_drift) {
    TRY(hnswlib->Load(cache.IndexPath(*hnswlib, data.key), data.base.cols(), data.params.metric));
    rivals.push_back(hnswlib.get());
    settings.push_back(DriftSettings(cached.value()));
  }
  TRY(PinToProcessor(params.processor));
  const auto curves = TRY(Sweep(rivals, settings, data, params.k, params.seconds, params.repeats));
  const double drift = skip_drift ? 1 : Drift(curves[1], cached.value());

  RivalReport own, other;
  own.name = "kith";
  own.parameters = index_path;
  own.curve = curves[0];
  other.name = "hnswlib";
  other.parameters = "(cached curve x " + std::to_string(drift) + ", the machine's drift since)";
  other.curve = cached.value();
  for (CurvePoint& point : other.curve) point.qps *= drift;
  std::printf("%s", TextReport({other, own}, "hnswlib").c_str());
  return {};
}

}  // namespace kith
