// A text encoder that a corpus trains in seconds: word and character n-grams, weighted by what
// the corpus says about them, through a very sparse random projection (Li, Hastie and Church:
// "Very sparse random projections", KDD 2006).
//
//   Result<HashedEncoder> encoder = HashedEncoder::Load("packages.encoder");
//   HashedEncoder::Scratch scratch;
//   std::vector<float> vector(encoder.value().dim());
//   encoder.value().Encode("play chess", vector, scratch);
//
// No matrix is stored: where a feature goes is a pure function of (seed, feature).  The file
// holds document frequencies (docs/formats.md, "Text encoder").
//
// Immutable and thread-safe once trained or loaded; a Scratch belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancellation.h"
#include "core/file.h"
#include "core/matrix.h"
#include "core/result.h"
#include "core/thread_pool.h"

namespace kith {

inline constexpr std::uint32_t kEncoderDimMin = 8;
inline constexpr std::uint32_t kEncoderDimMax = 4096;

struct HashedEncoderParams {
  std::uint32_t dim = 384;
  std::uint64_t seed = 42;
};

// What Encode found in a text.
struct EncodedText {
  // False for a text without a letter or digit: its vector is then the reserved one (unit
  // length as any other, and far from all of them), so that cosine indexes accept it.
  bool has_features = false;
  std::uint32_t features = 0;  // different ones
};

class HashedEncoder {
 public:
  class Scratch;

  HashedEncoder(HashedEncoder&&) noexcept;
  HashedEncoder& operator=(HashedEncoder&&) noexcept;
  ~HashedEncoder();

  // Errors: kUnsupported (newer version), kCorruption (names file, section, what is wrong),
  // kNotFound, kIoError, kInvalidArgument (not a text encoder).
  static Result<HashedEncoder> Load(const std::string& path);
  // Returns the bytes of the file.
  Result<std::uint64_t> Save(const std::string& path, OutputFile::IfExists if_exists) const;

  std::uint32_t dim() const;
  std::uint64_t seed() const;
  std::uint64_t documents() const;  // it was trained on
  std::uint64_t features() const;   // with a stored document frequency

  // Fills `out` with the vector of `text`, of length 1.  Bytes that are not UTF-8 count as
  // separators.  The same text gives the same bits on every thread.  REQUIRES: out.size() == dim().
  EncodedText Encode(std::string_view text, std::span<float> out, Scratch& scratch) const;

 private:
  struct Impl;
  friend class HashedEncoderTrainer;
  explicit HashedEncoder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kith
