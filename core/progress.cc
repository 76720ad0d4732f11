#include "core/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <mutex>
#include <string>

#include "core/resource_usage.h"
#include "core/system_call.h"

namespace kith {
namespace {

class NoProgress final : public Progress {
 public:
  void Start(std::string_view, std::uint64_t) override {}
  void Advance(std::uint64_t) override {}
  void Finish() override {}
};

constexpr std::string_view kEraseLine = "\r\x1b[K";

// Descriptor of the terminal whose last line is a bar; -1: none.
std::atomic<int> bar_descriptor{-1};

// Progress that cannot be shown is no reason to stop the work.
void WriteAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = RetryOnSignal([&] { return write(descriptor, text.data(), text.size()); });
    if (put <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
}

constexpr std::size_t kColumnsDefault = 80;
constexpr std::size_t kBarColumnsMax = 30, kBarColumnsMin = 5;
constexpr double kEtaSecondsMax = 1e7;  // beyond that the rate says nothing

// 950, 12.3k, 4.56M: three digits.
std::string ShortNumber(double value) {
  static constexpr std::array<const char*, 5> kSuffixes = {"", "k", "M", "G", "T"};
  std::size_t suffix = 0;
  for (; value >= 999.5 && suffix + 1 < kSuffixes.size(); ++suffix) value /= 1000;
  const int decimals = suffix == 0 ? (value < 9.95 && value != std::floor(value))
                                   : (value < 9.995   ? 2
                                      : value < 99.95 ? 1
                                                      : 0);
  std::array<char, 48> text;
  std::snprintf(text.data(), text.size(), "%.*f%s", decimals, value, kSuffixes[suffix]);
  return text.data();
}

// 4.2 s, 3:07, 2:03:07.
std::string ShortTime(double seconds) {
  std::array<char, 48> text;
  if (seconds < 59.95) {
    std::snprintf(text.data(), text.size(), "%.1f s", seconds);
  } else {
    const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
    const unsigned hours = static_cast<unsigned>(whole / 3600);
    const unsigned minutes = static_cast<unsigned>(whole / 60 % 60);
    const unsigned rest = static_cast<unsigned>(whole % 60);
    if (hours > 0) {
      std::snprintf(text.data(), text.size(), "%u:%02u:%02u", hours, minutes, rest);
    } else {
      std::snprintf(text.data(), text.size(), "%u:%02u", minutes, rest);
    }
  }
  return text.data();
}

class ConsoleProgress final : public Progress {
 public:
  explicit ConsoleProgress(const ConsoleProgressParams& params) : params_(params) {}

  ~ConsoleProgress() override {
    const std::lock_guard lock(mutex_);
    if (running_) End("stopped");
  }

  void Start(std::string_view stage, std::uint64_t total) override {
    const std::lock_guard lock(mutex_);
    if (running_) End("done");
    stage_ = stage;
    total_ = total;
    done_.store(0, std::memory_order_relaxed);
    start_seconds_ = WallSeconds();
    running_ = true;
    next_seconds_.store(start_seconds_ + Interval(), std::memory_order_relaxed);
    if (params_.terminal) DrawBar(start_seconds_);
  }

  void Advance(std::uint64_t items) override {
    done_.fetch_add(items, std::memory_order_relaxed);
    const double now = WallSeconds();
    if (now < next_seconds_.load(std::memory_order_relaxed)) return;
    const std::unique_lock lock(mutex_, std::try_to_lock);  // somebody else is drawing: fine
    if (!lock.owns_lock() || !running_) return;
    if (now < next_seconds_.load(std::memory_order_relaxed)) return;
    next_seconds_.store(now + Interval(), std::memory_order_relaxed);
    if (params_.terminal) {
      DrawBar(now);
    } else {
      Write(stage_ + ": " + Figures(now) + "\n");
    }
  }

  void Finish() override {
    const std::lock_guard lock(mutex_);
    if (running_) End("done");
  }

 private:
  // The functions below need mutex_.

