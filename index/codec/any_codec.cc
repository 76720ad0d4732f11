#include "index/codec/any_codec.h"

#include <string>

namespace kith {
namespace {

// Calls use<Codec>() for the codec of that kind; false when there is none.
template <std::size_t kIndex = 0, typename Use>
bool ForKind(CodecKind kind, Use use) {
  if constexpr (kIndex == std::variant_size_v<AnyCodec>) {
    return false;
  } else {
    using Codec = std::variant_alternative_t<kIndex, AnyCodec>;
    if (Codec::kKind != kind) return ForKind<kIndex + 1>(kind, use);
    use.template operator()<Codec>();
    return true;
  }
}

}  // namespace

CodecKind ChooseCodec(std::size_t dim) {
  if (dim <= 16) return CodecKind::kF32;
  if (dim <= 64) return CodecKind::kSq8;
  const std::size_t left = dim % 128;
  return left > 0 && left <= 56 ? CodecKind::kLvq4 : CodecKind::kSq4;
}

AnyCodec TrainCodec(CodecKind kind, MatrixView<const float> sample, Metric metric,
                    std::uint64_t seed) {
  AnyCodec codec = FloatCodec(sample.cols(), metric);
  ForKind(kind, [&]<typename Codec>() { codec = Codec::Train(sample, metric, seed); });
  return codec;
}

void SaveCodec(const AnyCodec& codec, ByteWriter& writer) {
  writer.Put(KindOf(codec));
  std::visit([&](const auto& c) { c.Save(writer); }, codec);
}

Result<AnyCodec> LoadCodec(ByteReader& reader) {
  const auto kind = TRY(reader.Get<CodecKind>());
  Result<AnyCodec> loaded = Error{ErrorCode::kCorruption,
                                  "unknown codec number " + std::to_string(static_cast<int>(kind))};
  ForKind(kind, [&]<typename Codec>() {
    Result<Codec> codec = Codec::Load(reader);
    if (codec.ok()) {
      loaded = AnyCodec(std::move(codec).value());
    } else {
      loaded = std::move(codec).error();
    }
  });
  return loaded;
}

}  // namespace kith
