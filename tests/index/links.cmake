# The libraries whose index files kith imports make those files in the tests; nothing else of the
# project links them.  Without them their tests skip themselves.
find_library(KITH_FAISS_LIBRARY faiss)
find_library(KITH_OPENBLAS_LIBRARY openblas)
find_package(OpenMP COMPONENTS CXX)
find_path(KITH_HNSWLIB_INCLUDE hnswlib/hnswlib.h)
if(KITH_FAISS_LIBRARY AND KITH_OPENBLAS_LIBRARY AND OpenMP_CXX_FOUND AND KITH_HNSWLIB_INCLUDE)
  target_link_libraries(index_test PRIVATE ${KITH_FAISS_LIBRARY} ${KITH_OPENBLAS_LIBRARY}
    OpenMP::OpenMP_CXX)
  target_compile_definitions(index_test PRIVATE KITH_TEST_FOREIGN_LIBRARIES)
else()
  message(STATUS "FAISS, OpenBLAS or hnswlib not found: no tests on files that they make")
endif()
