// A fixed set of threads for loops over independent items.
//
// Results must not depend on which thread ran an item: give each item its own
// place to write.  Then any thread count gives the same bytes.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "core/cancellation.h"
#include "core/result.h"

namespace kith {

inline constexpr std::size_t kThreadsMax = 1024;  // of one pool

// Idle threads sleep; SIGINT, SIGTERM and SIGHUP are left to the other threads of the program.
class ThreadPool {
 public:
  // `threads` includes the caller: 1 starts none, 0 means one per processor, more than
  // kThreadsMax count as that.  Where the system refuses to start as many, works with fewer and
  // logs a warning.
  explicit ThreadPool(std::size_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::size_t threads() const;

  // Calls body(begin, end, worker) for consecutive ranges of at most `grain` items that cover
  // [0, count); worker < threads() and no two calls with one worker overlap.  The caller's
  // thread takes part; returns when all is done.  Ranges are [0, grain), [grain, 2 grain), ...
  // whatever the thread count.  An exception of a body stops the loop and reaches the caller.
  // REQUIRES: grain > 0; not called from inside a body; one caller at a time.
  void ParallelFor(std::size_t count, std::size_t grain,
                   const std::function<void(std::size_t, std::size_t, std::size_t)>& body);

  // The same for bodies that may fail.  After an error or a cancellation no further range
  // starts; of several errors the one with the lowest range is returned: the same for every
  // thread count.  kCancelled only when no range failed and some range did not run.
  Status TryParallelFor(std::size_t count, std::size_t grain, const Cancellation& cancellation,
                        const std::function<Status(std::size_t, std::size_t, std::size_t)>& body);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kith
