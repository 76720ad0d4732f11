// When a query should have answered: looked at between steps and between blocks of vectors.
//
// A value; thread-safe.
#pragma once

#include <chrono>
#include <optional>

namespace kith {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  Deadline() = default;  // never
  explicit Deadline(Clock::time_point time) : time_(time) {}
  static Deadline After(Clock::duration duration) { return Deadline(Clock::now() + duration); }

  bool passed() const { return time_ && Clock::now() >= *time_; }

 private:
  std::optional<Clock::time_point> time_;
};

}  // namespace kith
