// A loop is one job; its ranges are handed out by an atomic counter, so a range costs one
// uncontended-to-mildly-contended increment and the body's indirect call.
//
// The caller publishes the job under the mutex, wakes as many workers as there are ranges left for
// them, and works itself.  When the counter has run out it withdraws the job and waits only for
// the workers that joined: one that wakes late finds no job and sleeps again, so a short loop never
// waits for a thread to wake up.
//
// Why no work stealing and no queue: callers have one loop at a time, and ranges in order give
// TryParallelFor its guarantee.  A range is started only after all lower ones were, and a started
// range always runs to its end, so the lowest failing range of the whole loop is among those that
// ran: the error is the same for every thread count.
#include "core/thread_pool.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <condition_variable>
#include <exception>
#include <limits>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/log.h"

namespace kith {
namespace {

using Body = std::function<void(std::size_t, std::size_t, std::size_t)>;

// Signals are for the thread that set their handlers up: a system call of a worker is not cut
// short by Ctrl-C.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t blocked;
    sigemptyset(&blocked);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&blocked, signal);
    pthread_sigmask(SIG_BLOCK, &blocked, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

std::size_t RangeCount(std::size_t count, std::size_t grain) {
  return count / grain + (count % grain != 0);
}

struct Job {
  std::size_t count, grain, ranges;
  const Body* body;
  const std::function<bool()>* stop;  // asked before a range is taken; may be null
  std::atomic<std::size_t> taken{0};  // ranges handed out, and past the end one a thread
  std::atomic<bool> failed{false};
  std::mutex exception_mutex;  // guards `exception`
  std::exception_ptr exception;

  void Run(std::size_t worker) noexcept {
    try {
      while (!failed.load(std::memory_order_relaxed) && !(stop != nullptr && (*stop)())) {
        const std::size_t range = taken.fetch_add(1, std::memory_order_relaxed);
        if (range >= ranges) return;
        const std::size_t begin = range * grain;
        (*body)(begin, begin + std::min(grain, count - begin), worker);
      }
    } catch (...) {
      const std::lock_guard lock(exception_mutex);
      if (!exception) exception = std::current_exception();
      failed.store(true, std::memory_order_relaxed);
    }
  }
};

}  // namespace

class ThreadPool::Impl {
 public:
  explicit Impl(std::size_t threads) {
    const BlockedSignals inherited_by_workers;
    workers_.reserve(threads - 1);
    try {
      for (std::size_t worker = 1; worker < threads; ++worker) {
        workers_.emplace_back([this, worker] { Serve(worker); });
      }
    } catch (const std::system_error& error) {
      LogWarning("started " + std::to_string(workers_.size() + 1) + " of " +
                 std::to_string(threads) + " threads: " + error.what());
    }
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  std::size_t threads() const { return workers_.size() + 1; }

  // Whether every range was run.
  bool Run(std::size_t count, std::size_t grain, const Body& body,
           const std::function<bool()>* stop) {
    assert(grain > 0);
    [[maybe_unused]] const bool busy = busy_.exchange(true);
    assert(!busy && "ThreadPool: loop inside a loop, or two callers at once");
    Job job{.count = count,
            .grain = grain,
            .ranges = RangeCount(count, grain),
            .body = &body,
            .stop = stop,
            .exception_mutex = {},
            .exception = {}};
    const std::size_t helpers = std::min(workers_.size(), job.ranges - (job.ranges > 0));
    if (helpers > 0) Publish(&job, helpers);
    job.Run(0);
    if (helpers > 0) Withdraw();
    busy_.store(false);
    if (job.exception) std::rethrow_exception(job.exception);
    return job.taken.load(std::memory_order_relaxed) >= job.ranges;
  }

 private:
  void Publish(Job* job, std::size_t helpers) {
    {
      const std::lock_guard lock(mutex_);
      job_ = job;
      ++generation_;
    }
    if (helpers == workers_.size()) {
      wake_.notify_all();
    } else {
      for (std::size_t i = 0; i < helpers; ++i) wake_.notify_one();
    }
  }

  void Withdraw() {
    std::unique_lock lock(mutex_);
    job_ = nullptr;
    left_.wait(lock, [this] { return joined_ == 0; });
  }

  void Serve(std::size_t worker) {
    pthread_setname_np(pthread_self(), ("kith-" + std::to_string(worker)).c_str());
    std::uint64_t served = 0;  // generation of the last job this worker joined
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [&] { return ending_ || (job_ != nullptr && generation_ != served); });
      if (ending_) return;
      served = generation_;
      Job* job = job_;
      ++joined_;
      lock.unlock();
      job->Run(worker);
      lock.lock();
      if (--joined_ == 0) left_.notify_one();
    }
  }

  std::atomic<bool> busy_{false};
  std::mutex mutex_;              // guards the five below
  std::condition_variable wake_;  // a job was published, or the pool ends
  std::condition_variable left_;  // the last worker left the job
  Job* job_ = nullptr;
  std::uint64_t generation_ = 0;
  std::size_t joined_ = 0;
  bool ending_ = false;
  std::vector<std::thread> workers_;
};

ThreadPool::ThreadPool(std::size_t threads) {
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  impl_ = std::make_unique<Impl>(std::min(threads, kThreadsMax));
}

ThreadPool::~ThreadPool() = default;

std::size_t ThreadPool::threads() const { return impl_->threads(); }

void ThreadPool::ParallelFor(std::size_t count, std::size_t grain, const Body& body) {
  impl_->Run(count, grain, body, nullptr);
}

Status ThreadPool::TryParallelFor(
    std::size_t count, std::size_t grain, const Cancellation& cancellation,
    const std::function<Status(std::size_t, std::size_t, std::size_t)>& body) {
  std::atomic<bool> failed = false;
  std::mutex mutex;  // guards the two below
  std::size_t lowest = std::numeric_limits<std::size_t>::max();
  Status first_error;

  const Body run = [&](std::size_t begin, std::size_t end, std::size_t worker) {
    Status status = body(begin, end, worker);
    if (status.ok()) return;
    failed.store(true, std::memory_order_relaxed);
    const std::lock_guard lock(mutex);
    if (begin < lowest) {
      lowest = begin;
      first_error = std::move(status);
    }
  };
  const std::function<bool()> stop = [&] {
    return failed.load(std::memory_order_relaxed) || cancellation.requested();
  };
  const bool complete = impl_->Run(count, grain, run, &stop);
  if (!first_error.ok()) return first_error;
  if (!complete) return cancellation.Check();
  return {};
}

}  // namespace kith
