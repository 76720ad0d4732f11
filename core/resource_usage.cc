#include "core/resource_usage.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <ctime>
#include <string_view>

#include "core/system_call.h"

namespace kith {
namespace {

double ClockSeconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// A line "<key>:   <n> kB" of /proc/self/status in bytes; 0 where it cannot be read.
std::uint64_t StatusBytes(std::string_view key) {
  const int descriptor =
      RetryOnSignal([] { return open("/proc/self/status", O_RDONLY | O_CLOEXEC); });
  if (descriptor < 0) return 0;
  std::array<char, 8192> text;  // some 1.5 KB; the kernel gives it in one read
  const ssize_t got = RetryOnSignal([&] { return read(descriptor, text.data(), text.size()); });
  close(descriptor);
  const std::string_view status(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  const std::size_t line = status.find(key);
  if (line == std::string_view::npos) return 0;
  const std::size_t digits = status.find_first_of("0123456789", line + key.size());
  if (digits == std::string_view::npos) return 0;
  std::uint64_t kib = 0;
  std::from_chars(status.data() + digits, status.data() + status.size(), kib);
  return kib * 1024;
}

}  // namespace

double WallSeconds() { return ClockSeconds(CLOCK_MONOTONIC); }

double ProcessCpuSeconds() { return ClockSeconds(CLOCK_PROCESS_CPUTIME_ID); }

double ThreadCpuSeconds() { return ClockSeconds(CLOCK_THREAD_CPUTIME_ID); }

std::uint64_t ResidentBytes() { return StatusBytes("\nVmRSS:"); }

// Not getrusage, whose figure a process inherits from the one that started it.
std::uint64_t PeakResidentBytes() { return StatusBytes("\nVmHWM:"); }

}  // namespace kith
