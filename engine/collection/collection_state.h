// The inside of a collection.  Private to engine/collection.
//
// Lock order: leadership (queue_mutex_ is held only to take or leave it) -> points_mutex_ ->
// cache_mutex_; work_mutex_ is held alone.  No lock is held while the disk is read or written; the
// leader of the writers holds no lock then, only its turn.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/thread_pool.h"
#include "engine/collection/collection.h"
#include "engine/collection/manifest.h"
#include "engine/collection/vector_field.h"
#include "engine/collection/write_planner.h"

namespace kith {

// The state between two writes.  Never changes.
struct Snapshot {
  std::uint64_t sequence = 0;
  std::uint32_t slots_end = 0;
  std::vector<FieldSnapshot> fields;  // in the order of names
};

// Under this name the catalog keeps which payload fields are indexed.
inline constexpr const char* kIndexesMeta = "indexes";

class Collection::Impl {
 public:
  // --- collection_open.cc ---
  static Result<std::unique_ptr<Impl>> Create(const std::string& path,
                                              const CollectionConfig& config,
                                              const CollectionOpenParams& params);
  static Result<std::unique_ptr<Impl>> Open(const std::string& path,
                                            const CollectionOpenParams& params);
  ~Impl();

  // --- collection_write.cc ---
  Result<std::uint64_t> Write(const Operation& operation, Durability durability);
  Status CreateIndex(const JsonPath& path, const FieldSchema& schema);
  Result<bool> DeleteIndex(const JsonPath& path);

  // --- collection_search.cc ---
  Result<std::vector<ScoredSlot>> Search(const VectorSearch& search) const;
  Result<SlotSet> Matches(const Filter* filter) const;
  Result<std::vector<Record>> Records(std::span<const std::uint32_t> slots,
                                      const PayloadSelector& payload,
                                      const VectorSelector& vectors) const;
  Result<std::vector<std::optional<std::vector<float>>>> Vectors(
      const std::string& name, std::span<const std::uint32_t> slots) const;
  Result<Page> Scroll(const PointId& from, std::size_t limit, const Filter* filter,
                      const PayloadSelector& payload, const VectorSelector& vectors) const;
  Result<std::uint64_t> Count(const Filter* filter, bool exact) const;
  Result<std::vector<FacetHit>> Facet(const JsonPath& path, const Filter* filter,
                                      std::size_t limit) const;
  Result<std::vector<OrderedSlot>> Ordered(const OrderParams& params, const Filter* filter) const;
  std::optional<std::uint32_t> SlotOf(const PointId& id) const;
  PointId IdOf(std::uint32_t slot) const { return slots_.IdOf(slot); }

  // --- collection_optimizer.cc ---
  Status OptimizeNow(const Cancellation& cancellation, Progress& progress);
  bool WaitUntilGreen(double seconds) const;
  CollectionInfo Info() const;
  Status Verify(const Cancellation& cancellation, Progress& progress) const;
  Status Checkpoint(const std::string& path) const { return catalog_.Checkpoint(path); }

  const CollectionConfig& config() const { return config_; }
  std::vector<FieldInfo> Indexes() const;

 private:
  Impl(std::string path, CollectionOpenParams params, CollectionConfig config, Catalog catalog);

  // --- opening ---
  Status Load();
  Status LoadSegments(const Manifest& manifest, std::set<std::size_t>& damaged);
  Status LoadPoints();
  Status ReplayVectors(std::uint64_t after, const std::set<std::size_t>& damaged);
  Status RestoreField(std::size_t field, std::uint64_t sequence);
  Status PutStored(std::size_t field, std::span<const std::uint32_t> slots, std::uint64_t sequence);
  Status LoadPayloadIndex(std::uint64_t sequence);
  Status RebuildPayloadIndex();
  Result<std::vector<std::uint32_t>> TouchedAfter(std::uint64_t sequence) const;
  void StartBackground();

  // --- writing ---
  struct Pending {
    const Operation* operation;
    Durability durability;
    std::optional<Result<std::uint64_t>> result;  // the leader's until `done`
    bool done = false;
  };
  class Turn;
  void CommitGroup(std::span<Pending* const> group);
  Status ApplyChanges(const PlannedWrite& write, std::uint64_t sequence);
  Result<std::vector<std::uint32_t>> FilterSlots(const Filter& filter) const;
  Status SaveIndexes();

