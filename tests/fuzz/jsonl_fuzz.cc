// Any bytes as one line of JSONL: a text, nothing or an error, and never anything else.  What is
// accepted must be valid UTF-8 and keep the parser usable.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "storage/jsonl.h"

namespace {

kith::JsonlParser NewParser(bool allow_missing) {
  auto parser = kith::JsonlParser::Create(
      {.fields = {"text", "title"}, .allow_missing = allow_missing, .line_bytes_max = 1 << 16});
  if (!parser.ok()) std::abort();
  return std::move(parser).value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static kith::JsonlParser strict = NewParser(false);
  static kith::JsonlParser lenient = NewParser(true);
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  for (kith::JsonlParser* parser : {&strict, &lenient}) {
    const auto text = parser->Parse(line, "fuzz:1");
    if (!text.ok()) {
      if (!text.error().message.starts_with("fuzz:1: ")) std::abort();
    } else if (text.value() && !kith::IsValidUtf8(*text.value())) {
      std::abort();
    }
  }
  const auto good = strict.Parse("{\"title\":\"b\",\"text\":\"a\"}", "fuzz:2");
  if (!good.ok() || good.value() != "a b") std::abort();
  return 0;
}
