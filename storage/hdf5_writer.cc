#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <utility>

#include "storage/little_endian.h"
#include "storage/vector_format.h"

// Writes an HDF5 file of one two-dimensional dataset, byte by byte.
//
// The library would do it, but it writes under its own name for the file, stamps the time, stores a
// dataset whose rows are not known beforehand in chunks, and after a failed write cannot be shut
// down.  This way the file is contiguous as ann-benchmarks' are, appears complete or not at all,
// tells a full disk like every other format, and is the same bytes every time.
//
// "HDF5 File Format Specification Version 3.0" (The HDF Group), the oldest variant of everything:
//
//   0     superblock, version 0 (II.A), with the root group's symbol table entry
//   96    root group: object header, version 1 (IV.A.1.a), message Symbol Table
//   136   its B-tree, version 1 (III.A.1): one child
//   680   its local heap (III.D): the dataset's name
//   800   symbol table node (III.B): one entry
//   1128  dataset: object header with Dataspace, Datatype, Fill Value, Data Layout
//   2048  rows

namespace kith {
namespace {

constexpr std::uint64_t kNone = ~std::uint64_t{0};  // an undefined address
constexpr std::uint64_t kRootAt = 96, kTreeAt = 136, kHeapAt = 680, kHeapDataAt = 712;
constexpr std::uint64_t kSymbolsAt = 800, kDatasetAt = 1128, kRowsAt = 2048;
constexpr std::uint64_t kNameAt = 8;  // in the heap, behind the empty name
constexpr std::uint64_t kHeapDataBytes = kSymbolsAt - kHeapDataAt;
constexpr std::size_t kNameBytesMax = 63;  // leaves room for the heap's free block

class HeaderBytes {
 public:
  void Seek(std::uint64_t position) { position_ = position; }
  template <typename T>
  HeaderBytes& Put(T value) {
    assert(position_ + sizeof(T) <= bytes_.size());
    std::memcpy(bytes_.data() + position_, &value, sizeof(T));
    position_ += sizeof(T);
    return *this;
  }
  HeaderBytes& PutBytes(std::initializer_list<int> values) {
    for (const int value : values) Put(static_cast<std::uint8_t>(value));
    return *this;
  }
  HeaderBytes& PutText(std::string_view text) {
    for (const char c : text) Put(c);
    return *this;
  }
  // The head of a version 1 object header and of one of its messages.
  HeaderBytes& PutObject(int message_count, std::uint32_t messages_bytes) {
    return PutBytes({1, 0, message_count, 0}).Put(std::uint32_t{1}).Put(messages_bytes).Put(0u);
  }
  HeaderBytes& PutMessage(int type, int bytes) { return PutBytes({type, 0, bytes, 0, 0, 0, 0, 0}); }

  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(bytes_)); }

 private:
  std::array<char, kRowsAt> bytes_{};
  std::uint64_t position_ = 0;
};

void PutGroup(HeaderBytes& out, const std::string& name, std::uint64_t file_bytes) {
  out.PutText("\x89HDF\r\n\x1a\n");
  out.PutBytes({0, 0, 0, 0, 0, 8, 8, 0});   // versions; 8 bytes an offset and a length
  out.PutBytes({4, 0, 16, 0, 0, 0, 0, 0});  // half the entries of a symbol node, of a B-tree node
  out.Put(std::uint64_t{0}).Put(kNone).Put(file_bytes).Put(kNone);
  out.Put(std::uint64_t{0}).Put(kRootAt).Put(1u).Put(0u).Put(kTreeAt).Put(kHeapAt);

  out.Seek(kRootAt);
  out.PutObject(1, 24).PutMessage(0x11, 16).Put(kTreeAt).Put(kHeapAt);

  out.Seek(kTreeAt);
  out.PutText("TREE").PutBytes({0, 0, 1, 0}).Put(kNone).Put(kNone);
  out.Put(std::uint64_t{0}).Put(kSymbolsAt).Put(kNameAt);  // key, child, key

  const std::uint64_t free_at = kNameAt + (name.size() + 8) / 8 * 8;
  out.Seek(kHeapAt);
  out.PutText("HEAP").Put(0u).Put(kHeapDataBytes).Put(free_at).Put(kHeapDataAt);
  out.Seek(kHeapDataAt + kNameAt);
  out.PutText(name);
  out.Seek(kHeapDataAt + free_at);
  out.Put(std::uint64_t{1}).Put(kHeapDataBytes - free_at);  // 1: no further free block

  out.Seek(kSymbolsAt);
  out.PutText("SNOD").PutBytes({1, 0, 1, 0}).Put(kNameAt).Put(kDatasetAt);
}