  double Interval() const {
    return params_.terminal ? params_.redraw_seconds : params_.line_seconds;
  }

  void End(std::string_view how) {
    running_ = false;
    const double now = WallSeconds();
    const std::string line = stage_ + ": " + std::string(how) + ", " + Summary(now) + "\n";
    if (params_.terminal) {
      bar_descriptor.store(-1);
      Write(std::string(kEraseLine) + line);
    } else {
      Write(line);
    }
  }

  double Rate(double now) const {
    const double elapsed = now - start_seconds_;
    return elapsed > 0 ? static_cast<double>(done_.load(std::memory_order_relaxed)) / elapsed : 0;
  }

  std::string Summary(double now) const {
    const std::uint64_t done = done_.load(std::memory_order_relaxed);
    std::string text = ShortNumber(static_cast<double>(done));
    if (done < total_) text += " of " + ShortNumber(static_cast<double>(total_));
    return text + " in " + ShortTime(now - start_seconds_) + " (" + ShortNumber(Rate(now)) + "/s)";
  }

  // "45% 1.2M/3.0M, 10.5k/s, 2:51 left".
  std::string Figures(double now) const {
    const auto done = static_cast<double>(done_.load(std::memory_order_relaxed));
    const double rate = Rate(now);
    const std::string speed = ShortNumber(rate) + "/s";
    if (total_ == 0) return ShortNumber(done) + ", " + speed;
    const auto total = static_cast<double>(total_);
    std::string text = std::to_string(static_cast<int>(100 * Fraction())) + "% " +
                       ShortNumber(done) + "/" + ShortNumber(total) + ", " + speed;
    const double left = std::max(0.0, total - done) / rate;
    if (rate > 0 && left < kEtaSecondsMax) text += ", " + ShortTime(left) + " left";
    return text;
  }

  double Fraction() const {
    return std::min(1.0, static_cast<double>(done_.load(std::memory_order_relaxed)) /
                             static_cast<double>(total_));
  }

  void DrawBar(double now) const {
    winsize window{};
    const bool known = ioctl(params_.descriptor, TIOCGWINSZ, &window) == 0 && window.ws_col > 0;
    const std::size_t columns = known ? window.ws_col : kColumnsDefault;
    const std::string figures = Figures(now);
    std::string line = stage_ + " ";
    const std::size_t rest = line.size() + figures.size() + 4;  // brackets, space, last column
    if (total_ > 0 && rest + kBarColumnsMin <= columns) {
      const std::size_t width = std::min(kBarColumnsMax, columns - rest);
      const auto full = static_cast<std::size_t>(Fraction() * static_cast<double>(width));
      line += "[" + std::string(full, '=') + std::string(width - full, ' ') + "] ";
    }
    line += figures;
    if (line.size() >= columns) line.resize(columns - 1);
    Write("\r" + line + "\x1b[K");
    bar_descriptor.store(params_.descriptor);
  }

  void Write(std::string_view text) const { WriteAll(params_.descriptor, text); }

  const ConsoleProgressParams params_;
  std::atomic<std::uint64_t> done_{0};
  std::atomic<double> next_seconds_{0};  // when to write next
  std::mutex mutex_;                     // guards the output and the four below
  std::string stage_;
  std::uint64_t total_ = 0;
  double start_seconds_ = 0;
  bool running_ = false;
};

}  // namespace

void EraseProgressBar() {
  const int descriptor = bar_descriptor.exchange(-1);
  if (descriptor >= 0) WriteAll(descriptor, kEraseLine);
}

Progress& Progress::None() {
  static NoProgress none;
  return none;
}

std::unique_ptr<Progress> NewConsoleProgress(const ConsoleProgressParams& params) {
  return std::make_unique<ConsoleProgress>(params);
}

std::unique_ptr<Progress> NewConsoleProgress() {
  ConsoleProgressParams params;
  params.terminal = isatty(params.descriptor) == 1;
  return NewConsoleProgress(params);
}

}  // namespace kith
