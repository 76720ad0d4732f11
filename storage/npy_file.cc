#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "storage/little_endian.h"
#include "storage/vector_format.h"

// NumPy files: magic "\x93NUMPY", version, the length of a header (16 bits in version 1, 32 in 2
// and 3), the header, the values.  The header is the text of a Python dict with the keys descr,
// fortran_order and shape.  This parser knows that dict and no more Python, and what numpy writes
// for arrays that are no rows of numbers gets an error that says how to save them instead.

namespace kith {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::uint64_t kVersionEnd = 8;
// numpy writes 128 bytes; structured types can be long, and are refused anyway.
constexpr std::uint64_t kHeaderBytesMax = 64 << 10;
// What this writer uses: numpy's own choice for every shape that fits 64 bits.
constexpr std::size_t kWrittenBytes = 128;

struct NpyHeader {
  std::string descr;
  bool fortran_order = false;
  std::vector<std::uint64_t> shape;
  std::uint64_t data_offset = 0;
};

// Reads the dict from left to right.
class HeaderParser {
 public:
  HeaderParser(std::string path, std::uint64_t offset, std::string_view text)
      : path_(std::move(path)), offset_(offset), text_(text) {}

  Result<NpyHeader> Parse() {
    NpyHeader header;
    TRY(Expect('{'));
    while (!Take('}')) {
      const std::string key = TRY(String());
      TRY(Expect(':'));
      TRY(Value(key, header));
      if (!Take(',')) {
        TRY(Expect('}'));
        break;
      }
    }
    SkipSpace();
    if (position_ != text_.size()) return Wrong("the end of the header");
    if (!has_descr_ || !has_order_ || !has_shape_) {
      return Wrong("the keys 'descr', 'fortran_order' and 'shape'");
    }
    return header;
  }

 private:
  Status Value(const std::string& key, NpyHeader& header) {
    bool* seen = key == "descr"           ? &has_descr_
                 : key == "fortran_order" ? &has_order_
                 : key == "shape"         ? &has_shape_
                                          : nullptr;
    if (seen == nullptr || *seen) return Wrong("each of 'descr', 'fortran_order', 'shape' once");
    *seen = true;
    if (key == "descr") {
      SkipSpace();
      if (position_ < text_.size() && (text_[position_] == '[' || text_[position_] == '(')) {
        return Refuse("a structured type; save one field, as in np.save(f, a['name'])");
      }
      header.descr = TRY(String());
    } else if (key == "fortran_order") {
      header.fortran_order = TRY(Boolean());
    } else {
      header.shape = TRY(Shape());
    }
    return {};
  }

  Result<std::string> String() {
    SkipSpace();
    const char quote = position_ < text_.size() ? text_[position_] : '\0';
    if (quote != '\'' && quote != '"') return Wrong("a quoted string");
    const std::size_t end = text_.find(quote, position_ + 1);
    const std::string_view value =
        text_.substr(position_ + 1, end == text_.npos ? 0 : end - position_ - 1);
    if (end == text_.npos || value.find('\\') != value.npos) return Wrong("a plain quoted string");
    position_ = end + 1;
    return std::string(value);
  }

  Result<bool> Boolean() {
    SkipSpace();
    for (const bool value : {false, true}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.substr(position_).starts_with(word)) {
        position_ += word.size();
        return value;
      }
    }
    return Wrong("True or False");
  }

