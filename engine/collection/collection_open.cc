// Opening: the catalog says what is true; segments and payload indexes are taken as far as the
// manifest and the list of changes prove them, and made again where not.
#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/file.h"
#include "core/log.h"
#include "engine/collection/collection_state.h"
#include "storage/json_parser.h"

namespace kith {
namespace {

constexpr const char* kConfigMeta = "config";
constexpr std::size_t kRowsAtOnce = 1024;

std::string StorePath(const std::string& path) { return path + "/store"; }

CatalogParams ParamsOf(const CollectionOpenParams& params, bool create) {
  return {.memory_bytes = params.catalog_memory_bytes, .create_if_missing = create};
}

}  // namespace

Collection::Impl::Impl(std::string path, CollectionOpenParams params, CollectionConfig config,
                       Catalog catalog)
    : path_(std::move(path)),
      params_(params),
      config_(std::move(config)),
      catalog_(std::move(catalog)) {
  for (const auto& [name, vector] : config_.vectors) {
    fields_.push_back(std::make_unique<VectorField>(name, vector, config_.optimizer));
  }
}

Result<std::unique_ptr<Collection::Impl>> Collection::Impl::Create(
    const std::string& path, const CollectionConfig& config, const CollectionOpenParams& params) {
  CollectionConfig numbered = config;
  NumberFields(numbered);
  TRY(ValidateConfig(numbered));
  {
    OutputDirectory directory = TRY(OutputDirectory::Create(path, OutputFile::IfExists::kRefuse));
    std::error_code error;
    std::filesystem::create_directory(directory.path() + "/segments", error);
    if (error) {
      return Error{ErrorCode::kIoError,
                   "cannot create " + directory.path() + "/segments: " + error.message()};
    }
    {
      Catalog catalog = TRY(Catalog::Open(StorePath(directory.path()), ParamsOf(params, true)));
      CatalogBatch batch;
      batch.PutMeta(kConfigMeta, ToJson(ConfigToJson(numbered)));
      TRY(catalog.Commit(batch, Durability::kSync));
    }
    TRY(directory.Commit());
  }
  return Open(path, params);
}

Result<std::unique_ptr<Collection::Impl>> Collection::Impl::Open(
    const std::string& path, const CollectionOpenParams& params) {
  Catalog catalog = TRY(Catalog::Open(StorePath(path), ParamsOf(params, false)));
  const std::optional<std::string> stored = TRY(catalog.GetMeta(kConfigMeta));
  if (!stored) {
    return Error{ErrorCode::kCorruption, path + ": the store has no collection configuration"};
  }
  const JsonValue json = TRY(ParseJson(*stored));
  CollectionConfig config = TRY(ConfigFromJson(json, path));
  std::unique_ptr<Impl> impl(new Impl(path, params, std::move(config), std::move(catalog)));
  TRY(impl->Load());
  if (params.background) impl->StartBackground();
  return impl;
}

Status Collection::Impl::Load() {
  TRY(LoadPoints());
  Manifest manifest;
  std::set<std::size_t> damaged;  // fields some of whose vectors are in no segment that is there
  Result<Manifest> read = ReadManifest(path_ + "/MANIFEST");
  if (read.ok() && read.value().sequence >= catalog_.trimmed_sequence() &&
      read.value().sequence <= catalog_.last_sequence()) {
    manifest = std::move(read).value();
  } else {
    if (!read.ok() && read.error().code == ErrorCode::kUnsupported) return read.error();
    const bool fresh =
        !read.ok() && read.error().code == ErrorCode::kNotFound && catalog_.trimmed_sequence() == 0;
    if (!fresh) {
      // A collection out of a snapshot has none, which is nothing to warn of.
      const bool absent = !read.ok() && read.error().code == ErrorCode::kNotFound;
      Log(absent ? LogLevel::kInfo : LogLevel::kWarning,
          path_ + ": segments are built again from the store: " +
              (read.ok() ? "the manifest does not fit it" : read.error().message));
      for (std::size_t field = 0; field < fields_.size(); ++field) damaged.insert(field);
    }
  }
  TRY(LoadSegments(manifest, damaged));
  generation_ = manifest.generation;
  payload_sequence_ = manifest.payload_sequence;
  TRY(ReplayVectors(manifest.sequence, damaged));
  TRY(LoadPayloadIndex(manifest.payload_sequence));
  Publish(catalog_.last_sequence());
  TRY(RemoveStrayFiles(manifest));
  return {};
}

Status Collection::Impl::LoadPoints() {
  slots_.Reserve(catalog_.stats().points);
  TRY(catalog_.ForEachPoint({}, [&](std::uint32_t slot, const CatalogPoint& point) -> Status {
    slots_.Insert(slot, point.id, point.version);
    return {};
  }));
  supply_.next = slots_.end();
  SlotSet unused = SlotSet::Range(0, slots_.end());
  unused.AndNot(slots_.live());
  supply_.free = unused.ToVector();
  std::reverse(supply_.free.begin(), supply_.free.end());
  return {};
}

Status Collection::Impl::LoadSegments(const Manifest& manifest, std::set<std::size_t>& damaged) {
  for (const ManifestEntry& entry : manifest.entries) {
    const auto field = std::ranges::find_if(
        fields_, [&](const auto& f) { return f->config().field == entry.field; });
    if (field == fields_.end()) continue;  // a vector that was removed
    (*field)->ReserveSerial(entry.serial);
    const std::string name = SegmentFileName(entry.field, entry.serial);
    const std::string file = path_ + "/segments/" + name;
    auto segment =
        SealedSegment::Open(file, name, entry.serial,
                            (*field)->config().on_disk ? LoadMode::kMapped : LoadMode::kResident);
    Status adopted;
    if (!segment.ok()) {
      if (segment.error().code == ErrorCode::kUnsupported) return segment.error();
      adopted = segment.error();
    } else if (segment.value()->rows() != entry.rows ||
               segment.value()->index().info().dim != (*field)->config().size) {
      adopted = Error{ErrorCode::kCorruption, file + ": another size than the manifest says"};
    } else {
      std::shared_ptr<DeletedBits> bits;
      if (entry.deleted) bits = std::make_shared<DeletedBits>(*entry.deleted);
      adopted = (*field)->Adopt(std::move(segment).value(), std::move(bits));
    }
    if (!adopted.ok()) {
      LogWarning(path_ + ": vectors of a segment are taken from the store again: " +
                 adopted.error().message);
      damaged.insert(static_cast<std::size_t>(field - fields_.begin()));
    }
  }
  return {};
}

Result<std::vector<std::uint32_t>> Collection::Impl::TouchedAfter(std::uint64_t sequence) const {
  std::vector<std::uint32_t> touched;
  TRY(catalog_.ForEachChange(sequence,
                             [&](std::uint64_t, std::span<const std::uint32_t> slots) -> Status {
                               touched.insert(touched.end(), slots.begin(), slots.end());
                               return {};
                             }));
  std::sort(touched.begin(), touched.end());
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
  return touched;
}

// Takes the stored vectors of the slots into live segments.
Status Collection::Impl::PutStored(std::size_t field, std::span<const std::uint32_t> slots,
                                   std::uint64_t sequence) {
  VectorField& to = *fields_[field];
  for (std::size_t begin = 0; begin < slots.size(); begin += kRowsAtOnce) {
    const auto batch = slots.subspan(begin, std::min(kRowsAtOnce, slots.size() - begin));
    const auto stored = TRY(catalog_.GetVectors(to.config().field, batch));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (!stored[i]) continue;
      const std::vector<float> vector = TRY(VectorFromBytes(to.config(), *stored[i]));
      TRY(to.Put(batch[i], vector, sequence));
    }
  }
  return {};
}

