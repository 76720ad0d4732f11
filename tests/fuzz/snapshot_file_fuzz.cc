// Any bytes as a snapshot.  Each input is also read with the checksum of its header and of its
// first file's head made right, or little behind them would be reached.
//
// The layout leaves no choice, so a file that verifies is extracted, and what is extracted makes
// the same totals again; nothing appears outside the folder.
#include "engine/collection/snapshot_file.h"

#include <cstring>
#include <filesystem>

#include "core/crc32c.h"
#include "tests/fuzz/fuzz_input.h"

namespace kith {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHeadBytes = 20;

std::uint32_t Crc(std::string_view a, std::string_view b) {
  return Crc32cExtend(Crc32c(std::as_bytes(std::span(a))), std::as_bytes(std::span(b)));
}

// The head at `at` with the checksum of itself and of the text behind it; returns where that ends.
std::size_t Seal(std::string& bytes, std::size_t at, std::size_t length_at) {
  if (at + kHeadBytes > bytes.size()) return bytes.size();
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data() + at + length_at, sizeof(length));
  const std::string_view view(bytes);
  const std::string_view text = view.substr(at + kHeadBytes, length);
  const std::uint32_t crc = Crc(view.substr(at, kHeadBytes - 4), text);
  std::memcpy(bytes.data() + at + kHeadBytes - 4, &crc, sizeof(crc));
  return at + kHeadBytes + text.size();
}

void Check(const std::string& bytes) {
  static const ScratchFile file("snapshot");
  static const std::string folder = file.path() + ".d";
  file.Write(bytes);
  const auto reader = SnapshotReader::Open(file.path());
  if (!reader.ok()) return;
  const auto verified = reader.value().Verify(Cancellation::Never(), Progress::None());
  fs::remove_all(folder);
  fs::create_directories(folder + "/in");
  const auto extracted =
      reader.value().Extract(folder + "/in", Cancellation::Never(), Progress::None());
  KITH_FUZZ_CHECK(verified.ok() == extracted.ok());
  std::size_t outside = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    outside += entry.path().filename() != "in" ? 1 : 0;
  }
  KITH_FUZZ_CHECK(outside == 0);
  if (verified.ok()) {
    SnapshotWriteParams params;
    params.meta = reader.value().meta();
    params.folder = folder + "/in";
    params.output = folder + "/again";
    const auto written = WriteSnapshot(params, Cancellation::Never(), Progress::None());
    KITH_FUZZ_CHECK(written.ok());
    KITH_FUZZ_CHECK(written.value().files == verified.value().files);
    KITH_FUZZ_CHECK(written.value().data_bytes == verified.value().data_bytes);
  }
  fs::remove_all(folder);
}

std::vector<std::string> Seeds() {
  const ScratchFile file("snapshot-seed");
  const std::string folder = file.path() + ".d";
  std::vector<std::string> seeds;
  for (const int files : {0, 1, 3}) {
    fs::remove_all(folder);
    fs::create_directories(folder + "/store/rocksdb");
    for (int i = 0; i < files; ++i) {
      std::ofstream(folder + "/store/rocksdb/" + std::to_string(i)) << std::string(i * 40, 'x');
    }
    SnapshotWriteParams params;
    params.meta = {.collection = "docs", .created_unix_s = 1, .points = 2};
    params.folder = folder;
    params.output = file.path();
    params.if_exists = OutputFile::IfExists::kReplace;
    KITH_FUZZ_CHECK(WriteSnapshot(params, Cancellation::Never(), Progress::None()).ok());
    seeds.push_back(file.Read());
  }
  fs::remove_all(folder);
  return seeds;
}

}  // namespace
}  // namespace kith

KITH_FUZZ_SEEDS(kith::Seeds)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  kith::Check(bytes);
  const std::size_t first_file = kith::Seal(bytes, 0, 12);
  kith::Seal(bytes, first_file, 4);
  kith::Check(bytes);
  return 0;
}
