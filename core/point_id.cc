#include "core/point_id.h"

#include <bit>
#include <cassert>

namespace kith {
namespace {

constexpr std::size_t kNumberKeyBytes = 9, kUuidKeyBytes = 17;

std::uint64_t FromBigEndian(const std::uint8_t* bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = (value << 8) | bytes[i];
  return value;
}

void AppendBigEndian(std::uint64_t value, std::string& out) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>((value >> shift) & 0xff);
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The finaliser of MurmurHash3 (Appleby): every input bit flips half of the output's.
std::uint64_t Mix(std::uint64_t x) {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdull;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53ull;
  return x ^ (x >> 33);
}

}  // namespace

PointId::PointId(const Uuid& uuid)
    : is_uuid_(true), high_(FromBigEndian(uuid.data())), low_(FromBigEndian(uuid.data() + 8)) {}

Result<PointId> PointId::ParseUuid(std::string_view text) {
  constexpr std::string_view kUrn = "urn:uuid:";
  std::string_view digits = text;
  if (digits.starts_with(kUrn)) digits.remove_prefix(kUrn.size());
  const bool hyphens = digits.size() == 36;
  Uuid uuid{};
  std::size_t nibbles = 0;
  bool valid = hyphens || digits.size() == 32;
  for (std::size_t i = 0; i < digits.size() && valid; ++i) {
    if (hyphens && (i == 8 || i == 13 || i == 18 || i == 23)) {
      valid = digits[i] == '-';
      continue;
    }
    const int value = HexValue(digits[i]);
    valid = value >= 0 && nibbles < 32;
    if (valid) {
      std::uint8_t& byte = uuid[nibbles++ / 2];
      byte = static_cast<std::uint8_t>((byte << 4) | value);
    }
  }
  if (!valid || nibbles != 32) {
    return Error{ErrorCode::kInvalidArgument,
                 "'" + std::string(text.substr(0, 64)) +
                     "' is no point id: expected an unsigned 64-bit number or a UUID"};
  }
  return PointId(uuid);
}

PointId::Uuid PointId::uuid() const {
  assert(is_uuid_);
  Uuid bytes;
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<std::uint8_t>(high_ >> (56 - 8 * i));
    bytes[8 + i] = static_cast<std::uint8_t>(low_ >> (56 - 8 * i));
  }
  return bytes;
}

std::optional<PointId> PointId::Next() const {
  PointId next = *this;
  if (++next.low_ != 0) return next;
  if (!is_uuid_) {
    next.is_uuid_ = true;  // behind the last number stands the first UUID
    return next;
  }
  if (++next.high_ != 0) return next;
  return std::nullopt;
}

std::string PointId::ToString() const {
  if (!is_uuid_) return std::to_string(low_);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  const Uuid bytes = uuid();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

std::string PointId::Key() const {
  std::string key(1, is_uuid_ ? 'u' : 'n');
  if (is_uuid_) AppendBigEndian(high_, key);
  AppendBigEndian(low_, key);
  return key;
}

Result<PointId> PointId::FromKey(std::string_view key) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(key.data());
  PointId id;
  if (key.size() == kNumberKeyBytes && key[0] == 'n') {
    id.low_ = FromBigEndian(bytes + 1);
    return id;
  }
  if (key.size() == kUuidKeyBytes && key[0] == 'u') {
    id.is_uuid_ = true;
    id.high_ = FromBigEndian(bytes + 1);
    id.low_ = FromBigEndian(bytes + 9);
    return id;
  }
  return Error{ErrorCode::kCorruption, "a key of " + std::to_string(key.size()) +
                                           " bytes is no point id: expected 'n' and 8 bytes, or "
                                           "'u' and 16"};
}

std::uint64_t PointId::Hash() const {
  return Mix(low_ ^ Mix(high_ + (is_uuid_ ? 0x9e3779b97f4a7c15ull : 0)));
}

}  // namespace kith