  Result<std::vector<std::uint64_t>> Shape() {
    std::vector<std::uint64_t> shape;
    TRY(Expect('('));
    while (!Take(')')) {
      SkipSpace();
      std::uint64_t size = 0;
      const char* begin = text_.data() + position_;
      const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), size);
      if (error != std::errc()) return Wrong("a size below 2^64");
      position_ += static_cast<std::size_t>(end - begin);
      if (position_ < text_.size() && text_[position_] == 'L') ++position_;  // from Python 2
      shape.push_back(size);
      if (!Take(',')) {
        TRY(Expect(')'));
        break;
      }
    }
    return shape;
  }

  void SkipSpace() {
    while (position_ < text_.size() && std::strchr(" \t\n", text_[position_]) != nullptr &&
           text_[position_] != '\0') {
      ++position_;
    }
  }

  bool Take(char c) {
    SkipSpace();
    if (position_ >= text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  Status Expect(char c) {
    if (!Take(c)) return Wrong(std::string("'") + c + "'");
    return {};
  }

  Error Wrong(const std::string& expected) const {
    return Refuse("a header where kith expects " + expected + " at offset " +
                  std::to_string(offset_ + position_));
  }
  Error Refuse(const std::string& what) const {
    return Error{ErrorCode::kInvalidArgument, path_ + ": has " + what};
  }

  std::string path_;
  std::uint64_t offset_;  // of text_ in the file
  std::string_view text_;
  std::size_t position_ = 0;
  bool has_descr_ = false, has_order_ = false, has_shape_ = false;
};

struct TypeName {
  DataType type;
  std::string_view descr;
};
constexpr TypeName kTypes[] = {{DataType::kF32, "<f4"},
                               {DataType::kF16, "<f2"},
                               {DataType::kU8, "|u1"},
                               {DataType::kI8, "|i1"},
                               {DataType::kI32, "<i4"}};

Result<DataType> ParseType(const std::string& path, const std::string& descr) {
  const auto refuse = [&](const std::string& what) {
    return Error{ErrorCode::kInvalidArgument, path + ": type '" + descr + "' " + what};
  };
  if (descr.size() < 2) return refuse("is no numpy type");
  const std::string_view kind = std::string_view(descr).substr(1);
  const bool is_byte = kind == "u1" || kind == "i1";
  for (const TypeName& known : kTypes) {
    if (known.descr.substr(1) != kind) continue;
    if (descr[0] == '>' && !is_byte) {
      return refuse("is big endian; save a.astype('<" + std::string(kind) + "')");
    }
    if (descr[0] == '<' || (is_byte && (descr[0] == '|' || descr[0] == '>'))) return known.type;
  }
  if (kind.starts_with('O')) return refuse("is pickled Python objects; save an array of numbers");
  if (kind == "f8") return refuse("has 64 bits; save a.astype('float32')");
  if (kind == "i8" || kind == "u8") return refuse("has 64 bits; save a.astype('int32')");
  return refuse("is not read; expected float32, float16, uint8, int8 or int32");
}

Result<NpyHeader> ReadHeader(const File& file, const std::string& path) {
  std::byte start[kVersionEnd + 4];
  const auto start_bytes = std::min<std::uint64_t>(sizeof(start), file.bytes());
  TRY(file.ReadAt(0, std::span(start, start_bytes)));
  if (start_bytes < kVersionEnd || std::memcmp(start, kMagic.data(), kMagic.size()) != 0) {
    return Error{ErrorCode::kInvalidArgument,
                 path + ": not a .npy file, no magic \"\\x93NUMPY\" at offset 0"};
  }
  const auto major = std::to_integer<unsigned>(start[6]),
             minor = std::to_integer<unsigned>(start[7]);
  if (major < 1 || major > 3 || minor != 0) {
    return Error{ErrorCode::kUnsupported, path + ": .npy version " + std::to_string(major) + "." +
                                              std::to_string(minor) +
                                              " at offset 6, expected 1.0, 2.0 or 3.0"};
  }
  const std::uint64_t header_offset = kVersionEnd + (major == 1 ? 2 : 4);
  if (file.bytes() < header_offset) {
    return Error{ErrorCode::kCorruption, path + ": ends at offset " + std::to_string(file.bytes()) +
                                             " in the length of the header"};
  }
  const std::uint64_t header_bytes = major == 1 ? LoadAt<std::uint16_t>(start, kVersionEnd)
                                                : LoadAt<std::uint32_t>(start, kVersionEnd);
  if (header_bytes > kHeaderBytesMax || header_bytes > file.bytes() - header_offset) {
    return Error{ErrorCode::kCorruption,
                 path + ": header of " + std::to_string(header_bytes) + " bytes at offset " +
                     std::to_string(header_offset) + ", the file has " +
                     std::to_string(file.bytes() - header_offset) + " there and at most " +
                     std::to_string(kHeaderBytesMax) + " are read"};
  }
  std::string text(header_bytes, '\0');
  TRY(file.ReadAt(header_offset, std::as_writable_bytes(std::span(text))));
  NpyHeader header = TRY(HeaderParser(path, header_offset, text).Parse());
  header.data_offset = header_offset + header_bytes;
  return header;
}

ReaderResult Open(const VectorSource& source) {
  File file = TRY(File::Open(source.file));
  const NpyHeader header = TRY(ReadHeader(file, source.path));
  const DataType type = TRY(ParseType(source.path, header.descr));
  VectorFileInfo info{source.path, "npy", type, 0, 0};
  const auto refuse = [&](const std::string& what) {
    return Error{ErrorCode::kInvalidArgument, source.path + ": " + what};
  };
  if (header.shape.size() != 1 && header.shape.size() != 2) {
    return refuse("array of " + std::to_string(header.shape.size()) +
                  " dimensions, expected 2 (rows, dim); save a.reshape(rows, dim)");
  }
  if (header.fortran_order) {
    return refuse("array in Fortran order; save np.ascontiguousarray(a)");
  }
  info.rows = header.shape[0];
  const std::uint64_t dim = header.shape.size() == 2 ? header.shape[1] : 1;
  TRY(CheckVectorDim(source.path, dim, info.rows));
  info.dim = static_cast<std::uint32_t>(dim);
  const std::uint64_t data_end = file.bytes();
  return OpenDenseRows(std::move(file), std::move(info), header.data_offset, data_end);
}

Result<std::string> Header(DataType type, std::uint32_t dim, std::uint64_t rows) {
  std::string_view descr;
  for (const TypeName& known : kTypes) {
    if (known.type == type) descr = known.descr;
  }
  std::string header(kMagic);
  header += {1, 0, static_cast<char>(kWrittenBytes - 10), 0};
  header += "{'descr': '" + std::string(descr) + "', 'fortran_order': False, 'shape': (" +
            std::to_string(rows) + ", " + std::to_string(dim) + "), }";
  header.resize(kWrittenBytes - 1, ' ');
  header += '\n';
  return header;
}

WriterResult Create(const VectorSource& source, const VectorWriterParams& params) {
  return CreateDenseRows(source.file, params, Header);
}

}  // namespace

std::span<const VectorFormat> NpyFormats() {
  static const VectorFormat formats[] = {
      {".npy",
       "npy",
       {DataType::kF32, DataType::kF16, DataType::kU8, DataType::kI8, DataType::kI32},
       false,
       Open,
       Create},
  };
  return formats;
}

}  // namespace kith
