// The name a user gives to a point: a 64-bit number or a UUID.
//
// Numbers sort before UUIDs, numbers by value, UUIDs by bytes; the key of a PointId sorts the same
// way, so that a store ordered by key lists points in this order.  A value; 24 bytes.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace kith {

class PointId {
 public:
  using Uuid = std::array<std::uint8_t, 16>;

  PointId() = default;  // number 0
  explicit PointId(std::uint64_t number) : low_(number) {}
  explicit PointId(const Uuid& uuid);

  // "0f8fad5b-d9cb-469f-a165-70867728950e", without hyphens, or behind "urn:uuid:"; either case.
  // Errors: kInvalidArgument.
  static Result<PointId> ParseUuid(std::string_view text);

  bool is_uuid() const { return is_uuid_; }
  std::uint64_t number() const { return low_; }  // REQUIRES: !is_uuid()
  Uuid uuid() const;                             // REQUIRES: is_uuid()

  // The id right behind this one in their order; nothing after the last UUID.
  std::optional<PointId> Next() const;

  // Decimal digits, or lower-case UUID with hyphens.
  std::string ToString() const;

  // 'n' and 8 bytes, or 'u' and 16 bytes; big endian.
  std::string Key() const;
  // Errors: kCorruption for any other bytes.
  static Result<PointId> FromKey(std::string_view key);

  std::uint64_t Hash() const;  // mixes all bits; the same in every process

  friend bool operator==(const PointId&, const PointId&) = default;
  friend auto operator<=>(const PointId&, const PointId&) = default;

 private:
  bool is_uuid_ = false;
  std::uint64_t high_ = 0, low_ = 0;
};

}  // namespace kith

template <>
struct std::hash<kith::PointId> {
  std::size_t operator()(const kith::PointId& id) const { return id.Hash(); }
};
