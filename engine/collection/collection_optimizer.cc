// Background work: linking, sealing, merging, dropping what was deleted.
//
// Sealing takes live segments that are full; merging takes segments of like size (their live rows
// within one power of merge_factor), so that each row is rebuilt about log(rows) times; a segment
// of which more than deleted_threshold is deleted is rebuilt alone.  A job builds one sealed
// segment from a snapshot while writes and searches go on; what they changed meanwhile is masked
// when it takes its place.  Then the manifest names the new segment; only after that the files of
// the old are removed and the list of changes is cut.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <utility>

#include "core/log.h"
#include "core/resource_usage.h"
#include "engine/collection/collection_state.h"
#include "index/hnsw/hnsw_index.h"

namespace kith {
namespace {

constexpr std::uint32_t kLinkStep = 64;  // rows linked between two looks at the state
constexpr std::chrono::milliseconds kLinkPause{50};
constexpr std::chrono::milliseconds kQuiet{1000};  // without writes: time to tidy up

// Live rows of segments as a vector file, in the order of segments and positions.
class SegmentRows final : public VectorReader {
 public:
  SegmentRows(const FieldSnapshot& segments, std::uint32_t dim)
      : VectorReader({.path = "collection",
                      .format = "segments",
                      .type = DataType::kF32,
                      .rows = 0,
                      .dim = dim}) {
    for (std::uint32_t s = 0; s < segments.segments.size(); ++s) {
      const SegmentView& segment = segments.segments[s];
      for (std::uint32_t position = 0; position < segment.rows; ++position) {
        if (segment.IsDeleted(position)) continue;
        rows_.push_back({&segment, position});
        slots_.push_back(segment.SlotAt(position));
      }
    }
    info_.rows = rows_.size();
  }
  Status ReadRaw(std::uint64_t first, std::uint64_t rows, std::span<std::byte> out) const override {
    std::vector<float> vector(info_.dim);
    for (std::uint64_t i = 0; i < rows; ++i) {
      const Row& row = rows_[first + i];
      row.segment->VectorAt(row.position, vector);
      std::memcpy(out.data() + i * info_.dim * sizeof(float), vector.data(),
                  info_.dim * sizeof(float));
    }
    return {};
  }
  std::span<const std::uint32_t> slots() const { return slots_; }

 private:
  struct Row {
    const SegmentView* segment;
    std::uint32_t position;
  };
  std::vector<Row> rows_;
  std::vector<std::uint32_t> slots_;
};

// Tells the state of a job to whoever asks the collection.
class StageProgress final : public Progress {
 public:
  StageProgress(Progress& outer, std::atomic<std::uint64_t>& done,
                std::atomic<std::uint64_t>& total)
      : outer_(outer), done_(done), total_(total) {}
  void Start(std::string_view stage, std::uint64_t total) override {
    done_ = 0;
    total_ = total;
    outer_.Start(stage, total);
  }
  void Advance(std::uint64_t items) override {
    done_ += items;
    outer_.Advance(items);
  }
  void Finish() override {}

