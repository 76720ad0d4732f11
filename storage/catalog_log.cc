#include "storage/catalog_log.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <vector>

#include "core/crc32c.h"
#include "core/file.h"

namespace kith {
namespace {

constexpr std::size_t kBlockBytes = 32768;
constexpr std::size_t kHeaderBytes = 7;
constexpr std::size_t kTypeOffset = 6;
constexpr std::size_t kRecordHeaderBytes = 12;  // sequence and operations
constexpr std::size_t kPageBytes = 4096;        // what a loss of power loses as a whole

enum PieceType : std::uint8_t { kWhole = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

struct Piece {
  std::uint8_t type;
  std::span<const std::byte> bytes;
  std::size_t end;  // offset behind it
};

class LogBytes {
 public:
  explicit LogBytes(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::size_t size() const { return bytes_.size(); }

  // Where the next piece at or behind `offset` has to begin: blocks end in unused bytes.
  std::size_t PieceStart(std::size_t offset) const {
    const std::size_t left = kBlockBytes - offset % kBlockBytes;
    return left < kHeaderBytes ? offset + left : offset;
  }

  // Offset behind the piece that the header at `offset` tells of.  REQUIRES: the header is there.
  std::size_t ClaimedEnd(std::size_t offset) const {
    std::uint16_t piece_bytes;
    std::memcpy(&piece_bytes, bytes_.data() + offset + 4, sizeof(piece_bytes));
    return offset + kHeaderBytes + piece_bytes;
  }

  // The sound piece at `offset`, if there is one.
  std::optional<Piece> At(std::size_t offset) const {
    const std::size_t block_end = offset - offset % kBlockBytes + kBlockBytes;
    if (offset + kHeaderBytes > std::min(block_end, size())) return {};
    const std::size_t end = ClaimedEnd(offset);
    const auto type = std::to_integer<std::uint8_t>(bytes_[offset + kTypeOffset]);
    if (end > std::min(block_end, size()) || type < kWhole || type > kLast) return {};
    std::uint32_t masked;
    std::memcpy(&masked, bytes_.data() + offset, sizeof(masked));
    const std::uint32_t rotated = masked - 0xa282ead8u;
    const std::uint32_t crc = rotated >> 17 | rotated << 15;
    if (crc != Crc32c(bytes_.subspan(offset + kTypeOffset, end - offset - kTypeOffset))) return {};
    return Piece{.type = type,
                 .bytes = bytes_.subspan(offset + kHeaderBytes, end - offset - kHeaderBytes),
                 .end = end};
  }

  // Whether sound pieces fill the log from `offset` to the end of its block or of the file.  One
  // alone proves nothing: users may store bytes that look like it.
  bool SoundToBlockEnd(std::size_t offset) const {
    const std::size_t block = offset / kBlockBytes;
    std::optional<Piece> piece = At(offset);
    if (!piece) return false;
    while (piece) {
      offset = PieceStart(piece->end);
      if (piece->end == size() || offset / kBlockBytes != block) return true;
      piece = At(offset);
    }
    return false;
  }

  // The first offset behind `offset` from which on the log is sound again.
  std::optional<std::size_t> SoundAgain(std::size_t offset) const {
    for (std::size_t i = offset + 1; i + kHeaderBytes <= size(); ++i) {
      if (SoundToBlockEnd(i)) return i;
    }
    return {};
  }

  // Whether [begin, end) touches a page of the file that is all zeros behind `begin`.
  bool HasLostPage(std::size_t begin, std::size_t end) const {
    for (std::size_t page = begin - begin % kPageBytes; page < end; page += kPageBytes) {
      const std::size_t from = std::max(page, begin), to = std::min(page + kPageBytes, size());
      if (std::all_of(bytes_.begin() + static_cast<std::ptrdiff_t>(from),
                      bytes_.begin() + static_cast<std::ptrdiff_t>(to),
                      [](std::byte b) { return b == std::byte{0}; })) {
        return true;
      }
    }
    return false;
  }

 private:
  std::span<const std::byte> bytes_;
};

// Puts pieces together as far as needed: the first 12 bytes of each record.
class RecordHeads {
 public:
  // False when a piece of this type cannot come here.
  bool Add(const Piece& piece) {
    const bool begins = piece.type == kWhole || piece.type == kFirst;
    if (begins == inside_) return false;
    if (begins) head_bytes_ = 0;
    const std::size_t taken = std::min(piece.bytes.size(), head_.size() - head_bytes_);
    std::copy_n(piece.bytes.begin(), taken,
                head_.begin() + static_cast<std::ptrdiff_t>(head_bytes_));
    head_bytes_ += taken;
    inside_ = piece.type == kFirst || piece.type == kMiddle;
    if (inside_) return true;
    if (head_bytes_ < head_.size()) return true;  // in manifests
    std::uint64_t sequence;
    std::uint32_t operations;
    std::memcpy(&sequence, head_.data(), sizeof(sequence));
    std::memcpy(&operations, head_.data() + sizeof(sequence), sizeof(operations));
    if (!extent_.first) extent_.first = sequence;
    extent_.end = sequence + operations;
    return true;
  }
  bool inside() const { return inside_; }
  LogExtent& extent() { return extent_; }

