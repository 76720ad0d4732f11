#include "core/simd_target.h"

#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/simd_target.cc"
#include <hwy/foreach_target.h>  // keep before highway.h

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace kith::HWY_NAMESPACE {

const char* ThisTargetName() { return hwy::TargetName(HWY_TARGET); }

}  // namespace kith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kith {
namespace {

HWY_EXPORT(ThisTargetName);

// What processor and compiler both have, whatever a test chose before.
std::int64_t AllTargets() {
  static const std::int64_t targets = hwy::SupportedTargets() & HWY_TARGETS;
  return targets;
}

}  // namespace

std::vector<std::string> SimdTargets() {
  std::vector<std::string> names;
  for (std::int64_t rest = AllTargets(); rest != 0; rest &= rest - 1) {  // low bits are better
    names.emplace_back(hwy::TargetName(rest & -rest));
  }
  return names;
}

std::string SimdTargetName() { return HWY_DYNAMIC_DISPATCH(ThisTargetName)(); }

bool UseSimdTarget(const std::string& name) {
  std::int64_t wanted = name.empty() ? AllTargets() : 0;
  for (std::int64_t rest = AllTargets(); rest != 0; rest &= rest - 1) {
    if (name == hwy::TargetName(rest & -rest)) wanted = rest & -rest;
  }
  if (wanted == 0) return false;
  hwy::SetSupportedTargetsForTest(name.empty() ? 0 : wanted);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  return true;
}

}  // namespace kith
#endif  // HWY_ONCE
