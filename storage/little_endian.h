// Numbers inside byte arrays.  Every file kith reads or writes is little endian, and so is every
// machine it is built for.
#pragma once

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

namespace kith {

static_assert(std::endian::native == std::endian::little);

// The T that starts at `offset`, at any alignment.  REQUIRES: it lies inside `bytes`.
template <typename T>
T LoadAt(std::span<const std::byte> bytes, std::size_t offset = 0) {
  static_assert(std::is_trivially_copyable_v<T>);
  assert(offset <= bytes.size() && bytes.size() - offset >= sizeof(T));
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

// The bytes of one trivially copyable object.  Borrows.
template <typename T>
std::span<const std::byte> BytesOf(const T& object) {
  static_assert(std::is_trivially_copyable_v<T>);
  return std::as_bytes(std::span<const T, 1>(&object, 1));
}

}  // namespace kith
