// Documents about one of several topics, for tests of encoders: each topic has its own words, all
// share some, and everything follows from the seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/random.h"
#include "core/result.h"
#include "core/thread_pool.h"
#include "embeddings/text/hashed_encoder_trainer.h"

namespace kith {

class MadeUpCorpus {
 public:
  explicit MadeUpCorpus(std::size_t documents, std::size_t topics = 8, std::uint64_t seed = 1)
      : seed_(seed), topics_(topics) {
    for (std::size_t d = 0; d < documents; ++d) texts_.push_back(Document(d % topics, d));
  }

  const std::vector<std::string>& texts() const { return texts_; }
  std::vector<std::string_view> views() const { return {texts_.begin(), texts_.end()}; }
  std::size_t topic(std::size_t document) const { return document % topics_; }

  // One more document about `topic`.
  std::string Document(std::size_t topic, std::uint64_t number) const {
    RandomStream random(seed_, 100 + number);
    std::string text;
    for (int i = 0; i < 20; ++i) {
      // Low numbers are frequent; a third of the words belongs to every topic.
      const auto rank = static_cast<std::uint64_t>(40 * random.Uniform() * random.Uniform());
      const std::uint64_t family = random.Below(3) == 0 ? 0 : topic + 1;
      if (i > 0) text += ' ';
      text += Word(family * 1000 + rank);
    }
    return text;
  }

  // A pronounceable word for each number.
  std::string Word(std::uint64_t number) const {
    RandomStream random(seed_, (std::uint64_t{1} << 40) + number);
    std::string word;
    const std::uint64_t syllables = 2 + random.Below(2);
    for (std::uint64_t s = 0; s < syllables; ++s) {
      word += "bcdfghjklmnprstvz"[random.Below(17)];
      word += "aeiou"[random.Below(5)];
    }
    return word;
  }

 private:
  std::uint64_t seed_;
  std::size_t topics_;
  std::vector<std::string> texts_;
};

// A small encoder for fast tests.
inline HashedEncoderParams SmallEncoderParams() {
  HashedEncoderParams params;
  params.dim = 48;
  params.columns = 512;
  return params;
}

inline Result<HashedEncoder> TrainEncoderOn(const std::vector<std::string_view>& texts,
                                            const HashedEncoderParams& params,
                                            std::size_t threads = 1,
                                            std::size_t texts_a_call = 100'000) {
  ThreadPool pool(threads);
  HashedEncoderTrainer trainer = TRY(HashedEncoderTrainer::Create(params));
  for (std::size_t first = 0; first < texts.size(); first += texts_a_call) {
    const std::size_t count = std::min(texts_a_call, texts.size() - first);
    TRY(trainer.Add(std::span(texts).subspan(first, count), pool, Cancellation::Never()));
  }
  return trainer.Finish(pool, Cancellation::Never(), Progress::None());
}

inline std::vector<float> VectorOf(const HashedEncoder& encoder, std::string_view text) {
  HashedEncoder::Scratch scratch(encoder);
  std::vector<float> vector(encoder.dim());
  encoder.Encode(text, vector, scratch);
  return vector;
}

inline double CosineOf(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * b[i];
  return sum;
}

}  // namespace kith
