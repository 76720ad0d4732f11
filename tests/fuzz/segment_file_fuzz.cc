// Any bytes as a segment file.  Each input is also read with its header and table checksums made
// right, or nothing behind them would ever be reached.
//
// The layout leaves no choice, so a file that verifies is exactly what the writer makes of its
// sections.
#include "storage/segment_file.h"

#include <cstring>

#include "core/crc32c.h"
#include "tests/fuzz/fuzz_input.h"

namespace kith {
namespace {

constexpr std::size_t kTableOffsetAt = 16, kFileBytesAt = 24, kTableCrcAt = 56, kHeaderCrcAt = 60;

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

template <typename T>
void Put(std::string& bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof(T));
}

std::string Resealed(std::string bytes) {
  std::uint64_t table_at = 0;
  std::memcpy(&table_at, bytes.data() + kTableOffsetAt, sizeof(table_at));
  Put(bytes, kFileBytesAt, std::uint64_t{bytes.size()});
  if (table_at <= bytes.size()) {
    Put(bytes, kTableCrcAt, Crc32c(Bytes(std::string_view(bytes).substr(table_at))));
  }
  Put(bytes, kHeaderCrcAt, Crc32c(Bytes(std::string_view(bytes).substr(0, kHeaderCrcAt))));
  return bytes;
}

std::string Rewritten(const SegmentReader& reader) {
  const ScratchFile file("segment-copy");
  auto writer = SegmentWriter::Create(file.path(), reader.kind(), OutputFile::IfExists::kReplace);
  KITH_FUZZ_CHECK(writer.ok());
  for (const SegmentSection& section : reader.sections()) {
    KITH_FUZZ_CHECK(
        writer.value().AddSection(section.name, reader.Section(section.name).value()).ok());
  }
  KITH_FUZZ_CHECK(writer.value().Commit().ok());
  return file.Read();
}

void Check(const std::string& bytes) {
  static const ScratchFile file("segment");
  file.Write(bytes);
  const auto reader = SegmentReader::Open(file.path(), "");
  if (!reader.ok()) return;
  bool intact = true;
  for (const SegmentSection& section : reader.value().sections()) {
    intact &= reader.value().VerifiedSection(section.name).ok();
    reader.value().AdviseRandom(section.name);
  }
  const bool verified = reader.value().VerifyAll(Cancellation::Never(), Progress::None()).ok();
  KITH_FUZZ_CHECK(intact || !verified);
  if (verified) KITH_FUZZ_CHECK(Rewritten(reader.value()) == bytes);
}

std::vector<std::string> Seeds() {
  const ScratchFile file("segment-seed");
  std::vector<std::string> seeds;
  for (const std::size_t sections : {0, 1, 4}) {
    auto writer = SegmentWriter::Create(file.path(), "sample", OutputFile::IfExists::kReplace);
    for (std::size_t i = 0; i < sections; ++i) {
      const std::string bytes(i * 50, 'x');
      KITH_FUZZ_CHECK(writer.value().AddSection("s" + std::to_string(i), Bytes(bytes)).ok());
    }
    KITH_FUZZ_CHECK(writer.value().Commit().ok());
    seeds.push_back(file.Read());
  }
  return seeds;
}

}  // namespace
}  // namespace kith

KITH_FUZZ_SEEDS(kith::Seeds)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  kith::Check(bytes);
  if (size >= 64) kith::Check(kith::Resealed(bytes));
  return 0;
}
