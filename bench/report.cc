#include "bench/report.h"

#include <cstdarg>
#include <cstdio>

#include "bench/json_writer.h"
#include "core/simd_target.h"

namespace kith {
namespace {

__attribute__((format(printf, 1, 2))) std::string Format(const char* format, ...) {
  char text[400];
  va_list values;
  va_start(values, format);
  std::vsnprintf(text, sizeof text, format, values);
  va_end(values);
  return text;
}

const RivalReport* Find(const std::vector<RivalReport>& reports, const std::string& name) {
  for (const RivalReport& report : reports) {
    if (report.name == name) return &report;
  }
  return nullptr;
}

// 0 where there is none: a curve ends below the recall, or the other's speed is a lower bound.
// Where `own` is a lower bound, so is the ratio.
double Ratio(const QpsAtRecall& own, const QpsAtRecall& other) {
  return other.kind == QpsAtRecall::Kind::kInterpolated ? own.qps / other.qps : 0;
}

std::string KindName(QpsAtRecall::Kind kind) {
  switch (kind) {
    case QpsAtRecall::Kind::kInterpolated:
      return "interpolated";
    case QpsAtRecall::Kind::kAtLeast:
      return "at_least";
    case QpsAtRecall::Kind::kNotReached:
      return "not_reached";
  }
  return "";
}

void WriteBuild(JsonWriter& json, const BuildTrial& trial) {
  json.BeginObject();
  json.Key("threads").Number(static_cast<double>(trial.cost.threads));
  json.Key("cpu_seconds").Number(trial.cost.cpu_seconds);
  json.Key("wall_seconds").Number(trial.cost.wall_seconds);
  json.Key("peak_bytes").Number(static_cast<double>(trial.peak_bytes));
  json.Key("index_bytes").Number(static_cast<double>(trial.index_bytes));
  json.Key("stage_cpu_seconds").BeginObject();
  for (const auto& [name, seconds] : trial.cost.stages) json.Key(name).Number(seconds);
  json.EndObject().EndObject();
}

void WriteLoad(JsonWriter& json, const char* key, const std::optional<LoadTrial>& trial) {
  if (!trial) return;
  json.Key(key).BeginObject();
  json.Key("load_ms").Number(trial->load_ms);
  json.Key("first_answer_ms").Number(trial->first_answer_ms);
  json.Key("private_bytes").Number(static_cast<double>(trial->private_bytes));
  json.Key("mapped_bytes").Number(static_cast<double>(trial->mapped_bytes));
  json.EndObject();
}

void WriteCurve(JsonWriter& json, const std::vector<CurvePoint>& curve) {
  json.Key("curve").BeginArray();
  for (const CurvePoint& point : curve) {
    json.BeginObject();
    json.Key("effort").Number(point.setting.effort);
    json.Key("rerank").Number(point.setting.rerank);
    json.Key("recall").Number(point.recall);
    json.Key("qps").Number(point.qps);
    json.Key("wall_qps").Number(point.wall_qps);
    json.Key("p50_us").Number(point.p50_us);
    json.Key("p99_us").Number(point.p99_us);
    json.EndObject();
  }
  json.EndArray();
}

void WriteRival(JsonWriter& json, const RivalReport& report, const RivalReport* reference) {
  json.BeginObject();
  json.Key("name").String(report.name);
  json.Key("parameters").String(report.parameters);
  json.Key("batched").Bool(report.batched);
  json.Key("build_from_cache").Bool(report.from_cache);
  json.Key("builds").BeginArray();
  for (const BuildTrial& trial : report.builds) WriteBuild(json, trial);
  json.EndArray();
  if (report.same_bytes) json.Key("same_bytes").Bool(*report.same_bytes);
  WriteLoad(json, "load_warm", report.load_warm);
  WriteLoad(json, "load_cold", report.load_cold);
  WriteCurve(json, report.curve);

  const auto envelope = UpperEnvelope(report.curve);
  const auto other = reference ? UpperEnvelope(reference->curve) : std::vector<CurvePoint>();
  json.Key("qps_at_recall").BeginArray();
  for (const double recall : kRecalls) {
    const QpsAtRecall own = InterpolateQps(envelope, recall);
    json.BeginObject();
    json.Key("recall").Number(recall).Key("kind").String(KindName(own.kind));
    json.Key("qps").Number(own.qps);
    json.Key("ratio").Number(Ratio(own, InterpolateQps(other, recall)));
    json.EndObject();
  }
  json.EndArray().EndObject();
}

}  // namespace

std::string TextCurve(const std::vector<CurvePoint>& curve) {
  std::string text = "  effort rerank  recall        QPS   wall QPS   p50 us   p99 us\n";
  for (const CurvePoint& point : curve) {
    text += Format("  %6u %6u  %.4f %10.0f %10.0f %8.0f %8.0f\n", point.setting.effort,
                   point.setting.rerank, point.recall, point.qps, point.wall_qps, point.p50_us,
                   point.p99_us);
  }
  return text;
}

std::string TextReport(const std::vector<RivalReport>& reports, const std::string& reference) {
  std::string text;
  for (const RivalReport& report : reports) {
    if (report.curve.empty()) continue;
    text += report.name + " " + report.parameters + "\n" + TextCurve(report.curve);
  }
  text += "\nQPS of one thread (CPU time) at a recall, and x " + reference + "\n" +
          Format("  %-20s", "");
  for (const double recall : kRecalls) text += Format(" %18.3f", recall);
  text += '\n';
  const RivalReport* other = Find(reports, reference);
  for (const RivalReport& report : reports) {
    if (report.curve.empty()) continue;
    text += Format("  %-20s", report.name.c_str());
    for (const double recall : kRecalls) {
      const QpsAtRecall own = InterpolateQps(UpperEnvelope(report.curve), recall);
      const bool bound = own.kind == QpsAtRecall::Kind::kAtLeast;
      const double ratio =
          other ? Ratio(own, InterpolateQps(UpperEnvelope(other->curve), recall)) : 0;
      std::string cell = own.qps > 0 ? Format("%s%.0f", bound ? ">=" : "", own.qps) : "-";
      if (ratio > 0) cell += Format(" (%.2fx)", ratio);
      text += Format(" %18s", cell.c_str());
    }
    text += '\n';
  }
  return text;
}

std::string JsonReport(const RunParams& params, const DataSet& data, const std::string& command,
                       const std::vector<RivalReport>& reports, const std::string& reference) {
  JsonWriter json;
  json.BeginObject();
  json.Key("data").BeginObject();
  json.Key("base").String(data.params.base_path);
  json.Key("rows").Number(static_cast<double>(data.base.rows()));
  json.Key("dim").Number(static_cast<double>(data.base.cols()));
  json.Key("queries").Number(static_cast<double>(data.queries.rows()));
  json.Key("metric").String(MetricName(data.params.metric));
  json.EndObject();
  json.Key("run").BeginObject();
  json.Key("command").String(command);
  json.Key("k").Number(static_cast<double>(params.k));
  json.Key("seconds").Number(params.seconds);
  json.Key("repeats").Number(static_cast<double>(params.repeats));
  json.Key("reference").String(reference);
  json.Key("compiler").String("g++ " __VERSION__);
  json.Key("simd_target").String(SimdTargetName());
  json.EndObject();
  json.Key("rivals").BeginArray();
  const RivalReport* other = Find(reports, reference);
  for (const RivalReport& report : reports) WriteRival(json, report, other);
  json.EndArray().EndObject();
  return json.text() + "\n";
}

}  // namespace kith
