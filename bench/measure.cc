#include "bench/measure.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <type_traits>

#include "core/resource_usage.h"

namespace kith {
namespace {

Error SystemError(const std::string& what) {
  return {ErrorCode::kIoError, what + ": " + std::strerror(errno)};
}

Status SetAffinity(const cpu_set_t& processors) {
  if (sched_setaffinity(0, sizeof processors, &processors) != 0) {
    return SystemError("sched_setaffinity");
  }
  return {};
}

// A line of /proc/self/status, in bytes; 0 when absent.
std::uint64_t StatusBytes(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) return std::stoull(line.substr(name.size() + 1)) * 1024;
  }
  return 0;
}

std::uint64_t FileBytes(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

double Percentile(const std::vector<float>& sorted, double share) {
  if (sorted.empty()) return 0;
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

// A child's answer as it travels through the pipe: an error's words, or the value.
template <typename T>
struct Parcel {
  static_assert(std::is_trivially_copyable_v<T>);
  bool ok = false;
  ErrorCode code = ErrorCode::kIoError;
  char message[1000] = {};
  T value{};
};

// Runs `body` in a child process and returns its value.  REQUIRES: no thread of this process
// holds a lock that `body` needs.
template <typename T>
Result<T> InChild(const std::function<Result<T>()>& body) {
  int ends[2];
  if (pipe(ends) != 0) return SystemError("pipe");
  const pid_t child = fork();
  if (child < 0) return SystemError("fork");
  Parcel<T> parcel;
  if (child == 0) {
    const Result<T> result = body();
    parcel.ok = result.ok();
    if (result.ok()) {
      parcel.value = result.value();
    } else {
      parcel.code = result.error().code;
      std::strncpy(parcel.message, result.error().message.c_str(), sizeof parcel.message - 1);
    }
    const bool sent = write(ends[1], &parcel, sizeof parcel) == ssize_t{sizeof parcel};
    _exit(sent ? 0 : 1);
  }
  close(ends[1]);
  std::size_t received = 0;
  auto* bytes = reinterpret_cast<char*>(&parcel);
  for (ssize_t count; received < sizeof parcel; received += static_cast<std::size_t>(count)) {
    count = read(ends[0], bytes + received, sizeof parcel - received);
    if (count <= 0) break;
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (received < sizeof parcel) {
    return Error{ErrorCode::kIoError,
                 "the measuring child process ended before its answer, wait status " +
                     std::to_string(status)};
  }
  if (!parcel.ok) return Error{parcel.code, parcel.message};
  return parcel.value;
}

// BuildCost without its list of stages, which travels beside it as text.
struct FlatBuildTrial {
  double wall_seconds, cpu_seconds;
  std::size_t threads;
  std::uint64_t peak_bytes, index_bytes;
  char stages[2000];
};

Result<FlatBuildTrial> BuildHere(Rival& rival, const BuildInput& input,
                                 const std::string& index_path, int processor) {
  if (input.threads == 1) {
    TRY(PinToProcessor(processor));
  } else {
    TRY(UnpinFromProcessor());
  }
  std::ofstream("/proc/self/clear_refs") << 5;  // forgets the peak so far
  const std::uint64_t before = StatusBytes("VmRSS");
  const BuildCost cost = TRY(rival.Build(input, index_path));
  const std::uint64_t peak = StatusBytes("VmHWM");

  FlatBuildTrial trial{cost.wall_seconds,     cost.cpu_seconds,
                       cost.threads,          peak > before ? peak - before : 0,
                       FileBytes(index_path), {}};
  std::string stages;
  for (const auto& [name, seconds] : cost.stages) {
    stages += name + "\t" + std::to_string(seconds) + "\n";
  }
  std::strncpy(trial.stages, stages.c_str(), sizeof trial.stages - 1);
  return trial;
}

void DropFromPageCache(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY);
  if (descriptor < 0) return;
  fdatasync(descriptor);
  posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
  close(descriptor);
}

Result<LoadTrial> LoadHere(Rival& rival, const DataSet& data, const std::string& index_path,
                           Setting setting, std::size_t k) {
  const std::uint64_t anonymous = StatusBytes("RssAnon"), mapped = StatusBytes("RssFile");
  LoadTrial trial;
  const double start = WallSeconds();
  TRY(rival.Load(index_path, data.base.cols(), data.params.metric));
  trial.load_ms = (WallSeconds() - start) * 1e3;
  rival.Use(setting);
  std::vector<std::uint32_t> ids(k);
  TRY(rival.Search(data.queries.row(0), ids));
  trial.first_answer_ms = (WallSeconds() - start) * 1e3;

  TRY(AnswerAll(rival, data, k));
  const auto growth = [](std::uint64_t from, std::uint64_t to) {
    return to > from ? to - from : 0;
  };
  trial.private_bytes = growth(anonymous, StatusBytes("RssAnon"));
  trial.mapped_bytes = growth(mapped, StatusBytes("RssFile"));
  return trial;
}

}  // namespace

Status PinToProcessor(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor >= 0 ? processor : sched_getcpu(), &set);
  return SetAffinity(set);
}

