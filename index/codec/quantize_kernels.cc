#include "index/codec/quantize_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "index/codec/quantize_kernels.cc"
#include <hwy/foreach_target.h>  // keep before highway.h

#include <hwy/highway.h>

// GCC 12 takes the undefined pass-through operand of its own intrinsics for a read (PR 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"

HWY_BEFORE_NAMESPACE();
namespace kith::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, 16>;
using Ints = hn::RebindToSigned<Floats>;

// Calls body(offset, lanes used) over whole registers, then once for the rest.
template <class Body>
HWY_INLINE void ForLanes(size_t count, Body body) {
  const size_t lanes = hn::Lanes(Floats());
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) body(i, lanes);
  if (i < count) body(i, count - i);
}

HWY_INLINE hn::Vec<Floats> LoadPart(const float* values, size_t used) {
  const Floats d;
  if (used == hn::Lanes(d)) return hn::LoadU(d, values);
  return hn::MaskedLoad(hn::FirstN(d, used), d, values);
}

// Stores the first `used` lanes through a buffer when they are not all.
template <class D, class V>
HWY_INLINE void StorePart(V v, D d, hn::TFromD<D>* out, size_t used) {
  if (used == hn::Lanes(d)) {
    hn::StoreU(v, d, out);
    return;
  }
  hn::TFromD<D> buffer[16];
  hn::StoreU(v, d, buffer);
  for (size_t i = 0; i < used; ++i) out[i] = buffer[i];
}

float LargestMagnitude(const float* values, size_t count) {
  const Floats d;
  auto largest = hn::Zero(d);
  ForLanes(count, [&](size_t i, size_t used) HWY_ATTR {
    largest = hn::Max(largest, hn::Abs(LoadPart(values + i, used)));
  });
  return hn::GetLane(hn::MaxOfLanes(d, largest));
}

QuantizedSums QuantizeToBytes(const float* values, size_t count, float scale, std::int8_t* out) {
  const Floats d;
  const Ints di;
  const hn::Rebind<std::int8_t, Floats> d8;
  const auto factor = hn::Set(d, scale), most = hn::Set(d, 127.0f), least = hn::Set(d, -127.0f);
  auto linear = hn::Zero(di);
  auto square = hn::Zero(d);
  ForLanes(count, [&](size_t i, size_t used) HWY_ATTR {
    const auto y = hn::Mul(LoadPart(values + i, used), factor);
    const auto whole = hn::NearestInt(hn::Max(least, hn::Min(most, y)));
    linear = hn::Add(linear, whole);
    square = hn::MulAdd(y, y, square);
    StorePart(hn::DemoteTo(d8, whole), d8, out + i, used);
  });
  return {hn::GetLane(hn::SumOfLanes(di, linear)), hn::GetLane(hn::SumOfLanes(d, square))};
}

void QuantizeToShorts(const float* values, const float* mean, size_t count, const ShortRange& range,
                      std::int16_t* out) {
  const Floats d;
  const hn::Rebind<std::int16_t, Floats> d16;
  const auto low = hn::Set(d, range.low), scale = hn::Set(d, range.scale);
  const auto least = hn::Set(d, range.least), most = hn::Set(d, range.most);
  ForLanes(count, [&](size_t i, size_t used) HWY_ATTR {
    const auto x = hn::Sub(hn::Sub(LoadPart(values + i, used), LoadPart(mean + i, used)), low);
    const auto y = hn::Max(least, hn::Min(most, hn::Mul(x, scale)));
    StorePart(hn::DemoteTo(d16, hn::NearestInt(y)), d16, out + i, used);
  });
}

// Levels as floats: values / step + 7.5 rounded, in 0 .. 15.
HWY_INLINE hn::Vec<Ints> Levels(hn::Vec<Floats> values, hn::Vec<Floats> inverse) {
  const Floats d;
  const auto y = hn::MulAdd(values, inverse, hn::Set(d, 7.5f));
  return hn::NearestInt(hn::Max(hn::Zero(d), hn::Min(hn::Set(d, 15.0f), y)));
}

