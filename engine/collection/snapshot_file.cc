#include "engine/collection/snapshot_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "core/crc32c.h"
#include "core/system_call.h"
#include "storage/json_parser.h"

namespace kith {
namespace {

constexpr std::string_view kMagic("KITHSNP\0", 8);
constexpr std::string_view kFileMark = "FILE", kFooterMark = "KEND";
constexpr std::size_t kHeadBytes = 20;  // header without meta, and file without name and data
constexpr std::size_t kFooterBytes = 24;
constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// Why a snapshot cannot hold a file of that name; null: it can.
const char* NameFault(std::string_view name) {
  if (name.empty() || name.size() > kSnapshotNameBytesMax) return "is empty or too long";
  std::size_t parts = 0;
  for (std::size_t begin = 0; begin <= name.size(); ++parts) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    if (part.find_first_not_of('.') == std::string_view::npos) return "leads elsewhere";
    if (part.size() > kSnapshotPartBytesMax) return "has a part that is too long";
    for (const char c : part) {
      const bool known = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
      if (!known) return "has a character that is none of letters, digits, '.', '_' and '-'";
    }
    begin = end + 1;
  }
  return parts > kSnapshotNamePartsMax ? "lies too deep" : nullptr;
}

// Why a file cannot stand beside those before it; null: it can, and is among them from here on.
const char* ClashOf(const std::string& name, std::set<std::string>& names,
                    std::set<std::string>& folders) {
  if (folders.count(name) > 0) return "is a folder too";
  for (std::size_t end = name.find('/'); end != std::string::npos; end = name.find('/', end + 1)) {
    const std::string folder = name.substr(0, end);
    if (names.count(folder) > 0) return "is below another file";
    folders.insert(folder);
  }
  return names.insert(name).second ? nullptr : "is there twice";
}

std::string MetaText(const SnapshotMeta& meta) {
  JsonObject json;
  json.Set("collection", meta.collection);
  json.Set("created_unix_s", meta.created_unix_s);
  json.Set("points", meta.points);
  return ToJson(std::move(json));
}

std::optional<SnapshotMeta> ParseMeta(std::string_view text) {
  const Result<JsonValue> json = ParseJson(text);
  if (!json.ok()) return std::nullopt;
  const JsonValue* collection = json.value().Find("collection");
  const JsonValue* created = json.value().Find("created_unix_s");
  const JsonValue* points = json.value().Find("points");
  if (collection == nullptr || !collection->is_string() || created == nullptr ||
      !created->AsUint64() || points == nullptr || !points->AsUint64()) {
    return std::nullopt;
  }
  return SnapshotMeta{collection->string(), *created->AsUint64(), *points->AsUint64()};
}

// mark or magic | u32 | u64 and so on, then the checksum of that and of `text`, then `text`.
Status AppendHead(OutputFile& out, std::span<const std::byte> head, std::string_view text) {
  const std::uint32_t crc = Crc32cExtend(Crc32c(head), Bytes(text));
  TRY(out.Append(head));
  TRY(out.Append(std::as_bytes(std::span(&crc, 1))));
  return out.Append(text);
}

struct SourceFile {
  std::string name;
  std::uint64_t bytes = 0;
};

Result<std::vector<SourceFile>> FilesBelow(const std::string& folder) {
  namespace fs = std::filesystem;
  std::vector<SourceFile> files;
  std::error_code error;
  for (fs::recursive_directory_iterator i(folder, error), end; !error && i != end;
       i.increment(error)) {
    if (i->is_directory(error) || error) continue;
    const std::string path = i->path();
    SourceFile file{path.substr(folder.size() + 1), i->file_size(error)};
    if (error) break;
    if (const char* fault = NameFault(file.name)) {
      return Error{ErrorCode::kInvalidArgument,
                   path + ": a snapshot cannot hold it: its name " + fault};
    }
    files.push_back(std::move(file));
  }
  if (error) return SystemError(error.value(), "cannot read " + folder);
  if (files.size() > kSnapshotFilesMax) {
    return Error{ErrorCode::kResourceExhausted,
                 folder + ": expected at most " + std::to_string(kSnapshotFilesMax) +
                     " files for a snapshot, found " + std::to_string(files.size())};
  }
  std::ranges::sort(files, {}, &SourceFile::name);
  return files;
}

Result<std::uint32_t> AppendFile(OutputFile& out, const std::string& folder,
                                 const SourceFile& source, const Cancellation& cancellation,
                                 Progress& progress) {
  ByteWriter head;
  head.PutArray(std::span(kFileMark.data(), kFileMark.size()));
  head.Put(static_cast<std::uint32_t>(source.name.size()));
  head.Put(source.bytes);
  TRY(AppendHead(out, head.bytes(), source.name));
  const File file = TRY(File::Open(folder + "/" + source.name));
  std::vector<std::byte> piece;
  std::uint32_t crc = 0;
  for (std::uint64_t at = 0; at < source.bytes; at += piece.size()) {
    TRY(cancellation.Check());
    piece.resize(std::min<std::uint64_t>(kPieceBytes, source.bytes - at));
    TRY(file.ReadAt(at, piece));
    crc = Crc32cExtend(crc, piece);
    TRY(out.Append(piece));
    progress.Advance(piece.size());
  }
  TRY(out.Append(std::as_bytes(std::span(&crc, 1))));
  return crc;
}

// Reads a file of the archive from front to back; every fault names its place.
class Cursor {
 public:
  Cursor(const File& file, std::uint64_t at) : file_(file), at_(at) {}

