# The sanitizer presets compile fewer SIMD targets than the program has.
set(targets_left_out 1)
if(KITH_SIMD_LEFT_OUT STREQUAL "HWY_SSSE3")
  set(targets_left_out 0)
endif()
target_compile_definitions(core_test PRIVATE KITH_SIMD_TARGETS_LEFT_OUT=${targets_left_out})