Status UnpinFromProcessor() {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (long p = 0; p < sysconf(_SC_NPROCESSORS_CONF); ++p) CPU_SET(p, &set);
  return SetAffinity(set);
}

Result<Matrix<std::uint32_t>> AnswerAll(Rival& rival, const DataSet& data, std::size_t k) {
  Matrix<std::uint32_t> ids(data.queries.rows(), k);
  TRY(rival.SearchAll(data.queries.view(), ids.view()));
  return ids;
}

Status WarmUp(Rival& rival, const DataSet& data, std::size_t k) {
  const std::size_t all = data.queries.rows();
  const std::size_t count = std::min(all, std::max<std::size_t>(200, all / 10));
  Matrix<std::uint32_t> ids(count, k);
  return rival.SearchAll(data.queries.view().rows(0, count), ids.view());
}

Result<Sample> MeasureSpeed(Rival& rival, const DataSet& data, std::size_t k, double seconds) {
  const MatrixView<const float> queries = data.queries.view();
  Matrix<std::uint32_t> ids(queries.rows(), k);
  std::vector<float> latencies_us;
  Sample sample;
  double wall_total = 0, cpu_total = 0;
  while (cpu_total < seconds) {
    const double wall = WallSeconds(), cpu = ThreadCpuSeconds();
    if (rival.batched()) {
      TRY(rival.SearchAll(queries, ids.view()));
    } else {
      double last = wall;
      for (std::size_t q = 0; q < queries.rows(); ++q) {
        TRY(rival.Search(queries.row(q), ids.row(q)));
        const double now = WallSeconds();
        latencies_us.push_back(static_cast<float>((now - last) * 1e6));
        last = now;
      }
    }
    cpu_total += ThreadCpuSeconds() - cpu;
    wall_total += WallSeconds() - wall;
    sample.queries += queries.rows();
  }
  sample.qps = static_cast<double>(sample.queries) / cpu_total;
  sample.wall_qps = static_cast<double>(sample.queries) / wall_total;
  std::sort(latencies_us.begin(), latencies_us.end());
  sample.p50_us = Percentile(latencies_us, 0.50);
  sample.p99_us = Percentile(latencies_us, 0.99);
  return sample;
}

Result<BuildTrial> TryBuild(Rival& rival, const BuildInput& input, const std::string& index_path,
                            int processor) {
  const FlatBuildTrial flat =
      TRY(InChild<FlatBuildTrial>([&] { return BuildHere(rival, input, index_path, processor); }));
  BuildTrial trial{
      {flat.wall_seconds, flat.cpu_seconds, flat.threads, {}}, flat.peak_bytes, flat.index_bytes};
  const std::string stages = flat.stages;
  for (std::size_t at = 0; at < stages.size();) {
    const std::size_t tab = stages.find('\t', at), end = stages.find('\n', at);
    if (tab == std::string::npos || end == std::string::npos) break;
    trial.cost.stages.emplace_back(stages.substr(at, tab - at),
                                   std::stod(stages.substr(tab + 1, end - tab - 1)));
    at = end + 1;
  }
  return trial;
}

Result<LoadTrial> TryLoad(Rival& rival, const DataSet& data, const std::string& index_path,
                          Setting setting, std::size_t k, bool cold) {
  if (cold) DropFromPageCache(index_path);
  return InChild<LoadTrial>([&] { return LoadHere(rival, data, index_path, setting, k); });
}

}  // namespace kith
