// The wall around simdjson: nothing else includes it.  Its document parser is used rather than the
// on-demand one: that one skips what nobody asks for, so a broken line could pass as a good one.
#include "storage/jsonl.h"

#include <simdjson.h>

#include <algorithm>
#include <cassert>

#include "storage/line_reader.h"

namespace kith {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

Status Check(const JsonlParams& params) {
  const auto wrong = [](std::string message) {
    return Error{ErrorCode::kInvalidArgument, "JSONL fields: " + std::move(message)};
  };
  if (params.fields.empty()) return wrong("expected at least one name, found none");
  if (params.fields.size() > kJsonlFieldsMax) {
    return wrong("expected at most " + std::to_string(kJsonlFieldsMax) + " names, found " +
                 std::to_string(params.fields.size()));
  }
  for (auto name = params.fields.begin(); name != params.fields.end(); ++name) {
    if (name->empty()) return wrong("a name is empty");
    if (std::find(params.fields.begin(), name, *name) != name) {
      return wrong("\"" + *name + "\" is named twice");
    }
  }
  if (params.line_bytes_max == 0 || params.line_bytes_max > kJsonlLineBytesMax) {
    return Error{ErrorCode::kInvalidArgument,
                 "JSONL line limit: expected 1 to " + std::to_string(kJsonlLineBytesMax) +
                     " bytes, found " + std::to_string(params.line_bytes_max)};
  }
  return {};
}

const char* TypeName(simdjson::dom::element_type type) {
  switch (type) {
    case simdjson::dom::element_type::ARRAY:
      return "an array";
    case simdjson::dom::element_type::OBJECT:
      return "an object";
    case simdjson::dom::element_type::STRING:
      return "a string";
    case simdjson::dom::element_type::BOOL:
      return "true or false";
    case simdjson::dom::element_type::NULL_VALUE:
      return "null";
    default:
      return "a number";
  }
}

std::string ParseErrorText(simdjson::error_code error) {
  switch (error) {
    case simdjson::UTF8_ERROR:
      return "invalid UTF-8";
    case simdjson::DEPTH_ERROR:
      return "nested deeper than " + std::to_string(kJsonlDepthMax) + " levels";
    case simdjson::MEMALLOC:
      return "no memory for the line";
    default:
      return std::string("not valid JSON (") + simdjson::error_message(error) + ")";
  }
}

}  // namespace

class JsonlParser::Impl {
 public:
  explicit Impl(JsonlParams params) : params_(std::move(params)) {}

  Status Allocate() {
    // Grows with the lines; the limit keeps a single one from asking for more.
    parser_ = simdjson::dom::parser(kJsonlLineBytesMax + simdjson::SIMDJSON_PADDING);
    if (parser_.allocate(kFirstLineBytes, kJsonlDepthMax) != simdjson::SUCCESS) {
      return Error{ErrorCode::kResourceExhausted, "no memory for the JSON parser"};
    }
    return {};
  }

  Result<std::optional<std::string_view>> Parse(std::string_view line, std::string_view where) {
    const auto wrong = [&](std::string message) {
      return Error{ErrorCode::kInvalidArgument, std::string(where) + ": " + std::move(message)};
    };
    if (line.size() > params_.line_bytes_max) {
      return wrong("line of " + std::to_string(line.size()) + " bytes, the longest allowed has " +
                   std::to_string(params_.line_bytes_max));
    }
    if (line.find_first_not_of(kBlanks) == std::string_view::npos) {
      return std::optional<std::string_view>();
    }
    simdjson::dom::element document;
    if (const auto error = parser_.parse(line.data(), line.size(), true).get(document)) {
      return wrong("expected one JSON object: " + ParseErrorText(error));
    }
    simdjson::dom::object object;
    if (document.get_object().get(object) != simdjson::SUCCESS) {
      return wrong(std::string("expected a JSON object, found ") + TypeName(document.type()));
    }
    text_.clear();
    for (const std::string& name : params_.fields) {
      simdjson::dom::element value;
      const bool present = object.at_key(name).get(value) == simdjson::SUCCESS;
      if (params_.allow_missing && (!present || value.is_null())) continue;
      if (!present) {
        return wrong("no field \"" + name + "\"; fields are " + NamesOf(object));
      }
      std::string_view piece;
      if (value.get_string().get(piece) != simdjson::SUCCESS) {
        return wrong("field \"" + name + "\": expected a string, found " + TypeName(value.type()));
      }
      if (piece.empty()) continue;
      if (!text_.empty()) text_ += ' ';
      text_ += piece;
    }
    return std::optional<std::string_view>(text_);
  }

