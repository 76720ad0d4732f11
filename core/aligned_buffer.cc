#include "core/aligned_buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace kith {
namespace {

constexpr std::size_t kBytesMax = std::size_t{1} << 62;  // beyond it, rounding up would wrap

std::byte* AllocateSmall(std::size_t bytes) {
  void* data = std::aligned_alloc(kCacheLineBytes, RoundUp(bytes, kCacheLineBytes));
  if (data == nullptr) throw std::bad_alloc();
  std::memset(data, 0, bytes);
  return static_cast<std::byte*>(data);
}

// Maps one huge page more than asked and returns what lies outside the aligned part.
std::byte* AllocateLarge(std::size_t bytes) {
  const std::size_t wanted = RoundUp(bytes, kHugePageBytes);
  const std::size_t mapped = wanted + kHugePageBytes;
  void* data = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) throw std::bad_alloc();
  auto* begin = static_cast<std::byte*>(data);
  const std::size_t before = RoundUp(reinterpret_cast<std::uintptr_t>(begin), kHugePageBytes) -
                             reinterpret_cast<std::uintptr_t>(begin);
  if (before > 0) munmap(begin, before);
  if (before < kHugePageBytes) munmap(begin + before + wanted, kHugePageBytes - before);
  madvise(begin + before, wanted, MADV_HUGEPAGE);  // advice only: small pages still work
  return begin + before;
}

}  // namespace

AlignedBuffer::AlignedBuffer(std::size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  if (bytes > kBytesMax) throw std::bad_alloc();
  data_ = bytes < kHugePageBytes ? AllocateSmall(bytes) : AllocateLarge(bytes);
}

AlignedBuffer::~AlignedBuffer() {
  if (data_ == nullptr) return;
  if (bytes_ < kHugePageBytes) {
    std::free(data_);
  } else {
    munmap(data_, RoundUp(bytes_, kHugePageBytes));
  }
}

AlignedBuffer::AlignedBuffer(AlignedBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

AlignedBuffer& AlignedBuffer::operator=(AlignedBuffer&& other) noexcept {
  AlignedBuffer taken(std::move(other));  // ends with what this held before
  std::swap(data_, taken.data_);
  std::swap(bytes_, taken.bytes_);
  return *this;
}

}  // namespace kith
