// Lines of a text file, streamed: memory is the longest line and one read of 256 KiB.
//
// A line ends at "\n", "\r\n" or the end of the file; its end is not part of it.  A UTF-8 byte
// order mark at the head of the file is skipped.
//
// Errors: kInvalidArgument (a line over the limit: file, line number, limit), and whatever
// core/file.h gives.  Thread-compatible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"
#include "core/result.h"

namespace kith {

class LineReader {
 public:
  // REQUIRES: line_bytes_max > 0.
  static Result<LineReader> Open(const std::string& path, std::uint64_t line_bytes_max);

  // The next line, or nothing at the end of the file.  The view lasts until the next call.
  Result<std::optional<std::string_view>> Next();
  // Of the line returned last, from 1.
  std::uint64_t line() const { return line_; }
  // "docs.jsonl:17", for messages about that line.
  std::string Where() const { return file_.path() + ":" + std::to_string(line_); }

  std::uint64_t file_bytes() const { return file_.bytes(); }
  std::uint64_t bytes_read() const { return offset_ - (end_ - begin_); }  // of lines returned

 private:
  LineReader(File file, std::uint64_t line_bytes_max);
  // Reads on behind end_, after moving the open line to the front.
  Status Fill();

  File file_;
  std::uint64_t line_bytes_max_;
  std::uint64_t offset_ = 0;  // of the file: read so far
  std::uint64_t line_ = 0;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;  // bytes of buffer_ not yet returned
};

}  // namespace kith
