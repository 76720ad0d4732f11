# kith_module(<name> SOURCES ... [LINKS ...] [PRIVATE_LINKS ...])
#
# Declares one module: the static library kith_<name>, alias kith::<name>, of the
# sources listed and of every header in the folder; and, where tests/<name>/ exists,
# its test program (kith_test below).
#
# LINKS are the modules and packages its headers may include; PRIVATE_LINKS are
# for its .cc files only.  tools/check_layers.py holds includes to these lists.
# The target all_verify_interface_header_sets compiles each header on its own.
function(kith_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINKS;PRIVATE_LINKS")
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS *.h)

  add_library(kith_${name} STATIC ${arg_SOURCES})
  add_library(kith::${name} ALIAS kith_${name})
  target_sources(kith_${name} PUBLIC
    FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${headers})
  target_link_libraries(kith_${name} PUBLIC ${arg_LINKS} PRIVATE ${arg_PRIVATE_LINKS} kith::warnings)
  set_target_properties(kith_${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  if(KITH_TESTS)
    kith_test(${name})
  endif()
endfunction()

# kith_test(<module>): tests/<module>/**/*_test.cc become one executable, and each
# TEST one ctest case named <module>.<Suite>.<Case> with the label <module>.
# tests/<module>/links.cmake, where present, adds what only the tests link.
function(kith_test module)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${module}/*_test.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(${module}_test ${sources})
  target_compile_options(${module}_test PRIVATE ${KITH_TEST_FLAGS})
  target_link_libraries(${module}_test PRIVATE kith::${module} kith::warnings GTest::gmock
    GTest::gtest_main)
  target_compile_definitions(${module}_test PRIVATE KITH_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  include(${PROJECT_SOURCE_DIR}/tests/${module}/links.cmake OPTIONAL)
  gtest_discover_tests(${module}_test TEST_PREFIX ${module}. NO_PRETTY_VALUES PROPERTIES LABELS ${module}
    TIMEOUT 900 DISCOVERY_TIMEOUT 120)
endfunction()