 private:
  std::array<std::byte, kRecordHeaderBytes> head_;
  std::size_t head_bytes_ = 0;
  bool inside_ = false;
  LogExtent extent_;
};

Error Damaged(const std::string& name, std::size_t offset, const std::string& found) {
  return Error{ErrorCode::kCorruption, name + ": damaged at offset " + std::to_string(offset) +
                                           ": expected a log record, found " + found};
}

// Judges the piece at `offset` that is not sound: torn, or damaged.
Status CheckTear(const LogBytes& log, std::size_t offset, const std::string& name) {
  if (const std::optional<std::size_t> again = log.SoundAgain(offset)) {
    return Damaged(name, offset,
                   "other bytes, and records behind them at offset " + std::to_string(*again));
  }
  if (offset + kHeaderBytes > log.size()) return {};
  const std::size_t end = log.ClaimedEnd(offset);
  if (end > log.size() || log.HasLostPage(offset, end)) return {};
  return Damaged(name, offset, "one that fails its checksum");
}

// Log files of the folder in the order of their numbers.
Result<std::vector<std::string>> LogNames(const std::string& folder) {
  std::vector<std::pair<std::uint64_t, std::string>> logs;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename();
    std::uint64_t number = 0;
    const char* name_end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data(), name_end, number);
    if (parsed.ec == std::errc() && std::string_view(parsed.ptr, name_end) == ".log") {
      logs.emplace_back(number, at->path().string());
    }
  }
  if (error) return Error{ErrorCode::kIoError, folder + ": " + error.message()};
  std::sort(logs.begin(), logs.end());
  std::vector<std::string> names;
  names.reserve(logs.size());
  for (auto& [number, name] : logs) names.push_back(std::move(name));
  return names;
}

}  // namespace

Result<LogExtent> CheckLog(std::span<const std::byte> bytes, const std::string& name) {
  const LogBytes log(bytes);
  RecordHeads heads;
  for (std::size_t offset = 0; offset < log.size(); offset = log.PieceStart(offset)) {
    const std::optional<Piece> piece = log.At(offset);
    if (!piece) {
      TRY(CheckTear(log, offset, name));
      heads.extent().torn = true;
      return heads.extent();
    }
    if (!heads.Add(*piece)) {
      return Damaged(name, offset,
                     "a piece of type " + std::to_string(piece->type) + " out of order");
    }
    offset = piece->end;
  }
  heads.extent().torn = heads.inside();
  return heads.extent();
}

namespace {

Status CheckManifest(const std::string& folder) {
  const Result<std::string> current = ReadTextFile(folder + "/CURRENT", kPageBytes);
  // Without it RocksDB has words of its own.
  if (!current.ok() || !current.value().starts_with("MANIFEST-")) return {};
  const std::string path = folder + "/" + current.value().substr(0, current.value().find('\n'));
  const Result<MappedFile> file = MappedFile::Open(path);
  if (!file.ok() && file.error().code == ErrorCode::kNotFound) {
    return Error{ErrorCode::kCorruption, path + ": missing, though file CURRENT names it"};
  }
  if (!file.ok()) return file.error();
  TRY(CheckLog(file.value().bytes(), path));
  return {};
}

}  // namespace

Status CheckLogs(const std::string& folder) {
  TRY(CheckManifest(folder));
  const std::vector<std::string> names = TRY(LogNames(folder));
  std::string torn;  // the last log, if its end is
  std::optional<std::uint64_t> end;
  for (const std::string& name : names) {
    const Result<MappedFile> file = MappedFile::Open(name);
    if (!file.ok()) return file.error();
    const LogExtent extent = TRY(CheckLog(file.value().bytes(), name));
    if (!torn.empty() && extent.first && end && *extent.first > *end) {
      return Error{ErrorCode::kCorruption,
                   torn + ": expected records up to number " + std::to_string(*extent.first) +
                       ", where " + name + " goes on, found its end at " + std::to_string(*end)};
    }
    if (extent.first) {
      torn.clear();
      end = extent.end;
    }
    if (extent.torn) torn = name;
  }
  return {};
}

}  // namespace kith