 private:
  Progress& outer_;
  std::atomic<std::uint64_t>&done_, &total_;
};

bool IsFull(const SegmentView& segment) {
  return segment.live && segment.rows == segment.live->index->params().capacity;
}

// A segment that will be full and sealed in a moment is not linked before: that would be done
// twice.
bool IsFillingUp(const SegmentView& segment) {
  constexpr double kMoment = 10, kPause = 0.3;  // seconds
  const double now = WallSeconds();
  if (now - segment.live->appended_seconds > kPause) return false;
  const double age = std::max(now - segment.live->opened_seconds, 1e-3);
  const double left = segment.live->index->params().capacity - segment.rows;
  return left * age < kMoment * segment.rows;
}

// Segments of one class are of like size.
int SizeClass(const SegmentView& segment, std::uint32_t factor) {
  return static_cast<int>(std::log(std::max(1u, segment.live_rows())) / std::log(factor));
}

// What the optimizer would do with one field, or nothing.  While points are being overwritten,
// segments are not rebuilt again and again for a few more deleted rows, but when half is gone.
FieldSnapshot Choose(const FieldSnapshot& field, const OptimizerConfig& config, bool quiet,
                     std::string& stage) {
  constexpr double kBusyThreshold = 0.5;
  const double threshold =
      quiet ? config.deleted_threshold : std::max(config.deleted_threshold, kBusyThreshold);
  FieldSnapshot chosen;
  for (const SegmentView& segment : field.segments) {
    if (IsFull(segment)) chosen.segments.push_back(segment);
  }
  if (!chosen.segments.empty()) {
    stage = "seal";
    return chosen;
  }
  for (const SegmentView& segment : field.segments) {
    if (!segment.sealed || segment.rows < config.vacuum_rows_min) continue;
    if (segment.deleted_count > threshold * segment.rows) {
      stage = "drop deleted";
      chosen.segments.push_back(segment);
      return chosen;
    }
  }
  for (const SegmentView& of_class : field.segments) {
    if (!of_class.sealed) continue;
    chosen.segments.clear();
    for (const SegmentView& segment : field.segments) {
      if (segment.sealed &&
          SizeClass(segment, config.merge_factor) == SizeClass(of_class, config.merge_factor)) {
        chosen.segments.push_back(segment);
      }
    }
    if (chosen.segments.size() >= config.merge_factor) {
      stage = "merge";
      return chosen;
    }
  }
  chosen.segments.clear();
  return chosen;
}

}  // namespace

std::optional<Collection::Impl::Job> Collection::Impl::NextJob(bool quiet) const {
  const std::shared_lock lock(points_mutex_);
  for (std::size_t field = 0; field < fields_.size(); ++field) {
    Job job{.field = field, .segments = {}, .stage = {}};
    job.segments = Choose(snapshot_->fields[field], config_.optimizer, quiet, job.stage);
    if (!job.segments.segments.empty()) return job;
  }
  return std::nullopt;
}

Status Collection::Impl::RunJob(const Job& job, const Cancellation& cancellation,
                                Progress& progress) {
  VectorField& field = *fields_[job.field];
  const VectorConfig& config = field.config();
  {
    const std::lock_guard lock(work_mutex_);
    stage_ = job.stage;
  }
  StageProgress staged(progress, stage_done_, stage_total_);
  const SegmentRows rows(job.segments, config.size);
  std::shared_ptr<const SealedSegment> sealed;
  if (rows.info().rows > 0) {
    std::uint32_t serial = 0;
    {
      const std::unique_lock lock(points_mutex_);
      serial = field.NextSerial();
    }
    const std::string name = SegmentFileName(config.field, serial);
    const std::string file = path_ + "/segments/" + name;
    ThreadPool pool(config_.optimizer.threads);
    TRY(BuildHnswIndex(
        rows,
        {.metric = config.metric,
         .m = config.m,
         .ef_construction = config.ef_construct,
         .exact = config.rows == ExactKind::kF16 ? ExactKind::kF16 : ExactKind::kAuto,
         .seed = serial,
         .ids = rows.slots()},
        file, pool, cancellation, staged));
    sealed = TRY(SealedSegment::Open(file, name, serial,
                                     config.on_disk ? LoadMode::kMapped : LoadMode::kResident));
  }
  {
    const std::unique_lock lock(points_mutex_);
    field.Replace(job.segments, std::move(sealed));
    Publish(snapshot_->sequence);
  }
  return CommitManifest();
}

bool Collection::Impl::IndexesWorthSaving() const {
  const std::shared_lock lock(points_mutex_);
  return !payload_index_.empty() && index_changes_ > config_.optimizer.index_changes_max;
}

Result<std::uint64_t> Collection::Impl::SavePayloadIndex() {
  const Turn turn(*this);  // nobody else changes the indexes
  std::uint64_t sequence = 0;
  {
    const std::shared_lock lock(points_mutex_);
    sequence = snapshot_->sequence;
  }
  TRY(catalog_.Sync());  // the file must not know of writes that a loss of power takes back
  TRY(payload_index_.Save(path_ + "/payload.kith"));
  const std::unique_lock lock(points_mutex_);
  index_changes_ = 0;
  return sequence;
}

Status Collection::Impl::CommitManifest() {
  Manifest manifest;
  {
    const std::shared_lock lock(points_mutex_);
    const std::uint64_t none = snapshot_->sequence + 1;
    manifest.sequence = none - 1;
    for (std::size_t f = 0; f < fields_.size(); ++f) {
      manifest.sequence = std::min(manifest.sequence, fields_[f]->FirstUnsealed(none) - 1);
      for (const SegmentView& segment : snapshot_->fields[f].segments) {
        if (!segment.sealed) continue;
        manifest.entries.push_back({.field = fields_[f]->config().field,
                                    .serial = segment.serial(),
                                    .rows = segment.rows,
                                    .deleted_count = segment.deleted_count,
                                    .deleted = segment.deleted});
      }
    }
    manifest.payload_sequence = payload_index_.empty() ? 0 : payload_sequence_;
  }
  if (IndexesWorthSaving()) manifest.payload_sequence = TRY(SavePayloadIndex());
  // The bits of deleted rows must not outlast the writes that deleted them.
  TRY(catalog_.Sync());
  manifest.generation = generation_ + 1;
  TRY(WriteManifest(manifest, path_ + "/MANIFEST"));
  generation_ = manifest.generation;
  payload_sequence_ = manifest.payload_sequence;
  TRY(RemoveStrayFiles(manifest));
  const std::uint64_t needed = manifest.payload_sequence > 0
                                   ? std::min(manifest.sequence, manifest.payload_sequence)
                                   : manifest.sequence;
  return catalog_.TrimChanges(needed);
}

Collection::Impl::Linking Collection::Impl::LinkSome(bool all, const Cancellation& cancellation) {
  const std::lock_guard one(linker_mutex_);
  std::shared_ptr<LiveSegment> chosen;
  bool waiting = false;
  {
    const std::shared_lock lock(points_mutex_);
    for (const FieldSnapshot& field : snapshot_->fields) {
      for (const SegmentView& segment : field.segments) {
        if (!segment.live || IsFull(segment)) continue;  // full ones are sealed, which links them
        if (segment.live->index->linked() >= segment.rows) continue;
        if (!all && IsFillingUp(segment)) {
          waiting = true;
        } else {
          chosen = segment.live;
        }
      }
    }
  }
  if (!chosen) return waiting ? Linking::kWaits : Linking::kDone;
  chosen->index->LinkNext(kLinkStep, cancellation);
  return Linking::kLinked;
}

void Collection::Impl::NotifyWork() {
  const std::lock_guard lock(work_mutex_);
  ++work_;
  linker_idle_ = optimizer_idle_ = false;
  work_changed_.notify_all();
}

void Collection::Impl::LinkerLoop() {
  while (!stopping_.requested()) {
    std::uint64_t seen = 0;
    {
      const std::lock_guard lock(work_mutex_);
      seen = work_;
    }
    const Linking linking = LinkSome(false, stopping_);
    if (linking == Linking::kLinked) continue;
    std::unique_lock lock(work_mutex_);
    if (linking == Linking::kWaits) {
      work_changed_.wait_for(lock, kLinkPause, [&] { return stopping_.requested(); });
      continue;
    }
    if (work_ != seen) continue;
    linker_idle_ = true;
    work_changed_.notify_all();
    work_changed_.wait(lock, [&] { return work_ != seen || stopping_.requested(); });
  }
}

void Collection::Impl::OptimizerLoop() {
  bool quiet = false;  // nothing was written for a while
  while (!stopping_.requested()) {
    std::uint64_t seen = 0;
    {
      const std::lock_guard lock(work_mutex_);
      seen = work_;
    }
    Status done;
    bool worked = false;
    {
      const std::lock_guard one(optimize_mutex_);
      const std::optional<Job> job = NextJob(quiet);
      worked = job.has_value();
      if (job) {
        done = RunJob(*job, stopping_, Progress::None());
      } else if (quiet && IndexesWorthSaving()) {
        done = CommitManifest();
      }
    }
    std::unique_lock lock(work_mutex_);
    stage_.clear();
    if (!done.ok() && done.error().code != ErrorCode::kCancelled) {
      background_error_ = done.error().message;
      LogError(path_ + ": optimizer: " + done.error().message);
      // Tried again with the next write, or after a while.
      optimizer_idle_ = true;
      work_changed_.notify_all();
      work_changed_.wait_for(lock, std::chrono::seconds(10),
                             [&] { return work_ != seen || stopping_.requested(); });
      continue;
    }
    if (worked) {
      background_error_.clear();
      continue;
    }
    const auto woken = [&] { return work_ != seen || stopping_.requested(); };
    if (!quiet) {
      quiet = !work_changed_.wait_for(lock, kQuiet, woken);
      continue;
    }
    if (work_ == seen) {
      optimizer_idle_ = true;
      work_changed_.notify_all();
      work_changed_.wait(lock, woken);
    }
    quiet = false;
  }
}

void Collection::Impl::StartBackground() {
  linker_ = std::thread([this] { LinkerLoop(); });
  optimizer_ = std::thread([this] { OptimizerLoop(); });
}

Collection::Impl::~Impl() {
  stopping_.Request();
  {
    const std::lock_guard lock(work_mutex_);
    work_changed_.notify_all();
  }
  if (linker_.joinable()) linker_.join();
  if (optimizer_.joinable()) optimizer_.join();
}

Status Collection::Impl::OptimizeNow(const Cancellation& cancellation, Progress& progress) {
  const std::lock_guard one(optimize_mutex_);
  while (std::optional<Job> job = NextJob(true)) {
    TRY(RunJob(*job, cancellation, progress));
  }
  if (IndexesWorthSaving()) TRY(CommitManifest());
  while (!cancellation.requested() && LinkSome(true, cancellation) == Linking::kLinked) {
  }
  return cancellation.Check();
}

bool Collection::Impl::WaitUntilGreen(double seconds) const {
  std::unique_lock lock(work_mutex_);
  return work_changed_.wait_for(lock, std::chrono::duration<double>(seconds),
                                [&] { return linker_idle_ && optimizer_idle_; });
}

CollectionInfo Collection::Impl::Info() const {
  CollectionInfo info;
  {
    const std::lock_guard lock(work_mutex_);
    const bool idle = (linker_idle_ && optimizer_idle_) || !params_.background;
    info.status = !background_error_.empty() ? CollectionStatus::kRed
                  : idle                     ? CollectionStatus::kGreen
                                             : CollectionStatus::kYellow;
    info.error = background_error_;
    info.stage = stage_;
    info.stage_done = stage_done_;
    info.stage_total = stage_total_;
  }
  const CatalogStats stats = catalog_.stats();
  info.disk_bytes = stats.disk_bytes;
  info.catalog_bytes = stats.block_cache_bytes + stats.memtable_bytes + stats.table_reader_bytes;
  const std::shared_lock lock(points_mutex_);
  info.points = slots_.size();
  info.sequence = snapshot_->sequence;
  info.slot_bytes = slots_.memory_bytes();
  info.payload_index_bytes = payload_index_.memory_bytes();
  for (const FieldSnapshot& field : snapshot_->fields) {
    info.segments += field.segments.size();
    info.vectors += field.vectors();
    for (const SegmentView& segment : field.segments) {
      if (segment.sealed) {
        info.linked_vectors += segment.live_rows();
        info.sealed_bytes += segment.sealed->memory_bytes();
        info.disk_bytes += segment.sealed->index().info().file_bytes;
      } else {
        const std::uint32_t linked = segment.live->index->linked();
        info.linked_vectors +=
            linked >= segment.rows ? segment.live_rows() : std::min(linked, segment.live_rows());
        info.live_bytes += segment.live->index->memory_bytes();
      }
    }
  }
  return info;
}

Status Collection::Impl::Verify(const Cancellation& cancellation, Progress& progress) const {
  TRY(catalog_.Verify(cancellation, progress));
  std::shared_ptr<const Snapshot> snapshot;
  {
    const std::shared_lock lock(points_mutex_);
    snapshot = snapshot_;
  }
  for (const FieldSnapshot& field : snapshot->fields) {
    for (const SegmentView& segment : field.segments) {
      if (segment.sealed) TRY(segment.sealed->index().Verify(cancellation, progress));
    }
  }
  if (std::filesystem::exists(path_ + "/MANIFEST")) TRY(ReadManifest(path_ + "/MANIFEST"));
  return {};
}

}  // namespace kith
