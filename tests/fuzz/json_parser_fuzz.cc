// Any bytes as JSON: a value that writes and reads back as itself, or an error; and the parser
// remains usable.
#include "storage/json_parser.h"

#include "storage/jsonl.h"
#include "tests/fuzz/fuzz_input.h"

namespace kith {
namespace {

void Check(std::string_view text, const JsonLimits& limits) {
  const Result<JsonValue> value = ParseJson(text, limits);
  if (!value.ok()) {
    KITH_FUZZ_CHECK(value.error().code == ErrorCode::kInvalidArgument);
    KITH_FUZZ_CHECK(value.error().message.starts_with("not valid JSON: "));
  } else {
    const std::string written = ToJson(value.value());
    KITH_FUZZ_CHECK(IsValidUtf8(text) && IsValidUtf8(written));
    const Result<JsonValue> back = ParseJson(written, limits);
    KITH_FUZZ_CHECK(back.ok() && back.value() == value.value());
    KITH_FUZZ_CHECK(ToJson(back.value()) == written);
  }
  const Result<JsonValue> good = ParseJson("{\"a\":[1]}");
  KITH_FUZZ_CHECK(good.ok() && ToJson(good.value()) == "{\"a\":[1]}");
}

std::vector<std::string> Seeds() {
  return {"{\"a\":[1,-2.5e3,\"x\\u00e9\\\"\",true,null],\"b\":{\"c\":[[],{}]},\"a\":-0}",
          "[12345678901234567890,-99999999999999999999,1e308,-0,0.1]", "\"\\ud83d\\ude00\"", " 7 ",
          "[[[[[[[[1]]]]]]]]"};
}

}  // namespace
}  // namespace kith

KITH_FUZZ_SEEDS(kith::Seeds)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  kith::Check(text, {});
  kith::Check(text, {.depth_max = 4});
  return 0;
}
