// A collection: points with named vectors and payloads, durable, searched while they change.
//
//   folder    := "store/" (storage/catalog.h) "segments/F-S.kith"* "MANIFEST" "payload.kith"?
//
// The catalog is the truth.  A write is one catalog batch: it is durable and in effect when Write
// returns, or has no effect.  Writes of several threads are committed together.  Segments, payload
// indexes and the manifest can be lost: what they had is made again from the catalog when the
// collection is opened.
//
// Searches see one Snapshot: the state between two writes.  Vectors that are not yet in a graph are
// compared exactly.  In the background a linker puts new vectors into the graph of their live
// segment, and an optimizer seals full live segments, merges sealed ones and drops what was
// deleted.
//
// Threads: every function may be called from any thread.
//
// Errors of every function beside those it names: kInvalidArgument (the request), kIoError,
// kCorruption, kResourceExhausted.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"
#include "engine/collection/collection_config.h"
#include "engine/collection/point.h"
#include "engine/collection/segment.h"
#include "index/payload/payload_index.h"
#include "storage/catalog.h"

namespace kith {

inline constexpr std::uint32_t kSearchLimitMax = kSearchKMax;
inline constexpr std::size_t kWritePointsMax = 65536;  // of one operation

struct CollectionOpenParams {
  std::uint64_t catalog_memory_bytes = std::uint64_t{128} << 20;
  bool background = true;  // false: no linker and no optimizer (tests, inspection)
};

struct VectorSearch {
  std::string using_vector;  // "" is the unnamed one
  std::vector<float> vector;
  std::size_t limit = 10;
  std::uint32_t ef_search = 0;  // 0: by target_recall
  double target_recall = 0.95;
  bool exact = false;
  const Filter* filter = nullptr;  // borrowed
  std::optional<float> score_threshold;
};

struct ScoredSlot {
  float score = 0;
  std::uint32_t slot = 0;
};

enum class CollectionStatus : std::uint8_t {
  kGreen,   // nothing to do
  kYellow,  // the linker or the optimizer works
  kRed,     // a background error: see CollectionInfo::error
};

struct CollectionInfo {
  CollectionStatus status = CollectionStatus::kGreen;
  std::string error;
  std::uint64_t points = 0, vectors = 0;
  std::uint64_t linked_vectors = 0;  // found by a walk, not by a scan
  std::uint64_t segments = 0, sequence = 0;
  std::string stage;  // what the optimizer does: "seal", "merge", ...
  std::uint64_t stage_done = 0, stage_total = 0;
  std::uint64_t disk_bytes = 0, slot_bytes = 0, payload_index_bytes = 0, live_bytes = 0,
                sealed_bytes = 0, catalog_bytes = 0;  // memory, but for disk_bytes
};

class Collection {
 public:
  // Makes a collection in a folder that does not exist.  Errors: kAlreadyExists.
  static Result<std::unique_ptr<Collection>> Create(const std::string& path,
                                                    const CollectionConfig& config,
                                                    const CollectionOpenParams& params);
  // Errors: kNotFound, kAlreadyExists (in use by another process), kUnsupported.
  static Result<std::unique_ptr<Collection>> Open(const std::string& path,
                                                  const CollectionOpenParams& params);
  // Stops background work; what is acknowledged is durable already.
  ~Collection();
  Collection(const Collection&) = delete;
  Collection& operator=(const Collection&) = delete;

  CollectionConfig config() const;
  CollectionInfo info() const;

  // Returns the sequence number of the write; the last one's when it changed nothing.
  // Errors: kInvalidArgument (unknown vector name, wrong size, NaN, a point without id ...).
  Result<std::uint64_t> Write(const Operation& operation, Durability durability);

  // Payload indexes.  Building one reads all payloads; other writes wait meanwhile.
  Status CreateIndex(const JsonPath& path, const FieldSchema& schema);
  Result<bool> DeleteIndex(const JsonPath& path);
  std::vector<FieldInfo> Indexes() const;

  // Nearest first.  As many as `limit` whenever as many points match.
  // Errors: kInvalidArgument, kNotFound (no such vector name).
  Result<std::vector<ScoredSlot>> Search(const VectorSearch& search) const;

  // Points in the order of the ids given; unknown ids are left out.
  Result<std::vector<Record>> Retrieve(std::span<const PointId> ids, const PayloadSelector& payload,
                                       const VectorSelector& vectors) const;
  // Points by ascending id, from `from` on; the next id after the last, if there is one.
  struct Page {
    std::vector<Record> records;
    std::optional<PointId> next;
  };
  Result<Page> Scroll(const PointId& from, std::size_t limit, const Filter* filter,
                      const PayloadSelector& payload, const VectorSelector& vectors) const;
  // Exactly, or an estimate from the payload indexes.
  Result<std::uint64_t> Count(const Filter* filter, bool exact) const;
  Result<std::vector<FacetHit>> Facet(const JsonPath& path, const Filter* filter,
                                      std::size_t limit) const;

  // --- For the query engine (engine/collection/query.h) ---

  // Slots a filter holds for, exactly; null: all points.
  Result<SlotSet> Matches(const Filter* filter) const;
  std::optional<std::uint32_t> SlotOf(const PointId& id) const;
  PointId IdOf(std::uint32_t slot) const;
  // Rows of a vector, as stored (cosine: normalised); nothing where the slot has none.
  Result<std::vector<std::optional<std::vector<float>>>> Vectors(
      const std::string& name, std::span<const std::uint32_t> slots) const;
  Result<std::vector<OrderedSlot>> Ordered(const OrderParams& params, const Filter* filter) const;
  // Records of slots, in that order; slots whose point is gone are left out.
  Result<std::vector<Record>> Records(std::span<const std::uint32_t> slots,
                                      const PayloadSelector& payload,
                                      const VectorSelector& vectors) const;

  // Runs linker and optimizer to their end, here.  For tests and offline loads.
  Status OptimizeNow(const Cancellation& cancellation, Progress& progress);
  // Waits until the background work has nothing to do; false when the time is over.
  bool WaitUntilGreen(double seconds) const;
  // Catalog, segments and manifest, and whether they agree.
  Status Verify(const Cancellation& cancellation, Progress& progress) const;

  // The state between two writes as a catalog in the new folder `path`; writes go on meanwhile.
  // All that a collection is made of can be made again from it.  Errors: kAlreadyExists.
  Status Checkpoint(const std::string& path) const;

  class Impl;

 private:
  explicit Collection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kith
