#include "bench/index_cache.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "core/file.h"

namespace kith {
namespace {

constexpr std::uint64_t kTextBytesMax = std::uint64_t{1} << 20;

Status Write(const std::string& path, const std::string& text) {
  OutputFile file = TRY(OutputFile::Create(path, OutputFile::IfExists::kReplace));
  TRY(file.Append(text));
  return file.Commit();
}

Error BadLine(const std::string& path, const std::string& line) {
  return {ErrorCode::kCorruption, path + ": unexpected line \"" + line + "\"; remove the file"};
}

std::string Stem(const std::string& folder, std::string name, const Rival& rival,
                 const std::string& data_key) {
  std::replace(name.begin(), name.end(), ':', '-');
  return folder + "/" + name + "-" + rival.parameters() + "-" + data_key;
}

// Beside the index it is about.
std::string BuildPath(const std::string& index_path) {
  return std::filesystem::path(index_path).replace_extension(".build").string();
}

std::string CurvePath(const std::string& folder, const Rival& rival, const std::string& data_key,
                      std::size_t k) {
  return Stem(folder, rival.name(), rival, data_key) + ".k" + std::to_string(k) + ".curve";
}

}  // namespace

Result<IndexCache> IndexCache::Open(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Error{ErrorCode::kIoError, folder + ": " + error.message()};
  return IndexCache(folder);
}

std::string IndexCache::IndexPath(const Rival& rival, const std::string& data_key) const {
  return Stem(folder_, rival.index_name(), rival, data_key) + ".index";
}

Result<BuildTrial> IndexCache::CachedBuild(const Rival& rival, const std::string& data_key) const {
  const std::string index_path = IndexPath(rival, data_key), path = BuildPath(index_path);
  if (!std::filesystem::exists(index_path)) {
    return Error{ErrorCode::kNotFound, index_path + " is not in the cache"};
  }
  std::istringstream lines(TRY(ReadTextFile(path, kTextBytesMax)));
  std::string line;
  std::getline(lines, line);
  BuildTrial trial;
  std::istringstream fields(line);
  fields >> trial.cost.wall_seconds >> trial.cost.cpu_seconds >> trial.cost.threads >>
      trial.peak_bytes >> trial.index_bytes;
  if (!fields) return BadLine(path, line);
  while (std::getline(lines, line)) {
    const std::size_t tab = line.find('\t');
    double seconds = 0;
    if (tab == std::string::npos || !(std::istringstream(line.substr(tab)) >> seconds)) {
      return BadLine(path, line);
    }
    trial.cost.stages.emplace_back(line.substr(0, tab), seconds);
  }
  return trial;
}

Status IndexCache::KeepBuild(const Rival& rival, const std::string& data_key,
                             const BuildTrial& trial) const {
  std::ostringstream text;
  text << trial.cost.wall_seconds << ' ' << trial.cost.cpu_seconds << ' ' << trial.cost.threads
       << ' ' << trial.peak_bytes << ' ' << trial.index_bytes << '\n';
  for (const auto& [name, seconds] : trial.cost.stages) text << name << '\t' << seconds << '\n';
  return Write(BuildPath(IndexPath(rival, data_key)), text.str());
}

Result<std::vector<CurvePoint>> IndexCache::CachedCurve(const Rival& rival,
                                                        const std::string& data_key,
                                                        std::size_t k) const {
  const std::string path = CurvePath(folder_, rival, data_key, k);
  std::istringstream lines(TRY(ReadTextFile(path, kTextBytesMax)));
  std::vector<CurvePoint> curve;
  for (std::string line; std::getline(lines, line);) {
    CurvePoint point;
    std::istringstream fields(line);
    fields >> point.setting.effort >> point.setting.rerank >> point.recall >> point.qps >>
        point.wall_qps >> point.p50_us >> point.p99_us;
    if (!fields) return BadLine(path, line);
    curve.push_back(point);
  }
  return curve;
}

Status IndexCache::KeepCurve(const Rival& rival, const std::string& data_key, std::size_t k,
                             const std::vector<CurvePoint>& curve) const {
  std::map<std::pair<std::uint32_t, std::uint32_t>, CurvePoint> points;
  const auto keep = [&](const CurvePoint& point) {
    points[{point.setting.rerank, point.setting.effort}] = point;
  };
  if (const auto before = CachedCurve(rival, data_key, k); before.ok()) {
    std::for_each(before.value().begin(), before.value().end(), keep);
  }
  std::for_each(curve.begin(), curve.end(), keep);

  std::ostringstream text;
  text.precision(9);
  for (const auto& [setting, point] : points) {
    text << point.setting.effort << ' ' << point.setting.rerank << ' ' << point.recall << ' '
         << point.qps << ' ' << point.wall_qps << ' ' << point.p50_us << ' ' << point.p99_us
         << '\n';
  }
  return Write(CurvePath(folder_, rival, data_key, k), text.str());
}

}  // namespace kith
