#include "storage/line_reader.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace kith {
namespace {

constexpr std::size_t kReadBytes = std::size_t{256} << 10;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

LineReader::LineReader(File file, std::uint64_t line_bytes_max)
    : file_(std::move(file)), line_bytes_max_(line_bytes_max) {}

Result<LineReader> LineReader::Open(const std::string& path, std::uint64_t line_bytes_max) {
  assert(line_bytes_max > 0);
  LineReader reader(TRY(File::Open(path)), line_bytes_max);
  TRY(reader.Fill());
  if (std::string_view(reader.buffer_.data(), reader.end_).starts_with(kByteOrderMark)) {
    reader.begin_ = kByteOrderMark.size();
  }
  return reader;
}

Status LineReader::Fill() {
  const std::size_t held = end_ - begin_;
  if (begin_ > 0 && held > 0) std::memmove(buffer_.data(), buffer_.data() + begin_, held);
  begin_ = 0;
  end_ = held;
  const std::size_t count =
      static_cast<std::size_t>(std::min<std::uint64_t>(kReadBytes, file_.bytes() - offset_));
  if (buffer_.size() < held + count) buffer_.resize(std::max(held + count, buffer_.size() * 2));
  TRY(file_.ReadAt(offset_, std::as_writable_bytes(std::span(buffer_).subspan(held, count))));
  offset_ += count;
  end_ += count;
  return {};
}

Result<std::optional<std::string_view>> LineReader::Next() {
  std::size_t searched = 0;
  std::size_t length = 0, separator = 0;  // of the line, of its end
  for (;;) {
    const char* const start = buffer_.data() + begin_;
    const std::size_t held = end_ - begin_;
    const void* const found =
        held > searched ? std::memchr(start + searched, '\n', held - searched) : nullptr;
    if (found != nullptr) {
      length = static_cast<std::size_t>(static_cast<const char*>(found) - start);
      separator = 1;
      break;
    }
    if (offset_ == file_.bytes()) {
      if (held == 0) return std::optional<std::string_view>();
      length = held;
      break;
    }
    searched = held;
    if (held > line_bytes_max_ + 1) break;  // the byte more may be the "\r" of "\r\n"
    TRY(Fill());
  }
  ++line_;
  std::string_view line(buffer_.data() + begin_, length);
  if (separator == 1 && line.ends_with('\r')) line.remove_suffix(1);
  if (line.size() > line_bytes_max_ || searched > line_bytes_max_ + 1) {
    return Error{ErrorCode::kInvalidArgument, Where() + ": line of more than " +
                                                  std::to_string(line_bytes_max_) +
                                                  " bytes, the longest allowed"};
  }
  begin_ += length + separator;
  return std::optional<std::string_view>(line);
}

}  // namespace kith
