// Files as strings, put together from objects.
#pragma once

#include <cstddef>
#include <string>
#include <type_traits>

namespace kith {

// `object`'s bytes behind `bytes`.
template <typename T>
void AppendObject(std::string& bytes, const T& object) {
  static_assert(std::is_trivially_copyable_v<T>);
  bytes.append(reinterpret_cast<const char*>(&object), sizeof(T));
}

template <typename T>
void ReplaceObject(std::string& bytes, std::size_t offset, const T& object) {
  static_assert(std::is_trivially_copyable_v<T>);
  bytes.replace(offset, sizeof(T), reinterpret_cast<const char*>(&object), sizeof(T));
}

}  // namespace kith
