# The tests run the program itself and read its JSON.
add_dependencies(tools_test kith)
target_compile_definitions(tools_test PRIVATE KITH_PROGRAM="$<TARGET_FILE:kith>")
target_link_libraries(tools_test PRIVATE PkgConfig::simdjson)
# Files of other libraries for `kith import`, as in tests/index/links.cmake.
find_library(KITH_FAISS_LIBRARY faiss)
find_library(KITH_OPENBLAS_LIBRARY openblas)
find_package(OpenMP COMPONENTS CXX)
find_path(KITH_HNSWLIB_INCLUDE hnswlib/hnswlib.h)
if(KITH_FAISS_LIBRARY AND KITH_OPENBLAS_LIBRARY AND OpenMP_CXX_FOUND AND KITH_HNSWLIB_INCLUDE)
  target_link_libraries(tools_test PRIVATE ${KITH_FAISS_LIBRARY} ${KITH_OPENBLAS_LIBRARY}
    OpenMP::OpenMP_CXX)
  target_compile_definitions(tools_test PRIVATE KITH_TEST_FOREIGN_LIBRARIES)
endif()
