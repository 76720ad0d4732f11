#include "storage/catalog_records.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

namespace kith {
namespace {

constexpr std::size_t kStepBytesMax = 5;
constexpr std::string_view kMetaPrefix = "meta/";

template <typename T>
void AppendBig(std::string& out, T value) {
  for (std::size_t i = sizeof(T); i-- > 0;) out += static_cast<char>(value >> (8 * i) & 0xff);
}

template <typename T>
T ReadBig(std::string_view bytes) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value << 8 | static_cast<unsigned char>(bytes[i]));
  }
  return value;
}

template <typename T>
std::string Little(T value) {
  static_assert(std::endian::native == std::endian::little);
  return std::string(reinterpret_cast<const char*>(&value), sizeof(T));
}

template <typename T>
T ReadLittle(std::string_view bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

Status ExpectBytes(const char* what, std::string_view found, std::size_t expected) {
  if (found.size() == expected) return {};
  return Error{ErrorCode::kCorruption, std::string("expected ") + what + " of " +
                                           std::to_string(expected) + " bytes, found " +
                                           std::to_string(found.size()) + ": " + ShowBytes(found)};
}

Error BadSlots(const char* why, std::size_t offset) {
  return Error{ErrorCode::kCorruption, std::string("expected a list of ascending slots, found ") +
                                           why + " at byte " + std::to_string(offset)};
}

}  // namespace

std::string SlotKey(std::uint32_t slot) {
  std::string key;
  AppendBig(key, slot);
  return key;
}

std::string VectorRowKey(VectorKey key) {
  std::string bytes;
  AppendBig(bytes, key.field);
  AppendBig(bytes, key.slot);
  return bytes;
}

std::string SequenceKey(std::uint64_t sequence) {
  std::string key;
  AppendBig(key, sequence);
  return key;
}

std::string MetaKey(std::string_view name) {
  std::string key(kMetaPrefix);
  key += name;
  return key;
}

Result<std::uint32_t> ParseSlotKey(std::string_view key) {
  TRY(ExpectBytes("a slot", key, sizeof(std::uint32_t)));
  return ReadBig<std::uint32_t>(key);
}

Result<VectorKey> ParseVectorRowKey(std::string_view key) {
  TRY(ExpectBytes("a field and a slot", key, sizeof(std::uint16_t) + sizeof(std::uint32_t)));
  return VectorKey{.field = ReadBig<std::uint16_t>(key),
                   .slot = ReadBig<std::uint32_t>(key.substr(sizeof(std::uint16_t)))};
}

Result<std::uint64_t> ParseSequenceKey(std::string_view key) {
  TRY(ExpectBytes("a sequence number", key, sizeof(std::uint64_t)));
  return ReadBig<std::uint64_t>(key);
}

std::string EncodePoint(std::uint64_t version, std::string_view id_key) {
  std::string value = Little(version);
  value += id_key;
  return value;
}

Result<CatalogPoint> ParsePoint(std::string_view value) {
  if (value.size() < sizeof(std::uint64_t)) {
    return Error{ErrorCode::kCorruption,
                 "expected a version and an id, found " + std::to_string(value.size()) + " bytes"};
  }
  const PointId id = TRY(PointId::FromKey(value.substr(sizeof(std::uint64_t))));
  return CatalogPoint{.id = id, .version = ReadLittle<std::uint64_t>(value)};
}

std::string EncodeSlot(std::uint32_t slot) { return Little(slot); }

Result<std::uint32_t> ParseSlot(std::string_view value) {
  TRY(ExpectBytes("a slot", value, sizeof(std::uint32_t)));
  return ReadLittle<std::uint32_t>(value);
}

std::string EncodeSequence(std::uint64_t sequence) { return Little(sequence); }

Result<std::uint64_t> ParseSequence(std::string_view value) {
  TRY(ExpectBytes("a sequence number", value, sizeof(std::uint64_t)));
  return ReadLittle<std::uint64_t>(value);
}

std::string EncodeSlots(std::span<const std::uint32_t> slots) {
  std::string bytes;
  bytes.reserve(slots.size() + kStepBytesMax);
  std::uint32_t before = 0;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    assert(i == 0 || slots[i] > before);
    std::uint32_t step = slots[i] - before;
    before = slots[i];
    for (; step >= 0x80; step >>= 7) bytes += static_cast<char>(step | 0x80);
    bytes += static_cast<char>(step);
  }
  return bytes;
}

Result<std::vector<std::uint32_t>> ParseSlots(std::string_view value) {
  std::vector<std::uint32_t> slots;
  std::uint64_t slot = 0;
  for (std::size_t i = 0; i < value.size();) {
    const std::size_t begin = i;
    std::uint64_t step = 0;
    unsigned char byte = 0;
    do {
      if (i == value.size()) return BadSlots("the end inside a number", begin);
      if (i - begin == kStepBytesMax) return BadSlots("a number of more than 5 bytes", begin);
      byte = static_cast<unsigned char>(value[i]);
      step |= std::uint64_t{byte & 0x7fu} << (7 * (i - begin));
      ++i;
    } while (byte >= 0x80);
    // One spelling for each number, so that equal lists are equal bytes.
    if (byte == 0 && i - begin > 1) return BadSlots("a number with leading zeros", begin);
    if (step == 0 && begin > 0) return BadSlots("a slot twice", begin);
    slot += step;
    if (slot > UINT32_MAX) return BadSlots("a slot of more than 32 bits", begin);
    slots.push_back(static_cast<std::uint32_t>(slot));
  }
  return slots;
}

std::string ShowBytes(std::string_view bytes) {
  constexpr std::size_t kBytesShown = 16;
  const std::string_view shown = bytes.substr(0, kBytesShown);
  const bool printable =
      std::all_of(shown.begin(), shown.end(), [](char c) { return c >= ' ' && c <= '~'; });
  std::string text;
  if (printable) {
    text = '"' + std::string(shown) + '"';
  } else {
    constexpr char kDigits[] = "0123456789abcdef";
    text = "0x";
    for (const char c : shown) {
      text += kDigits[static_cast<unsigned char>(c) >> 4];
      text += kDigits[c & 15];
    }
  }
  return bytes.size() > kBytesShown ? text + "..." : text;
}

}  // namespace kith