  std::uint64_t at() const { return at_; }
  std::uint64_t left() const { return file_.bytes() - at_; }
  Error Corrupt(const std::string& what) const {
    return Error{ErrorCode::kCorruption, file_.path() + ": snapshot is damaged at byte " +
                                             std::to_string(at_) + ": " + what};
  }
  Status Read(std::span<std::byte> out) {
    if (out.size() > left()) {
      return Corrupt("expected " + std::to_string(out.size()) + " more bytes, found " +
                     std::to_string(left()) + ": it is cut off");
    }
    TRY(file_.ReadAt(at_, out));
    at_ += out.size();
    return {};
  }
  template <typename T>
  Result<T> Get() {
    T value;
    TRY(Read(std::as_writable_bytes(std::span(&value, 1))));
    return value;
  }

 private:
  const File& file_;
  std::uint64_t at_;
};

template <typename T>
T At(std::span<const std::byte> bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

bool BeginsWith(std::span<const std::byte> bytes, std::string_view text) {
  return std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

// The text that follows a head whose checksum covers both.
Result<std::string> ReadText(Cursor& cursor, std::span<const std::byte> head, std::size_t bytes) {
  std::string text(bytes, '\0');
  TRY(cursor.Read(std::as_writable_bytes(std::span(text.data(), text.size()))));
  const std::uint32_t crc = Crc32cExtend(Crc32c(head.first(kHeadBytes - 4)), Bytes(text));
  if (crc != At<std::uint32_t>(head, kHeadBytes - 4)) {
    return cursor.Corrupt("a checksum does not match");
  }
  return text;
}

}  // namespace

Result<SnapshotTotals> WriteSnapshot(const SnapshotWriteParams& params,
                                     const Cancellation& cancellation, Progress& progress) {
  OutputFile out = TRY(OutputFile::Create(params.output, params.if_exists));
  const std::vector<SourceFile> files = TRY(FilesBelow(params.folder));
  SnapshotTotals totals{.files = static_cast<std::uint32_t>(files.size()), .data_bytes = 0};
  for (const SourceFile& file : files) totals.data_bytes += file.bytes;
  const std::string meta = MetaText(params.meta);
  ByteWriter header;
  header.PutArray(std::span(kMagic.data(), kMagic.size()));
  header.Put(kSnapshotVersion);
  header.Put(static_cast<std::uint32_t>(meta.size()));
  TRY(AppendHead(out, header.bytes(), meta));
  progress.Start("snapshot", totals.data_bytes);
  std::uint32_t crcs = 0;
  for (const SourceFile& file : files) {
    const std::uint32_t crc = TRY(AppendFile(out, params.folder, file, cancellation, progress));
    crcs = Crc32cExtend(crcs, std::as_bytes(std::span(&crc, 1)));
  }
  ByteWriter footer;
  footer.PutArray(std::span(kFooterMark.data(), kFooterMark.size()));
  footer.Put(totals.files);
  footer.Put(totals.data_bytes);
  footer.Put(crcs);
  footer.Put(Crc32c(footer.bytes()));
  TRY(out.Append(footer.bytes()));
  TRY(out.Commit());
  return totals;
}

Result<SnapshotReader> SnapshotReader::Open(const std::string& path) {
  File file = TRY(File::Open(path));
  Cursor cursor(file, 0);
  std::array<std::byte, kHeadBytes> head;
  if (file.bytes() < kMagic.size()) {
    return Error{ErrorCode::kCorruption, path + " is not a snapshot of a collection"};
  }
  TRY(file.ReadAt(0, std::span(head).first(kMagic.size())));
  if (!BeginsWith(head, kMagic)) {
    return Error{ErrorCode::kCorruption, path + " is not a snapshot of a collection"};
  }
  TRY(cursor.Read(head));
  const auto version = At<std::uint32_t>(head, 8);
  if (version > kSnapshotVersion) {
    return Error{
        ErrorCode::kUnsupported,
        path + ": snapshot of version " + std::to_string(version) + ", written by a newer kith"};
  }
  const auto meta_bytes = At<std::uint32_t>(head, 12);
  if (version == 0 || meta_bytes > kSnapshotMetaBytesMax) {
    return cursor.Corrupt("the header is none");
  }
  const std::string text = TRY(ReadText(cursor, head, meta_bytes));
  std::optional<SnapshotMeta> meta = ParseMeta(text);
  if (!meta) return cursor.Corrupt("the header does not say what it is of");
  const std::uint64_t files_at = cursor.at();
  return SnapshotReader(std::move(file), std::move(*meta), files_at);
}

Result<SnapshotTotals> SnapshotReader::Visit(const Visitor& visitor,
                                             const Cancellation& cancellation,
                                             Progress& progress) const {
  Cursor cursor(file_, files_at_);
  SnapshotTotals totals;
  std::set<std::string> names, folders;
  std::uint32_t crcs = 0;
  std::vector<std::byte> piece;
  for (;;) {
    std::array<std::byte, kFooterBytes> head;
    TRY(cursor.Read(std::span(head).first(kHeadBytes)));
    if (BeginsWith(head, kFooterMark)) {
      TRY(cursor.Read(std::span(head).subspan(kHeadBytes)));
      if (Crc32c(std::span(head).first(kHeadBytes)) != At<std::uint32_t>(head, kHeadBytes) ||
          At<std::uint32_t>(head, 4) != totals.files ||
          At<std::uint64_t>(head, 8) != totals.data_bytes || At<std::uint32_t>(head, 16) != crcs) {
        return cursor.Corrupt("the footer does not match what is before it");
      }
      if (cursor.left() > 0) {
        return cursor.Corrupt(std::to_string(cursor.left()) + " bytes too many");
      }
      return totals;
    }
    const auto name_bytes = At<std::uint32_t>(head, 4);
    const auto bytes = At<std::uint64_t>(head, 8);
    if (!BeginsWith(head, kFileMark) || name_bytes > kSnapshotNameBytesMax ||
        totals.files == kSnapshotFilesMax) {
      return cursor.Corrupt("expected a file or the footer");
    }
    const std::string name = TRY(ReadText(cursor, head, name_bytes));
    if (const char* fault = NameFault(name))
      return cursor.Corrupt("a file's name " + std::string(fault));
    if (const char* clash = ClashOf(name, names, folders)) {
      return cursor.Corrupt("file " + name + " " + clash);
    }
    if (bytes > cursor.left()) {
      return cursor.Corrupt("file " + name + " has " + std::to_string(bytes) + " bytes, found " +
                            std::to_string(cursor.left()) + ": it is cut off");
    }
    TRY(visitor.begin(name));
    std::uint32_t crc = 0;
    for (std::uint64_t left = bytes; left > 0; left -= piece.size()) {
      TRY(cancellation.Check());
      piece.resize(std::min<std::uint64_t>(kPieceBytes, left));
      TRY(cursor.Read(piece));
      crc = Crc32cExtend(crc, piece);
      TRY(visitor.data(piece));
      progress.Advance(piece.size());
    }
    const auto expected = TRY(cursor.Get<std::uint32_t>());
    if (crc != expected) return cursor.Corrupt("the checksum of file " + name + " does not match");
    TRY(visitor.end());
    crcs = Crc32cExtend(crcs, std::as_bytes(std::span(&crc, 1)));
    ++totals.files;
    totals.data_bytes += bytes;
  }
}

Result<SnapshotTotals> SnapshotReader::Verify(const Cancellation& cancellation,
                                              Progress& progress) const {
  progress.Start("verify", bytes());
  return Visit({.begin = [](const std::string&) -> Status { return {}; },
                .data = [](std::span<const std::byte>) -> Status { return {}; },
                .end = []() -> Status { return {}; }},
               cancellation, progress);
}

Result<SnapshotTotals> SnapshotReader::Extract(const std::string& folder,
                                               const Cancellation& cancellation,
                                               Progress& progress) const {
  progress.Start("restore", bytes());
  std::optional<OutputFile> out;
  std::set<std::string> folders = {folder};
  const auto begin = [&](const std::string& name) -> Status {
    const std::string path = folder + "/" + name;
    for (std::string in = FolderOf(path); folders.insert(in).second;) in = FolderOf(in);
    std::error_code error;
    std::filesystem::create_directories(FolderOf(path), error);
    if (error) return SystemError(error.value(), "cannot create " + FolderOf(path));
    out.emplace(TRY(OutputFile::Create(path, OutputFile::IfExists::kRefuse)));
    return {};
  };
  const auto data = [&](std::span<const std::byte> bytes) { return out->Append(bytes); };
  const auto end = [&] { return out->Commit(); };
  const SnapshotTotals totals =
      TRY(Visit({.begin = begin, .data = data, .end = end}, cancellation, progress));
  for (const std::string& made : folders) TRY(SyncFolder(made));
  return totals;
}

}  // namespace kith
