// Any bytes as keys and values of the catalog: parsed into what encodes to the same bytes, or
// refused as corruption.
#include "storage/catalog_records.h"

#include "tests/fuzz/fuzz_input.h"

namespace kith {
namespace {

// True when `parsed` holds a value; an error must be kCorruption and say something.
template <typename T>
bool Parsed(const Result<T>& parsed) {
  if (parsed.ok()) return true;
  KITH_FUZZ_CHECK(parsed.error().code == ErrorCode::kCorruption);
  KITH_FUZZ_CHECK(!parsed.error().message.empty());
  return false;
}

void Check(std::string_view bytes) {
  if (const auto slot = ParseSlotKey(bytes); Parsed(slot)) {
    KITH_FUZZ_CHECK(SlotKey(slot.value()) == bytes);
  }
  if (const auto key = ParseVectorRowKey(bytes); Parsed(key)) {
    KITH_FUZZ_CHECK(VectorRowKey(key.value()) == bytes);
  }
  if (const auto sequence = ParseSequenceKey(bytes); Parsed(sequence)) {
    KITH_FUZZ_CHECK(SequenceKey(sequence.value()) == bytes);
  }
  if (const auto point = ParsePoint(bytes); Parsed(point)) {
    KITH_FUZZ_CHECK(EncodePoint(point.value().version, point.value().id.Key()) == bytes);
  }
  if (const auto slot = ParseSlot(bytes); Parsed(slot)) {
    KITH_FUZZ_CHECK(EncodeSlot(slot.value()) == bytes);
  }
  if (const auto slots = ParseSlots(bytes); Parsed(slots)) {
    for (std::size_t i = 1; i < slots.value().size(); ++i) {
      KITH_FUZZ_CHECK(slots.value()[i - 1] < slots.value()[i]);
    }
    KITH_FUZZ_CHECK(EncodeSlots(slots.value()) == bytes);
  }
  KITH_FUZZ_CHECK(ShowBytes(bytes).size() <= 40);
}

std::vector<std::string> Seeds() {
  return {SlotKey(7),
          VectorRowKey({.field = 1, .slot = 2}),
          SequenceKey(300),
          EncodePoint(5, PointId(77).Key()),
          EncodePoint(5, PointId(PointId::Uuid{1, 2, 3}).Key()),
          EncodeSlots(std::vector<std::uint32_t>{0, 1, 127, 128, 70000, UINT32_MAX})};
}

}  // namespace
}  // namespace kith

KITH_FUZZ_SEEDS(kith::Seeds)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kith::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
