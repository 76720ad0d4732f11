#include "storage/segment_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>

#include "core/aligned_buffer.h"
#include "core/crc32c.h"
#include "storage/little_endian.h"

// The layout leaves no choice: sections follow one another in table order with nothing but the
// zero padding between them, the table follows the last and ends the file.  So the reader compares
// every offset with the only one it can have, which rules out overlap, gaps and offsets outside
// the file at once, and VerifyAll finds every flipped bit: header, table and sections by their
// checksums, padding because it must be zero.
//
// The header keeps its size and the places of magic, version and header_crc in every later version:
// the checksum is compared before the version is believed.

namespace kith {
namespace {

constexpr char kMagic[8] = {'K', 'I', 'T', 'H', 'S', 'E', 'G', '\0'};
// Between two looks at the cancellation; also what is mapped at once ahead of the checksum.
constexpr std::uint64_t kVerifyChunkBytes = std::uint64_t{8} << 20;

struct Header {
  char magic[8];
  std::uint32_t version;
  std::uint32_t section_count;
  std::uint64_t table_offset;
  std::uint64_t file_bytes;
  char kind[24];
  std::uint32_t table_crc;
  std::uint32_t header_crc;
};
static_assert(sizeof(Header) == kSegmentAlignment);

struct Entry {
  char name[32];
  std::uint64_t offset;
  std::uint64_t bytes;
  std::uint32_t crc;
  std::uint32_t zero;
};
static_assert(sizeof(Entry) == 56);

std::uint32_t HeaderCrc(const Header& header) {
  return Crc32c(BytesOf(header).first(sizeof(Header) - sizeof(header.header_crc)));
}

std::string Hex(std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof(text), "0x%08x", value);
  return text;
}

std::string Quoted(std::string_view name) { return '"' + std::string(name) + '"'; }

// Printable ASCII without spaces: what may stand in a message or a terminal as it is.
bool IsName(std::string_view name, std::size_t field_bytes) {
  return !name.empty() && name.size() < field_bytes &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

void PutName(std::string_view name, std::span<char> field) {
  assert(name.size() < field.size());
  std::copy(name.begin(), name.end(), field.begin());
}

// The text of a zero-padded field, or nothing when it is not one.
std::optional<std::string> GetName(std::span<const char> field) {
  const auto end = std::find(field.begin(), field.end(), '\0');
  const std::string name(field.begin(), end);
  const bool padded = std::all_of(end, field.end(), [](char c) { return c == '\0'; });
  if (!padded || !IsName(name, field.size())) return std::nullopt;
  return name;
}

Error Corruption(const std::string& path, const std::string& what) {
  return Error{ErrorCode::kCorruption, path + ": " + what};
}

std::string Where(const SegmentSection& section) {
  return "section " + Quoted(section.name) + " at offset " + std::to_string(section.offset) + " (" +
         std::to_string(section.bytes) + " bytes)";
}

Result<Header> ReadHeader(const std::string& path, std::span<const std::byte> file) {
  if (file.size() < sizeof(kMagic) || std::memcmp(file.data(), kMagic, sizeof(kMagic)) != 0) {
    return Corruption(path, "not a kith segment file: no magic \"KITHSEG\" at offset 0 of " +
                                std::to_string(file.size()) + " bytes");
  }
  if (file.size() < sizeof(Header)) {
    return Corruption(path, "truncated: the header takes " + std::to_string(sizeof(Header)) +
                                " bytes at offset 0, the file has " + std::to_string(file.size()));
  }
  const auto header = LoadAt<Header>(file);
  if (header.header_crc != HeaderCrc(header)) {
    return Corruption(path, "header at offset 0: checksum is " + Hex(HeaderCrc(header)) +
                                ", expected " + Hex(header.header_crc));
  }
  if (header.version > kSegmentFileVersion) {
    return Error{ErrorCode::kUnsupported,
                 path + ": segment file version " + std::to_string(header.version) +
                     " at offset 8; this build reads up to " + std::to_string(kSegmentFileVersion) +
                     ": use a newer kith"};
  }
  if (header.version == 0) return Corruption(path, "segment file version 0 at offset 8");
  if (header.file_bytes != file.size()) {
    return Corruption(path, "header says " + std::to_string(header.file_bytes) +
                                " bytes at offset 24, the file has " + std::to_string(file.size()));
  }
  return header;
}

Result<std::span<const std::byte>> TableBytes(const std::string& path, const Header& header,
                                              std::span<const std::byte> file) {
  if (header.section_count > kSegmentSectionsMax) {
    return Corruption(path, std::to_string(header.section_count) +
                                " sections at offset 12, at most " +
                                std::to_string(kSegmentSectionsMax));
  }
  const std::uint64_t table_bytes = header.section_count * sizeof(Entry);
  if (header.table_offset < sizeof(Header) || header.table_offset > file.size() ||
      file.size() - header.table_offset != table_bytes) {
    return Corruption(path, "table of " + std::to_string(header.section_count) + " sections (" +
                                std::to_string(table_bytes) + " bytes) at offset " +
                                std::to_string(header.table_offset) + " does not end the file of " +
                                std::to_string(file.size()));
  }
  const auto table = file.subspan(header.table_offset);
  if (Crc32c(table) != header.table_crc) {
    return Corruption(path, "table at offset " + std::to_string(header.table_offset) +
                                ": checksum is " + Hex(Crc32c(table)) + ", expected " +
                                Hex(header.table_crc));
  }
  return table;
}

// Entry `index` of the table, which must start at `expected_offset` and end by `end`.
Result<SegmentSection> ReadEntry(const std::string& path, std::span<const std::byte> table,
                                 std::size_t index, std::uint64_t expected_offset,
                                 std::uint64_t end) {
  const auto entry = LoadAt<Entry>(table, index * sizeof(Entry));
  const auto name = GetName(entry.name);
  if (!name) {
    return Corruption(path, "section " + std::to_string(index) +
                                " of the table has no zero-padded printable name");
  }
  SegmentSection section{*name, entry.offset, entry.bytes, entry.crc};
  if (section.offset != expected_offset) {
    return Corruption(
        path, Where(section) + " should start at offset " + std::to_string(expected_offset));
  }
  if (section.offset > end || section.bytes > end - section.offset) {
    return Corruption(
        path, Where(section) + " reaches beyond the table at offset " + std::to_string(end));
  }
  if (entry.zero != 0) return Corruption(path, Where(section) + ": reserved field is not zero");
  return section;
}

Result<std::vector<SegmentSection>> ReadTable(const std::string& path, const Header& header,
                                              std::span<const std::byte> file) {
  const auto table = TRY(TableBytes(path, header, file));
  std::vector<SegmentSection> sections;
  std::uint64_t position = sizeof(Header);
  for (std::size_t i = 0; i < header.section_count; ++i) {
    sections.push_back(TRY(ReadEntry(path, table, i, position, header.table_offset)));
    const SegmentSection& section = sections.back();
    const auto same = [&](const SegmentSection& other) { return other.name == section.name; };
    if (std::any_of(sections.begin(), sections.end() - 1, same)) {
      return Corruption(path, Where(section) + ": a second section of that name");
    }
    position = RoundUp(section.offset + section.bytes, kSegmentAlignment);
  }
  if (position != header.table_offset) {
    return Corruption(path, "table at offset " + std::to_string(header.table_offset) +
                                " should start at offset " + std::to_string(position));
  }
  return sections;
}

// Maps the pages of a range that will be read once, many at a time: a fault for every 64 KiB
// would cost as much as the checksum.  False for a page that the system cannot read (a bad disk,
// a file shortened since it was opened), which would end the process with SIGBUS when touched.
bool Populate(std::span<const std::byte> range) {
#ifdef MADV_POPULATE_READ
  static const std::uintptr_t page_bytes = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(range.data()) / page_bytes * page_bytes;
  const auto end = reinterpret_cast<std::uintptr_t>(range.data() + range.size());
  const int failed = madvise(reinterpret_cast<void*>(begin), end - begin, MADV_POPULATE_READ);
  return failed == 0 || (errno != EFAULT && errno != EHWPOISON);  // else: an older kernel
#else
  (void)range;
  return true;
#endif
}

}  // namespace

Result<SegmentWriter> SegmentWriter::Create(const std::string& path, std::string_view kind,
                                            OutputFile::IfExists if_exists) {
  assert(IsName(kind, sizeof(Header::kind)));
  SegmentWriter writer(TRY(OutputFile::Create(path, if_exists)), kind);
  TRY(writer.file_.Append(BytesOf(Header{})));  // the place; Commit fills it
  return writer;
}

SegmentWriter::SegmentWriter(OutputFile file, std::string_view kind)
    : file_(std::move(file)), kind_(kind) {}

void SegmentWriter::Begin(std::string_view name) {
  assert(!open_ && IsName(name, sizeof(Entry::name)));
  assert(file_.position() % kSegmentAlignment == 0);
  sections_.push_back({std::string(name), file_.position(), 0, 0});
  open_ = true;
}

Status SegmentWriter::Append(std::span<const std::byte> bytes) {
  assert(open_);
  TRY(file_.Append(bytes));
  SegmentSection& section = sections_.back();
  section.crc = Crc32cExtend(section.crc, bytes);
  section.bytes += bytes.size();
  return {};
}

Status SegmentWriter::End() {
  assert(open_);
  open_ = false;
  return file_.PadTo(kSegmentAlignment);
}

Status SegmentWriter::AddSection(std::string_view name, std::span<const std::byte> bytes) {
  Begin(name);
  TRY(Append(bytes));
  return End();
}

Status SegmentWriter::Commit() {
  assert(!open_);
  if (!IsName(kind_, sizeof(Header::kind)) || sections_.size() > kSegmentSectionsMax) {
    return Error{ErrorCode::kInvalidArgument,
                 file_.path() + ": a segment file has a kind of 1 to 23 bytes and at most " +
                     std::to_string(kSegmentSectionsMax) + " sections; found kind " +
                     Quoted(kind_) + " and " + std::to_string(sections_.size()) + " sections"};
  }
  Header header{};
  std::copy(std::begin(kMagic), std::end(kMagic), header.magic);
  header.version = kSegmentFileVersion;
  header.section_count = static_cast<std::uint32_t>(sections_.size());
  header.table_offset = file_.position();
  header.file_bytes = file_.position() + sections_.size() * sizeof(Entry);
  PutName(kind_, header.kind);

  for (const SegmentSection& section : sections_) {
    if (!IsName(section.name, sizeof(Entry::name))) {
      return Error{ErrorCode::kInvalidArgument, file_.path() + ": section name " +
                                                    Quoted(section.name) +
                                                    " is not 1 to 31 printable bytes"};
    }
    Entry entry{.name = {},
                .offset = section.offset,
                .bytes = section.bytes,
                .crc = section.crc,
                .zero = 0};
    PutName(section.name, entry.name);
    header.table_crc = Crc32cExtend(header.table_crc, BytesOf(entry));
    TRY(file_.Append(BytesOf(entry)));
  }
  header.header_crc = HeaderCrc(header);
  TRY(file_.WriteAt(0, BytesOf(header)));
  return file_.Commit();
}

Result<SegmentReader> SegmentReader::Open(const std::string& path, std::string_view kind) {
  MappedFile file = TRY(MappedFile::Open(path));
  const Header header = TRY(ReadHeader(path, file.bytes()));
  const auto found = GetName(header.kind);
  if (!found) return Corruption(path, "no zero-padded printable kind at offset 32");
  if (!kind.empty() && *found != kind) {
    return Error{ErrorCode::kInvalidArgument,
                 path + ": a kith file of kind " + Quoted(*found) + ", expected " + Quoted(kind)};
  }
  std::vector<SegmentSection> sections = TRY(ReadTable(path, header, file.bytes()));
  return SegmentReader(std::move(file), *found, std::move(sections));
}

SegmentReader::SegmentReader(MappedFile file, std::string kind,
                             std::vector<SegmentSection> sections)
    : file_(std::move(file)), kind_(std::move(kind)), sections_(std::move(sections)) {}

const SegmentSection* SegmentReader::Find(std::string_view name) const {
  const auto found = std::find_if(sections_.begin(), sections_.end(),
                                  [&](const SegmentSection& s) { return s.name == name; });
  return found == sections_.end() ? nullptr : &*found;
}

bool SegmentReader::Has(std::string_view name) const { return Find(name) != nullptr; }

Result<std::span<const std::byte>> SegmentReader::Section(std::string_view name) const {
  const SegmentSection* section = Find(name);
  if (section == nullptr) {
    return Corruption(path(), "no section " + Quoted(name) + " in this file of kind " +
                                  Quoted(kind_) + " (" + std::to_string(sections_.size()) +
                                  " sections)");
  }
  return file_.bytes().subspan(section->offset, section->bytes);
}

Result<std::span<const std::byte>> SegmentReader::VerifiedSection(std::string_view name) const {
  const auto bytes = TRY(Section(name));
  TRY(VerifySection(*Find(name), Cancellation::Never(), Progress::None()));
  return bytes;
}

void SegmentReader::AdviseRandom(std::string_view name) const {
  if (const SegmentSection* section = Find(name)) {
    file_.AdviseRandom(section->offset, section->bytes);
  }
}

Status SegmentReader::VerifySection(const SegmentSection& section, const Cancellation& cancellation,
                                    Progress& progress) const {
  auto rest = file_.bytes().subspan(section.offset, section.bytes);
  std::uint32_t crc = 0;
  while (!rest.empty()) {
    TRY(cancellation.Check());
    const auto chunk = rest.first(std::min<std::uint64_t>(rest.size(), kVerifyChunkBytes));
    if (!Populate(chunk)) {
      return Error{ErrorCode::kIoError,
                   path() + ": cannot read " + Where(section) + ", in the " +
                       std::to_string(chunk.size()) + " bytes at offset " +
                       std::to_string(section.offset + section.bytes - rest.size()) +
                       ": a disk error, or the file was shortened while in use"};
    }
    crc = Crc32cExtend(crc, chunk);
    rest = rest.subspan(chunk.size());
    progress.Advance(chunk.size());
  }
  if (crc != section.crc) {
    return Corruption(
        path(), Where(section) + ": checksum is " + Hex(crc) + ", expected " + Hex(section.crc));
  }
  return {};
}

Status SegmentReader::VerifyPadding(const SegmentSection& section) const {
  const std::uint64_t end = section.offset + section.bytes;
  const auto padding = file_.bytes().subspan(end, RoundUp(end, kSegmentAlignment) - end);
  for (std::size_t i = 0; i < padding.size(); ++i) {
    if (padding[i] != std::byte{0}) {
      return Corruption(path(), "padding after section " + Quoted(section.name) + " at offset " +
                                    std::to_string(end + i) + " is not zero");
    }
  }
  return {};
}

Status SegmentReader::VerifyAll(const Cancellation& cancellation, Progress& progress) const {
  progress.Start("verify", bytes());
  for (const SegmentSection& section : sections_) {
    TRY(VerifySection(section, cancellation, progress));
    TRY(VerifyPadding(section));
  }
  return cancellation.Check();
}

}  // namespace kith
