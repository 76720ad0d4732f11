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

AnyCodec TrainAuto(MatrixView<const float> sample, Metric metric, std::uint64_t seed) {
  const std::size_t dim = sample.cols();
  if (dim <= 16) return FloatCodec(dim, metric);
  if (dim <= 64) return Sq8Codec::Train(sample, metric, seed);
  const std::size_t left = dim % 128;
  const bool tail_is_free = left > 0 && left <= 56;
  if (dim > 128 && dim <= PcaProjection::kDimMax) {
    Pca4Codec codec = Pca4Codec::Train(sample, metric, seed);
    if (codec.code_bytes() < (dim + 127) / 128 * 64) return codec;
  }
  if (tail_is_free) return Lvq4Codec::Train(sample, metric, seed);
  return Sq4Codec::Train(sample, metric, seed);
}

}  // namespace

AnyCodec TrainCodec(CodecKind kind, MatrixView<const float> sample, Metric metric,
                    std::uint64_t seed) {
  if (kind == CodecKind::kAuto) return TrainAuto(sample, metric, seed);
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
