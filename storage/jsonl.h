// Texts out of a JSONL file (one JSON object a line, UTF-8), in blocks.
//
// The file is streamed: memory is one block and the longest line, whatever the size of the file.
// Lines of white space only are skipped, as is a byte order mark at the head of the file.  Of a
// name that an object holds twice, the first counts.
//
// Errors name file and line: kInvalidArgument (not a JSON object, missing field, field that is
// not a string, invalid UTF-8, a line over line_bytes_max, nesting over kJsonlDepthMax), and
// whatever reading gives.
// Objects are thread-compatible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace kith {

inline constexpr std::uint64_t kJsonlLineBytesMax = std::uint64_t{16} << 20;
inline constexpr std::size_t kJsonlFieldsMax = 64;
inline constexpr std::size_t kJsonlDepthMax = 1024;

struct JsonlParams {
  // String fields of a text, joined by one space in this order; an empty string adds nothing.
  std::vector<std::string> fields = {"text"};
  // A missing (or null) field counts as an empty string instead of an error.
  bool allow_missing = false;
  std::uint64_t line_bytes_max = kJsonlLineBytesMax;  // at most kJsonlLineBytesMax
};

// Consecutive texts back to back.  A value.
class TextBlock {
 public:
  std::size_t size() const { return ends_.size(); }
  bool empty() const { return ends_.empty(); }
  // REQUIRES: i < size().
  std::string_view text(std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(begin, ends_[i] - begin);
  }
  std::uint64_t line(std::size_t i) const { return lines_[i]; }  // 1-based, in the file
  std::size_t bytes() const { return bytes_.size(); }

  void Append(std::string_view text, std::uint64_t line) {
    bytes_ += text;
    ends_.push_back(bytes_.size());
    lines_.push_back(line);
  }

 private:
  std::string bytes_;
  std::vector<std::size_t> ends_;
  std::vector<std::uint64_t> lines_;
};

// A file that yields texts: one a line.
class TextReader {
 public:
  virtual ~TextReader() = default;
  // The next texts: ends with the one that reaches one of the limits; empty at the end of the
  // file.  After an error the reader is of no further use.  REQUIRES: both limits > 0.
  virtual Result<TextBlock> Next(std::size_t texts_max, std::size_t bytes_max) = 0;
  // Bytes of the file, and how many of them have been read, for progress.
  virtual std::uint64_t file_bytes() const = 0;
  virtual std::uint64_t bytes_read() const = 0;
};

// Errors: kInvalidArgument also for no field, an empty or doubled field name, more than
// kJsonlFieldsMax fields.
Result<std::unique_ptr<TextReader>> OpenJsonl(const std::string& path, const JsonlParams& params);

// Every line is a text as it stands, without its line end ("\n" or "\r\n"); empty lines are empty
// texts.
Result<std::unique_ptr<TextReader>> OpenPlainLines(const std::string& path,
                                                   std::uint64_t line_bytes_max);

// One line of JSONL, for callers that have it in memory.  Thread-compatible.
class JsonlParser {
 public:
  // Checks as OpenJsonl.
  static Result<JsonlParser> Create(const JsonlParams& params);
  ~JsonlParser();
  JsonlParser(JsonlParser&& other) noexcept;
  JsonlParser& operator=(JsonlParser&& other) noexcept;

  // The text of `line`, or nothing for a blank one.  `where` opens error messages
  // ("docs.jsonl:17").  The view lasts until the next call.
  Result<std::optional<std::string_view>> Parse(std::string_view line, std::string_view where);

 private:
  class Impl;
  explicit JsonlParser(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

bool IsValidUtf8(std::string_view text);

}  // namespace kith
