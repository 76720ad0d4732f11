// Any bytes as a log of RocksDB, also with the checksum of the piece at the front made right, or
// nothing behind it would ever be reached: sound, torn, or corruption at an offset inside.
#include "storage/catalog_log.h"

#include <cstring>

#include "core/crc32c.h"
#include "tests/fuzz/fuzz_input.h"

namespace kith {
namespace {

constexpr std::size_t kHeaderBytes = 7;

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

// Makes every piece sound, each at the end of the one before, as far as lengths and bytes allow.
std::string Resealed(std::string bytes) {
  std::size_t offset = 0;
  while (offset + kHeaderBytes <= bytes.size()) {
    std::uint16_t piece_bytes;
    std::memcpy(&piece_bytes, bytes.data() + offset + 4, sizeof(piece_bytes));
    if (piece_bytes > bytes.size() - offset - kHeaderBytes) break;
    const std::uint32_t crc =
        Crc32c(Bytes(std::string_view(bytes).substr(offset + 6, piece_bytes + std::size_t{1})));
    const std::uint32_t masked = (crc >> 15 | crc << 17) + 0xa282ead8u;
    std::memcpy(bytes.data() + offset, &masked, sizeof(masked));
    offset += kHeaderBytes + piece_bytes;
  }
  return bytes;
}

void Check(std::string_view log) {
  const auto extent = CheckLog(Bytes(log), "x.log");
  if (extent.ok()) {
    KITH_FUZZ_CHECK(extent.value().first.has_value() == extent.value().end.has_value());
  } else {
    KITH_FUZZ_CHECK(extent.error().code == ErrorCode::kCorruption);
    KITH_FUZZ_CHECK(extent.error().message.starts_with("x.log: damaged at offset "));
  }
}

std::vector<std::string> Seeds() {
  std::string one(kHeaderBytes + 20, 'a');
  one[4] = 20, one[5] = 0, one[6] = 1;
  std::string first = one, last = one;
  first[6] = 2, last[6] = 4;
  return {Resealed(one), Resealed(one + one), Resealed(first + last),
          Resealed(one + one).substr(0, 40), ""};
}

}  // namespace
}  // namespace kith

KITH_FUZZ_SEEDS(kith::Seeds)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view log(reinterpret_cast<const char*>(data), size);
  kith::Check(log);
  kith::Check(kith::Resealed(std::string(log)));
  return 0;
}
