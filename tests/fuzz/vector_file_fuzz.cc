// Any bytes as a vector file; the first byte picks the format.  HDF5 is left out: its library does
// not withstand hostile bytes, see storage/README.md.
//
// Rows that can be read are the same after being written in the same format.
#include "storage/vector_file.h"

#include <cstring>

#include "tests/fuzz/fuzz_input.h"

namespace kith {
namespace {

constexpr const char* kExtensions[] = {".fvecs", ".bvecs", ".ivecs", ".npy",
                                       ".fbin",  ".u8bin", ".i8bin", ".ibin"};
constexpr std::size_t kFormats = std::size(kExtensions);
constexpr std::uint64_t kBytesMax = 16 << 20;

Result<std::vector<std::byte>> ReadRows(const VectorReader& reader) {
  const VectorFileInfo& info = reader.info();
  std::vector<std::byte> rows(info.rows * info.dim * DataTypeBytes(info.type));
  if (const Status status = reader.ReadRaw(0, info.rows, rows); !status.ok()) {
    return status.error();
  }
  return rows;
}

void CheckRoundTrip(const VectorReader& reader, const std::vector<std::byte>& rows,
                    const char* extension) {
  const VectorFileInfo& info = reader.info();
  const ScratchFile copy(std::string("vectors-copy") + extension);
  auto writer =
      VectorWriter::Create(copy.path(), info.type, info.dim, OutputFile::IfExists::kReplace);
  KITH_FUZZ_CHECK(writer.ok());
  KITH_FUZZ_CHECK(writer.value()->AppendRaw(rows).ok());
  KITH_FUZZ_CHECK(writer.value()->Commit().ok());
  const auto back = VectorReader::Open(copy.path());
  KITH_FUZZ_CHECK(back.ok());
  KITH_FUZZ_CHECK(back.value()->info().rows == info.rows);
  KITH_FUZZ_CHECK(ReadRows(*back.value()).value() == rows);
}

void Check(const char* extension, std::string_view bytes) {
  const ScratchFile file(std::string("vectors") + extension);
  file.Write(bytes);
  const auto all = ReadAllF32(file.path(), kBytesMax);
  const auto reader = VectorReader::Open(file.path());
  if (!reader.ok()) {
    KITH_FUZZ_CHECK(!all.ok());
    return;
  }
  const VectorFileInfo& info = reader.value()->info();
  KITH_FUZZ_CHECK(info.dim <= kDimMax && (info.dim > 0 || info.rows == 0));
  KITH_FUZZ_CHECK(info.rows * info.dim * DataTypeBytes(info.type) <= bytes.size());
  const auto rows = ReadRows(*reader.value());
  KITH_FUZZ_CHECK(rows.ok() == all.ok());
  KITH_FUZZ_CHECK(ReadAllI32(file.path(), kBytesMax).ok() ==
                  (rows.ok() && info.type == DataType::kI32));
  if (rows.ok() && info.dim > 0) CheckRoundTrip(*reader.value(), rows.value(), extension);
}

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds;
  for (std::size_t format = 0; format < kFormats; ++format) {
    for (const DataType type :
         {DataType::kF32, DataType::kF16, DataType::kU8, DataType::kI8, DataType::kI32}) {
      const ScratchFile file(std::string("vectors-seed") + kExtensions[format]);
      auto writer = VectorWriter::Create(file.path(), type, 3, OutputFile::IfExists::kReplace);
      if (!writer.ok()) continue;
      const float rows[] = {1, 2, 3, 4, 5, 6};
      KITH_FUZZ_CHECK(writer.value()->AppendF32({rows, 2, 3}).ok());
      KITH_FUZZ_CHECK(writer.value()->Commit().ok());
      seeds.push_back(static_cast<char>(format) + file.Read());
    }
  }
  return seeds;
}

}  // namespace
}  // namespace kith

KITH_FUZZ_SEEDS(kith::Seeds)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  kith::Check(kith::kExtensions[data[0] % kith::kFormats],
              {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