 private:
  static constexpr std::size_t kFirstLineBytes = 4096;
  static constexpr std::size_t kNamesShown = 8;
  static constexpr std::size_t kNameBytesShown = 40;

  static std::string NamesOf(simdjson::dom::object object) {
    std::string names;
    std::size_t shown = 0;
    for (const simdjson::dom::key_value_pair field : object) {
      if (shown == kNamesShown) return names + ", ...";
      if (shown++ > 0) names += ", ";
      names += '"';
      names += field.key.substr(0, kNameBytesShown);
      names += '"';
    }
    return names.empty() ? "none" : names;
  }

  JsonlParams params_;
  simdjson::dom::parser parser_;
  std::string text_;
};

JsonlParser::JsonlParser(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
JsonlParser::~JsonlParser() = default;
JsonlParser::JsonlParser(JsonlParser&& other) noexcept = default;
JsonlParser& JsonlParser::operator=(JsonlParser&& other) noexcept = default;

Result<JsonlParser> JsonlParser::Create(const JsonlParams& params) {
  TRY(Check(params));
  auto impl = std::make_unique<Impl>(params);
  TRY(impl->Allocate());
  return JsonlParser(std::move(impl));
}

Result<std::optional<std::string_view>> JsonlParser::Parse(std::string_view line,
                                                           std::string_view where) {
  return impl_->Parse(line, where);
}

namespace {

class JsonlReader final : public TextReader {
 public:
  JsonlReader(LineReader lines, JsonlParser parser)
      : lines_(std::move(lines)), parser_(std::move(parser)) {}

  Result<TextBlock> Next(std::size_t texts_max, std::size_t bytes_max) override {
    assert(texts_max > 0 && bytes_max > 0);
    TextBlock block;
    while (block.size() < texts_max && block.bytes() < bytes_max) {
      const std::optional<std::string_view> line = TRY(lines_.Next());
      if (!line) break;
      const std::optional<std::string_view> text = TRY(parser_.Parse(*line, lines_.Where()));
      if (text) block.Append(*text, lines_.line());
    }
    return block;
  }

  std::uint64_t file_bytes() const override { return lines_.file_bytes(); }
  std::uint64_t bytes_read() const override { return lines_.bytes_read(); }

 private:
  LineReader lines_;
  JsonlParser parser_;
};

class PlainLinesReader final : public TextReader {
 public:
  explicit PlainLinesReader(LineReader lines) : lines_(std::move(lines)) {}

  Result<TextBlock> Next(std::size_t texts_max, std::size_t bytes_max) override {
    assert(texts_max > 0 && bytes_max > 0);
    TextBlock block;
    while (block.size() < texts_max && block.bytes() < bytes_max) {
      const std::optional<std::string_view> line = TRY(lines_.Next());
      if (!line) break;
      if (!IsValidUtf8(*line)) {
        return Error{ErrorCode::kInvalidArgument,
                     lines_.Where() + ": expected a line of text, found invalid UTF-8"};
      }
      block.Append(*line, lines_.line());
    }
    return block;
  }

  std::uint64_t file_bytes() const override { return lines_.file_bytes(); }
  std::uint64_t bytes_read() const override { return lines_.bytes_read(); }

 private:
  LineReader lines_;
};

}  // namespace

Result<std::unique_ptr<TextReader>> OpenJsonl(const std::string& path, const JsonlParams& params) {
  JsonlParser parser = TRY(JsonlParser::Create(params));
  LineReader lines = TRY(LineReader::Open(path, params.line_bytes_max));
  return std::unique_ptr<TextReader>(
      std::make_unique<JsonlReader>(std::move(lines), std::move(parser)));
}

Result<std::unique_ptr<TextReader>> OpenPlainLines(const std::string& path,
                                                   std::uint64_t line_bytes_max) {
  if (line_bytes_max == 0) {
    return Error{ErrorCode::kInvalidArgument, "line limit: expected at least 1 byte, found 0"};
  }
  LineReader lines = TRY(LineReader::Open(path, line_bytes_max));
  return std::unique_ptr<TextReader>(std::make_unique<PlainLinesReader>(std::move(lines)));
}

bool IsValidUtf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace kith
