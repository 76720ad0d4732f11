// A Progress that asks the work it watches to stop.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <string_view>

#include "core/cancellation.h"
#include "core/progress.h"

namespace kith {

// Requests its cancellation at the `at`-th call of Start or Advance, counted from 1.
class CancellingProgress : public Progress {
 public:
  explicit CancellingProgress(std::uint64_t at = std::numeric_limits<std::uint64_t>::max())
      : at_(at) {}

  void Start(std::string_view, std::uint64_t) override { Count(); }
  void Advance(std::uint64_t) override { Count(); }
  void Finish() override {}

  const Cancellation& cancellation() const { return cancellation_; }
  std::uint64_t calls() const { return calls_; }

 private:
  void Count() {
    if (++calls_ == at_) cancellation_.Request();
  }

  const std::uint64_t at_;
  std::atomic<std::uint64_t> calls_ = 0;
  Cancellation cancellation_;
};

}  // namespace kith
