# The tests run the program itself and read its JSON.
add_dependencies(tools_test kith)
target_compile_definitions(tools_test PRIVATE KITH_PROGRAM="$<TARGET_FILE:kith>")
target_link_libraries(tools_test PRIVATE PkgConfig::simdjson)