// The Datatype message, 24 bytes.
void PutType(HeaderBytes& out, DataType type) {
  const auto bytes = static_cast<std::uint32_t>(DataTypeBytes(type));
  out.PutMessage(3, 24);
  if (type == DataType::kF32 || type == DataType::kF16) {
    const bool half = type == DataType::kF16;
    // Class 1; leading bit of the mantissa implied; place of the sign.  Then bits, the places and
    // sizes of exponent and mantissa, and the bias.
    out.PutBytes({0x11, 0x20, half ? 15 : 31, 0}).Put(bytes);
    out.PutBytes({0, 0, half ? 16 : 32, 0, half ? 10 : 23, half ? 5 : 8, 0, half ? 10 : 23});
    out.Put(half ? 15u : 127u).Put(0u);
  } else {
    const int is_signed = type == DataType::kU8 ? 0 : 8;
    out.PutBytes({0x10, is_signed, 0, 0}).Put(bytes);
    out.PutBytes({0, 0, static_cast<int>(8 * bytes), 0}).Put(0u).Put(std::uint64_t{0});
  }
}

class Hdf5Writer : public VectorWriter {
 public:
  Hdf5Writer(OutputFile file, const VectorWriterParams& params, std::string name)
      : VectorWriter(params.type, params.dim), file_(std::move(file)), name_(std::move(name)) {}

  Status Start() { return file_.Append(HeaderBytes().bytes()); }

  Status Commit() override {
    const std::uint64_t rows_bytes = rows_ * dim_ * DataTypeBytes(type_);
    HeaderBytes out;
    PutGroup(out, name_, kRowsAt + rows_bytes);
    out.Seek(kDatasetAt);
    out.PutObject(4, 32 + 32 + 16 + 32);
    out.PutMessage(1, 24).PutBytes({1, 2, 0, 0, 0, 0, 0, 0}).Put(rows_).Put(std::uint64_t{dim_});
    PutType(out, type_);
    out.PutMessage(5, 8).PutBytes({2, 2, 2, 1, 0, 0, 0, 0});  // the default fill value, never used
    out.PutMessage(8, 24).PutBytes({3, 1}).Put(rows_bytes > 0 ? kRowsAt : kNone).Put(rows_bytes);
    TRY(file_.WriteAt(0, out.bytes()));
    return file_.Commit();
  }

 private:
  Status Write(std::span<const std::byte> rows) override { return file_.Append(rows); }

  OutputFile file_;
  std::string name_;
};

}  // namespace

WriterResult CreateHdf5(const VectorSource& source, const VectorWriterParams& params) {
  std::string name = source.dataset.empty() ? std::string(kHdf5DefaultDataset) : source.dataset;
  const bool is_plain =
      std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f && c != '/'; });
  if (!is_plain || name.size() > kNameBytesMax || name == ".") {
    return Error{ErrorCode::kInvalidArgument,
                 source.path + ": dataset \"" + name + "\"; expected a name of 1 to " +
                     std::to_string(kNameBytesMax) + " printable bytes without '/'"};
  }
  auto writer = std::make_unique<Hdf5Writer>(TRY(OutputFile::Create(source.file, params.if_exists)),
                                             params, std::move(name));
  TRY(writer->Start());
  return WriterResult(std::move(writer));
}

}  // namespace kith