  // --- reading ---
  // Who may answer: bits of slots, from a filter and the points there are.
  struct Allowed {
    SlotSet slots;
    std::vector<std::uint64_t> bits;
  };
  // The last answers of View, by the filter's source; good until the next write.
  struct CachedAllowed {
    std::string source;
    std::uint64_t sequence = 0;
    std::shared_ptr<const Allowed> allowed;
  };
  FilterContext Context(std::vector<std::pair<std::string, SlotSet>>& vectors) const;
  // A snapshot and, for a filter, the matching slots as of that snapshot.
  Result<std::shared_ptr<const Snapshot>> View(const Filter* filter,
                                               std::shared_ptr<const Allowed>& allowed) const;
  // Null without a filter: all points.
  Result<std::shared_ptr<const Allowed>> AllowedBy(const Filter* filter) const;
  std::shared_ptr<const Allowed> FindCached(const Filter& filter, std::uint64_t sequence) const;
  void Cache(const Filter& filter, std::uint64_t sequence,
             const std::shared_ptr<const Allowed>& allowed) const;
  void ForgetCached();
  Status CheckCandidates(const Filter& filter, SlotSet& candidates) const;

  // --- background ---
  struct Job {
    std::size_t field = 0;
    FieldSnapshot segments;  // to be replaced by one
    std::string stage;
  };
  std::optional<Job> NextJob(bool quiet) const;
  Status RunJob(const Job& job, const Cancellation& cancellation, Progress& progress);
  Status CommitManifest();
  bool IndexesWorthSaving() const;
  // Returns the sequence number they are saved as of.  Writers wait, readers do not.
  Result<std::uint64_t> SavePayloadIndex();
  Status RemoveStrayFiles(const Manifest& manifest);
  enum class Linking { kDone, kLinked, kWaits };
  // Links some rows, if there are any; `all`: also of segments that are filling up.
  Linking LinkSome(bool all, const Cancellation& cancellation);
  void LinkerLoop();
  void OptimizerLoop();
  void NotifyWork();
  void Publish(std::uint64_t sequence);  // REQUIRES: points_mutex_ held exclusively

  const std::string path_;
  const CollectionOpenParams params_;
  const CollectionConfig config_;
  Catalog catalog_;

  // Guards all of the following; held for memory operations only.
  mutable std::shared_mutex points_mutex_;
  SlotTable slots_;
  PayloadIndex payload_index_;
  std::uint64_t index_changes_ = 0;                   // points changed since the indexes were saved
  std::vector<std::unique_ptr<VectorField>> fields_;  // in the order of names
  std::shared_ptr<const Snapshot> snapshot_;

  static constexpr std::size_t kFiltersCached = 16, kFilterSourceCachedMax = 65536;
  mutable std::mutex cache_mutex_;                  // guards filter_cache_
  mutable std::deque<CachedAllowed> filter_cache_;  // latest first

  SlotSupply supply_;       // of the leader
  std::mutex queue_mutex_;  // guards the next four, and Pending::done
  std::condition_variable queue_changed_;
  std::deque<Pending*> queue_;
  bool led_ = false;
  std::optional<Error> failure_;  // memory and catalog disagree: reopen

  // Of the optimizer.
  std::mutex optimize_mutex_;  // one job at a time: background or OptimizeNow
  std::uint64_t generation_ = 0, payload_sequence_ = 0;
  mutable std::mutex work_mutex_;  // guards the next five
  mutable std::condition_variable work_changed_;
  std::uint64_t work_ = 0;  // counts wishes for work
  bool linker_idle_ = false, optimizer_idle_ = false;
  std::string stage_, background_error_;
  std::atomic<std::uint64_t> stage_done_{0}, stage_total_{0};
  Cancellation stopping_;
  std::mutex linker_mutex_;  // one linker at a time
  std::thread linker_, optimizer_;
};

// Blocks until it is this thread's turn to write, without queueing an operation.
class Collection::Impl::Turn {
 public:
  explicit Turn(Impl& impl) : impl_(impl) {
    std::unique_lock lock(impl_.queue_mutex_);
    impl_.queue_changed_.wait(lock, [&] { return !impl_.led_; });
    impl_.led_ = true;
  }
  ~Turn() {
    const std::lock_guard lock(impl_.queue_mutex_);
    impl_.led_ = false;
    impl_.queue_changed_.notify_all();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Impl& impl_;
};

}  // namespace kith
