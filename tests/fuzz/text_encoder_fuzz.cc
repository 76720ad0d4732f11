// Any bytes as a text: split into words that split into themselves, and encoded to a vector of
// length 1 that does not depend on what was encoded before.
#include <cmath>

#include "embeddings/text/hashed_encoder_trainer.h"
#include "embeddings/text/word_splitter.h"
#include "tests/fuzz/fuzz_input.h"

namespace kith {
namespace {

HashedEncoder SmallEncoder() {
  HashedEncoderParams params;
  params.dim = 32;
  params.columns = 64;
  auto trainer = HashedEncoderTrainer::Create(params);
  ThreadPool pool(1);
  const std::vector<std::string_view> texts = {"play chess", "sql database", "chess database",
                                               "caf\xC3\xA9 \xE6\x95\xB0\xE6\x8D\xAE"};
  KITH_FUZZ_CHECK(trainer.value().Add(texts, pool, Cancellation::Never()).ok());
  auto encoder = trainer.value().Finish(pool, Cancellation::Never(), Progress::None());
  KITH_FUZZ_CHECK(encoder.ok());
  return std::move(encoder).value();
}

void CheckWords(std::string_view text) {
  WordList words, again;
  words.Split(text);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words.word(i);
    KITH_FUZZ_CHECK(!word.empty() && word.size() <= 4 * kWordCharactersMax);
    again.Split(word);
    KITH_FUZZ_CHECK(again.size() == 1 && again.word(0) == word);
  }
}

std::vector<std::string> Seeds() {
  return {"Play chess, SQL!", "caf\xC3\xA9 cafe\xCC\x81 \xEF\xAC\x81le x\xC2\xB2",
          "\xE6\x95\xB0\xE6\x8D\xAE\xE5\xBA\x93 \xEA\xB0\x80 \xD0\x96", "\xF0\x9F\x98\x80 ...",
          std::string(200, 'q')};
}

}  // namespace
}  // namespace kith

KITH_FUZZ_SEEDS(kith::Seeds)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const kith::HashedEncoder encoder = kith::SmallEncoder();
  static kith::HashedEncoder::Scratch warm(encoder);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  kith::CheckWords(text);
  std::vector<float> first(encoder.dim()), second(encoder.dim());
  const kith::EncodedText found = encoder.Encode(text, first, warm);
  KITH_FUZZ_CHECK(found.has_features || !found.has_known_features);
  double squares = 0;
  for (const float value : first) squares += double{value} * value;
  KITH_FUZZ_CHECK(std::fabs(squares - 1) < 1e-5);
  encoder.Encode("chess database " + std::string(text.substr(size / 2)), second, warm);
  encoder.Encode(text, second, warm);
  KITH_FUZZ_CHECK(first == second);
  return 0;
}
