#include "index/codec/codec_kind.h"

#include <array>
#include <string>
#include <utility>

namespace kith {
namespace {

constexpr std::array<std::pair<CodecKind, std::string_view>, 7> kCodecs = {{
    {CodecKind::kAuto, "auto"},
    {CodecKind::kF32, "f32"},
    {CodecKind::kF16, "f16"},
    {CodecKind::kSq8, "sq8"},
    {CodecKind::kSq4, "sq4"},
    {CodecKind::kLvq4, "lvq4"},
    {CodecKind::kPca4, "pca4"},
}};

constexpr std::array<std::pair<ExactKind, std::string_view>, 5> kExacts = {{
    {ExactKind::kAuto, "auto"},
    {ExactKind::kF32, "f32"},
    {ExactKind::kF16, "f16"},
    {ExactKind::kU8, "u8"},
    {ExactKind::kNone, "none"},
}};

template <typename Table, typename Kind>
std::string_view NameOf(const Table& table, Kind kind) {
  for (const auto& [value, name] : table) {
    if (value == kind) return name;
  }
  return "unknown";
}

template <typename Kind, typename Table>
Result<Kind> Parse(const Table& table, std::string_view what, std::string_view text) {
  std::string known;
  for (const auto& [value, name] : table) {
    if (name == text) return value;
    known += known.empty() ? "" : ", ";
    known += name;
  }
  return Error{ErrorCode::kInvalidArgument, "unknown " + std::string(what) + " \"" +
                                                std::string(text) + "\": expected one of " + known};
}

}  // namespace

std::string_view CodecName(CodecKind kind) { return NameOf(kCodecs, kind); }
Result<CodecKind> ParseCodec(std::string_view name) {
  return Parse<CodecKind>(kCodecs, "codec", name);
}
std::string_view ExactName(ExactKind kind) { return NameOf(kExacts, kind); }
Result<ExactKind> ParseExact(std::string_view name) {
  return Parse<ExactKind>(kExacts, "kind of exact rows", name);
}

}  // namespace kith
