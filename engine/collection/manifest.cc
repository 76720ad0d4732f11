#include "engine/collection/manifest.h"

#include <bit>
#include <span>
#include <utility>

#include "core/bytes.h"
#include "index/vector_index.h"
#include "storage/segment_file.h"

namespace kith {
namespace {

constexpr std::uint32_t kManifestVersion = 1;
constexpr std::uint32_t kSegmentsMax = 100;  // of a manifest; each may have a section of its own

std::string SectionName(const ManifestEntry& entry) {
  return "deleted." + std::to_string(entry.field) + "." + std::to_string(entry.serial);
}

Status LoadDeleted(const SegmentReader& file, ManifestEntry& entry) {
  const std::span<const std::byte> bytes = TRY(file.VerifiedSection(SectionName(entry)));
  const std::size_t words = (std::size_t{entry.rows} + 63) / 64;
  const auto bad = [&](const std::string& what) {
    return Error{ErrorCode::kCorruption,
                 file.path() + ": section \"" + SectionName(entry) + "\": " + what};
  };
  if (bytes.size() != words * sizeof(std::uint64_t)) {
    return bad("expected " + std::to_string(words * 8) + " bytes, found " +
               std::to_string(bytes.size()));
  }
  DeletedBits bits(words);
  std::memcpy(bits.data(), bytes.data(), bytes.size());
  std::uint64_t count = 0;
  for (const std::uint64_t word : bits) count += std::popcount(word);
  const bool stray = entry.rows % 64 != 0 && (bits.back() >> (entry.rows % 64)) != 0;
  if (count != entry.deleted_count || stray) {
    return bad("expected " + std::to_string(entry.deleted_count) + " bits below " +
               std::to_string(entry.rows) + ", found " + std::to_string(count));
  }
  entry.deleted = std::make_shared<DeletedBits>(std::move(bits));
  return {};
}

}  // namespace

std::string SegmentFileName(std::uint16_t field, std::uint32_t serial) {
  return std::to_string(field) + "-" + std::to_string(serial) + ".kith";
}

Status WriteManifest(const Manifest& manifest, const std::string& path) {
  if (manifest.entries.size() > kSegmentsMax) {
    return Error{ErrorCode::kResourceExhausted,
                 path + ": " + std::to_string(manifest.entries.size()) +
                     " segments, expected at most " + std::to_string(kSegmentsMax)};
  }
  SegmentWriter writer =
      TRY(SegmentWriter::Create(path, "manifest", OutputFile::IfExists::kReplace));
  ByteWriter meta;
  meta.Put(kManifestVersion);
  meta.Put(static_cast<std::uint32_t>(manifest.entries.size()));
  meta.Put(manifest.generation);
  meta.Put(manifest.sequence);
  meta.Put(manifest.payload_sequence);
  for (const ManifestEntry& entry : manifest.entries) {
    meta.Put(entry.serial);
    meta.Put(entry.field);
    meta.Put(std::uint16_t{0});
    meta.Put(entry.rows);
    meta.Put(entry.deleted_count);
  }
  TRY(writer.AddSection("meta", meta.bytes()));
  for (const ManifestEntry& entry : manifest.entries) {
    if (entry.deleted_count == 0) continue;
    const std::span words(entry.deleted->data(), (std::size_t{entry.rows} + 63) / 64);
    TRY(writer.AddSection(SectionName(entry), std::as_bytes(words)));
  }
  return writer.Commit();
}

Result<Manifest> ReadManifest(const std::string& path) {
  const SegmentReader file = TRY(SegmentReader::Open(path, "manifest"));
  ByteReader meta(TRY(file.VerifiedSection("meta")), path + ": section \"meta\"");
  const auto version = TRY(meta.Get<std::uint32_t>());
  if (version > kManifestVersion) {
    return Error{ErrorCode::kUnsupported,
                 path + ": version " + std::to_string(version) + ", this kith reads up to " +
                     std::to_string(kManifestVersion) + ": use a newer kith"};
  }
  const auto count = TRY(meta.Get<std::uint32_t>());
  Manifest manifest;
  manifest.generation = TRY(meta.Get<std::uint64_t>());
  manifest.sequence = TRY(meta.Get<std::uint64_t>());
  manifest.payload_sequence = TRY(meta.Get<std::uint64_t>());
  if (count > kSegmentsMax) {
    return Error{ErrorCode::kCorruption, path + ": " + std::to_string(count) +
                                             " segments, expected at most " +
                                             std::to_string(kSegmentsMax)};
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    ManifestEntry entry;
    entry.serial = TRY(meta.Get<std::uint32_t>());
    entry.field = TRY(meta.Get<std::uint16_t>());
    const auto zero = TRY(meta.Get<std::uint16_t>());
    entry.rows = TRY(meta.Get<std::uint32_t>());
    entry.deleted_count = TRY(meta.Get<std::uint32_t>());
    if (zero != 0 || entry.serial == 0 || entry.rows > kIndexRowsMax ||
        entry.deleted_count > entry.rows) {
      return Error{ErrorCode::kCorruption, path + ": bad entry " + std::to_string(i)};
    }
    if (entry.deleted_count > 0) TRY(LoadDeleted(file, entry));
    manifest.entries.push_back(std::move(entry));
  }
  TRY(meta.Done());
  return manifest;
}

}  // namespace kith
