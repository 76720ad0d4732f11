// Fixed-size values in byte strings, little endian, for the small "meta" sections of files.
//
// Thread-compatible.
#pragma once

#include <bit>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "core/result.h"

namespace kith {

static_assert(std::endian::native == std::endian::little, "files are little endian");

class ByteWriter {
 public:
  template <typename T>
  requires std::is_trivially_copyable_v<T>
  void Put(const T& value) {
    const auto* begin = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), begin, begin + sizeof(T));
  }
  // The elements only: their count must be known to the reader.
  template <typename T>
  void PutArray(std::span<const T> values) {
    const auto bytes = std::as_bytes(values);
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

// Borrows its bytes.  Every read past the end is kCorruption with `what` and the offset.
class ByteReader {
 public:
  ByteReader(std::span<const std::byte> bytes, std::string what)
      : bytes_(bytes), what_(std::move(what)) {}

  template <typename T>
  requires std::is_trivially_copyable_v<T> Result<T> Get() {
    TRY(Need(sizeof(T)));
    T value;
    std::memcpy(&value, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return value;
  }
  template <typename T>
  Result<std::vector<T>> GetArray(std::size_t count) {
    if (count > (bytes_.size() - position_) / sizeof(T)) TRY(Need(bytes_.size() + 1));
    std::vector<T> values(count);
    if (count > 0) std::memcpy(values.data(), bytes_.data() + position_, count * sizeof(T));
    position_ += count * sizeof(T);
    return values;
  }
  // kCorruption when bytes are left over.
  Status Done() const {
    if (position_ == bytes_.size()) return {};
    return Error{ErrorCode::kCorruption, what_ + ": " + std::to_string(bytes_.size() - position_) +
                                             " bytes too many after offset " +
                                             std::to_string(position_)};
  }

 private:
  Status Need(std::size_t count) const {
    if (count <= bytes_.size() - position_) return {};
    return Error{ErrorCode::kCorruption, what_ + ": ends at byte " + std::to_string(bytes_.size()) +
                                             ", expected " + std::to_string(count) +
                                             " more at offset " + std::to_string(position_)};
  }

  std::span<const std::byte> bytes_;
  std::string what_;
  std::size_t position_ = 0;
};

}  // namespace kith