void NibbleLevels(const float* values, size_t count, float step, std::uint8_t* levels) {
  const Floats d;
  const hn::Rebind<std::uint8_t, Floats> d8;
  const auto inverse = hn::Set(d, step > 0 ? 1.0f / step : 0.0f);
  ForLanes(count, [&](size_t i, size_t used) HWY_ATTR {
    StorePart(hn::DemoteTo(d8, Levels(LoadPart(values + i, used), inverse)), d8, levels + i, used);
  });
}

float NibbleError(const float* values, size_t count, float step) {
  const Floats d;
  const auto inverse = hn::Set(d, step > 0 ? 1.0f / step : 0.0f), steps = hn::Set(d, step);
  const auto middle = hn::Set(d, 7.5f);
  auto total = hn::Zero(d);
  ForLanes(count, [&](size_t i, size_t used) HWY_ATTR {
    const auto x = LoadPart(values + i, used);
    const auto level = hn::ConvertTo(d, Levels(x, inverse));
    auto error = hn::NegMulAdd(hn::Sub(level, middle), steps, x);
    if (used < hn::Lanes(d)) error = hn::IfThenElseZero(hn::FirstN(d, used), error);
    total = hn::MulAdd(error, error, total);
  });
  return hn::GetLane(hn::SumOfLanes(d, total));
}

bool ToWholeBytes(const float* values, size_t count, std::uint8_t* out) {
  const Floats d;
  const hn::Rebind<std::uint8_t, Floats> d8;
  const auto most = hn::Set(d, 255.0f);
  auto difference = hn::Zero(d);  // of each value and the byte that stands for it
  ForLanes(count, [&](size_t i, size_t used) HWY_ATTR {
    const auto x = LoadPart(values + i, used);
    const auto whole = hn::NearestInt(hn::Max(hn::Zero(d), hn::Min(most, x)));
    difference = hn::Max(difference, hn::Abs(hn::Sub(x, hn::ConvertTo(d, whole))));
    StorePart(hn::DemoteTo(d8, whole), d8, out + i, used);
  });
  return hn::GetLane(hn::MaxOfLanes(d, difference)) == 0.0f;
}

}  // namespace kith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kith {

HWY_EXPORT(LargestMagnitude);
HWY_EXPORT(QuantizeToBytes);
HWY_EXPORT(QuantizeToShorts);
HWY_EXPORT(NibbleLevels);
HWY_EXPORT(NibbleError);
HWY_EXPORT(ToWholeBytes);

float LargestMagnitude(const float* values, std::size_t count) {
  return HWY_DYNAMIC_DISPATCH(LargestMagnitude)(values, count);
}
QuantizedSums QuantizeToBytes(const float* values, std::size_t count, float scale,
                              std::int8_t* out) {
  return HWY_DYNAMIC_DISPATCH(QuantizeToBytes)(values, count, scale, out);
}
void QuantizeToShorts(const float* values, const float* mean, std::size_t count,
                      const ShortRange& range, std::int16_t* out) {
  HWY_DYNAMIC_DISPATCH(QuantizeToShorts)(values, mean, count, range, out);
}
void NibbleLevels(const float* values, std::size_t count, float step, std::uint8_t* levels) {
  HWY_DYNAMIC_DISPATCH(NibbleLevels)(values, count, step, levels);
}
float NibbleError(const float* values, std::size_t count, float step) {
  return HWY_DYNAMIC_DISPATCH(NibbleError)(values, count, step);
}
bool ToWholeBytes(const float* values, std::size_t count, std::uint8_t* out) {
  return HWY_DYNAMIC_DISPATCH(ToWholeBytes)(values, count, out);
}

}  // namespace kith
#endif  // HWY_ONCE
