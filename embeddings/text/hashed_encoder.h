// A text encoder that a corpus trains in seconds, without a neural model: words, bigrams and
// character n-grams, weighted by how rare the corpus says they are, through a very sparse random
// projection (Li, Hastie and Church: "Very sparse random projections", KDD 2006) and a rotation
// learned from the corpus.
//
//   const HashedEncoder encoder = TRY(HashedEncoder::Load("packages.encoder"));
//   HashedEncoder::Scratch scratch(encoder);
//   std::vector<float> vector(encoder.dim());
//   encoder.Encode("play chess", vector, scratch);
//
// Where a feature is projected to is a pure function of (seed, feature), so no vocabulary is
// stored but document counts, and any text can be encoded.  File: docs/formats.md, "Text encoder".
//
// Immutable and thread-safe once trained or loaded; a Scratch belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/file.h"
#include "core/result.h"

namespace kith {

inline constexpr std::uint32_t kEncoderDimMin = 1, kEncoderDimMax = 1024;
inline constexpr std::uint32_t kEncoderColumnsMax = 65536;

struct EncodedText {
  // False for a text without a letter or digit: its vector is then the reserved one, of unit
  // length as any other and near to none of them, so that cosine indexes accept it.
  bool has_features = false;
  // False also when no feature of the text is one that the encoder knows: each then counts as
  // one found in no document, so that equal texts still get equal vectors.
  bool has_known_features = false;
};

struct EncoderModel;  // embeddings/text/encoder_model.h

class HashedEncoder {
 public:
  // Memory of one thread's calls: about 8 MiB once warm, most of it vectors of frequent words.
  class Scratch {
   public:
    explicit Scratch(const HashedEncoder& encoder);
    ~Scratch();
    Scratch(Scratch&&) noexcept;

   private:
    friend class HashedEncoder;
    class Impl;
    std::unique_ptr<Impl> impl_;
  };

  explicit HashedEncoder(std::unique_ptr<const EncoderModel> model);
  HashedEncoder(HashedEncoder&&) noexcept;
  HashedEncoder& operator=(HashedEncoder&&) noexcept;
  ~HashedEncoder();

  // Reads and checks everything.  Errors: kInvalidArgument (a kith file of another kind),
  // kUnsupported (newer version), kCorruption (file, section, what is wrong), kNotFound, kIoError.
  static Result<HashedEncoder> Load(const std::string& path);
  // Returns the bytes of the file.
  Result<std::uint64_t> Save(const std::string& path, OutputFile::IfExists if_exists) const;

  std::uint32_t dim() const;
  std::uint64_t seed() const;
  std::uint64_t documents() const;  // it was trained on
  std::uint64_t features() const;   // that it knows
  const EncoderModel& model() const { return *model_; }

  // Fills `out` with the vector of `text`, of length 1.  Bytes that are not UTF-8 separate words.
  // The same text gives the same bits whatever came before and on every machine.
  // Time: linear in the text.  REQUIRES: out.size() == dim(), `scratch` is of this encoder.
  EncodedText Encode(std::string_view text, std::span<float> out, Scratch& scratch) const;

 private:
  std::unique_ptr<const EncoderModel> model_;
};

}  // namespace kith
