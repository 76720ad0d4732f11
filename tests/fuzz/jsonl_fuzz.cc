// Any bytes as one line of JSONL: a text, nothing or an error, and never anything else.  What is
// accepted must be valid UTF-8 and leave the parser usable.
#include "storage/jsonl.h"

#include "tests/fuzz/fuzz_input.h"

namespace kith {
namespace {

JsonlParser NewParser(bool allow_missing) {
  auto parser = JsonlParser::Create(
      {.fields = {"text", "title"}, .allow_missing = allow_missing, .line_bytes_max = 1 << 16});
  KITH_FUZZ_CHECK(parser.ok());
  return std::move(parser).value();
}

void Check(JsonlParser& parser, std::string_view line) {
  const auto text = parser.Parse(line, "fuzz:1");
  if (!text.ok()) {
    KITH_FUZZ_CHECK(text.error().code == ErrorCode::kInvalidArgument);
    KITH_FUZZ_CHECK(text.error().message.starts_with("fuzz:1: "));
  } else if (text.value()) {
    KITH_FUZZ_CHECK(IsValidUtf8(*text.value()));
  }
  const auto good = parser.Parse("{\"title\":\"b\",\"text\":\"a\"}", "fuzz:2");
  KITH_FUZZ_CHECK(good.ok() && good.value() == "a b");
}

std::vector<std::string> Seeds() {
  return {"{\"text\":\"a\\u00e9\\n\",\"title\":\"\xC3\xA9\"}",
          "{\"id\":7,\"title\":null,\"text\":\"x\",\"more\":[1,{\"a\":-2.5e3},true]}", "  \t", "[]",
          "{\"text\":\"\\ud83d\\ude00\""};
}

}  // namespace
}  // namespace kith

KITH_FUZZ_SEEDS(kith::Seeds)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static kith::JsonlParser strict = kith::NewParser(false), lenient = kith::NewParser(true);
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  kith::Check(strict, line);
  kith::Check(lenient, line);
  return 0;
}
