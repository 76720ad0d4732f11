// Reads untrusted bytes from left to right: nothing is taken that is not there, and an error says
// what was being read, where, and what is left.
//
// Borrows the bytes.  Thread-compatible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/result.h"
#include "storage/little_endian.h"

namespace kith {

// An array of T at any alignment.  Borrows.
template <typename T>
class PackedArray {
 public:
  PackedArray() = default;
  explicit PackedArray(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::size_t size() const { return bytes_.size() / sizeof(T); }
  bool empty() const { return bytes_.empty(); }
  std::span<const std::byte> bytes() const { return bytes_; }
  // REQUIRES: i < size().
  T operator[](std::size_t i) const { return LoadAt<T>(bytes_, i * sizeof(T)); }

 private:
  std::span<const std::byte> bytes_;
};

class ByteCursor {
 public:
  ByteCursor(std::string path, std::span<const std::byte> bytes)
      : path_(std::move(path)), bytes_(bytes) {}

  const std::string& path() const { return path_; }
  std::uint64_t offset() const { return offset_; }
  std::uint64_t left() const { return bytes_.size() - offset_; }

  // `what` names the field in errors.
  template <typename T>
  Result<T> Read(std::string_view what) {
    const auto bytes = TRY(Take(1, sizeof(T), what));
    return LoadAt<T>(bytes);
  }

  template <typename T>
  Result<PackedArray<T>> ReadArray(std::uint64_t count, std::string_view what) {
    return PackedArray<T>(TRY(Take(count, sizeof(T), what)));
  }

  Result<std::span<const std::byte>> Take(std::uint64_t count, std::uint64_t item_bytes,
                                          std::string_view what) {
    if (count > left() / item_bytes) {
      return Corruption(std::string(what) + " takes " + std::to_string(count) + " * " +
                        std::to_string(item_bytes) + " bytes, the file has " +
                        std::to_string(left()) + " there");
    }
    const auto taken = bytes_.subspan(offset_, count * item_bytes);
    offset_ += taken.size();
    return taken;
  }

  // kCorruption unless everything was taken.
  Status ExpectEnd() const {
    if (left() == 0) return {};
    return Corruption(std::to_string(left()) + " bytes follow the end of the index");
  }

  Error Corruption(const std::string& what) const {
    return Error{ErrorCode::kCorruption,
                 path_ + ": at offset " + std::to_string(offset_) + ": " + what};
  }
  Error Unsupported(const std::string& what) const {
    return Error{ErrorCode::kUnsupported,
                 path_ + ": at offset " + std::to_string(offset_) + ": " + what};
  }

 private:
  std::string path_;
  std::span<const std::byte> bytes_;
  std::uint64_t offset_ = 0;
};

}  // namespace kith