Status Collection::Impl::RestoreField(std::size_t field, std::uint64_t sequence) {
  VectorField& to = *fields_[field];
  return catalog_.ForEachVector(
      to.config().field, {}, [&](std::uint32_t slot, std::string_view bytes) -> Status {
        if (to.Has(slot) || !slots_.live().Contains(slot)) return {};
        const std::vector<float> vector = TRY(VectorFromBytes(to.config(), bytes));
        return to.Put(slot, vector, sequence);
      });
}

Status Collection::Impl::ReplayVectors(std::uint64_t after, const std::set<std::size_t>& damaged) {
  std::vector<std::uint32_t> touched;
  if (after >= catalog_.trimmed_sequence()) touched = TRY(TouchedAfter(after));
  for (std::size_t field = 0; field < fields_.size(); ++field) {
    for (const std::uint32_t slot : touched) fields_[field]->Erase(slot);
    if (damaged.count(field) > 0) {
      // Sequence 1: until all of it is sealed again, the manifest proves nothing.
      TRY(RestoreField(field, 1));
    } else {
      TRY(PutStored(field, touched, after + 1));
    }
  }
  return {};
}

Status Collection::Impl::LoadPayloadIndex(std::uint64_t sequence) {
  const std::optional<std::string> stored = TRY(catalog_.GetMeta(kIndexesMeta));
  if (!stored) return {};
  const JsonValue list = TRY(ParseJson(*stored));
  PayloadIndex wanted;
  if (list.is_array()) {
    for (const JsonValue& entry : list.array()) {
      const JsonValue* field = entry.Find("field");
      const JsonValue* schema = entry.Find("schema");
      if (field == nullptr || !field->is_string() || schema == nullptr) {
        return Error{ErrorCode::kCorruption, path_ + ": bad list of payload indexes"};
      }
      const JsonPath key = TRY(JsonPath::Parse(field->string()));
      const FieldSchema parsed = TRY(ParseFieldSchema(*schema));
      TRY(wanted.AddField(key, parsed));
    }
  }
  const auto same_fields = [&](const PayloadIndex& index) {
    const auto a = index.fields(), b = wanted.fields();
    return std::ranges::equal(a, b, [](const FieldInfo& x, const FieldInfo& y) {
      return x.path == y.path && x.schema == y.schema;
    });
  };
  if (sequence > 0 && sequence >= catalog_.trimmed_sequence() &&
      sequence <= catalog_.last_sequence()) {
    Result<PayloadIndex> saved = PayloadIndex::Load(path_ + "/payload.kith");
    if (saved.ok() && same_fields(saved.value())) {
      payload_index_ = std::move(saved).value();
      const std::vector<std::uint32_t> touched = TRY(TouchedAfter(sequence));
      index_changes_ = touched.size();
      for (const std::uint32_t slot : touched) payload_index_.Erase(slot);
      for (std::size_t begin = 0; begin < touched.size(); begin += kRowsAtOnce) {
        const std::span batch(touched.data() + begin,
                              std::min(kRowsAtOnce, touched.size() - begin));
        const auto payloads = TRY(catalog_.GetPayloads(batch));
        for (std::size_t i = 0; i < batch.size(); ++i) {
          if (!payloads[i]) continue;
          const JsonValue payload = TRY(ParseJson(*payloads[i]));
          payload_index_.Put(batch[i], payload);
        }
      }
      return {};
    }
    if (!saved.ok() && saved.error().code == ErrorCode::kUnsupported) return saved.error();
  }
  payload_index_ = std::move(wanted);
  return RebuildPayloadIndex();
}

Status Collection::Impl::RebuildPayloadIndex() {
  if (payload_index_.empty()) return {};
  payload_sequence_ = 0;
  index_changes_ = slots_.size();
  return catalog_.ForEachPayload({}, [&](std::uint32_t slot, std::string_view json) -> Status {
    const JsonValue payload = TRY(ParseJson(json));
    payload_index_.Put(slot, payload);
    return {};
  });
}

Status Collection::Impl::RemoveStrayFiles(const Manifest& manifest) {
  std::set<std::string> listed;
  for (const ManifestEntry& entry : manifest.entries) {
    listed.insert(SegmentFileName(entry.field, entry.serial));
  }
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(path_ + "/segments", error)) {
    const std::string name = file.path().filename();
    if (listed.count(name) > 0) continue;
    std::error_code ignored;
    std::filesystem::remove(file.path(), ignored);
  }
  if (error) {
    return Error{ErrorCode::kIoError, path_ + "/segments: " + error.message()};
  }
  return {};
}

}  // namespace kith
