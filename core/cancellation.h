// A request to stop long work: Ctrl-C in the program, a deadline or a lost peer
// in the server.  Work looks at it between items and returns kCancelled.
//
// Thread-safe; Request() is also safe in a signal handler.
#pragma once

#include <atomic>

#include "core/result.h"

namespace kith {

class Cancellation {
 public:
  void Request() { requested_.store(true, std::memory_order_relaxed); }
  bool requested() const { return requested_.load(std::memory_order_relaxed); }

  // kCancelled once requested.
  Status Check() const {
    if (requested()) return Error{ErrorCode::kCancelled, "stopped on request"};
    return {};
  }

  // One that nobody requests, for callers without a way to stop.
  static const Cancellation& Never();

 private:
  std::atomic<bool> requested_{false};
  static_assert(std::atomic<bool>::is_always_lock_free);
};

}  // namespace kith
