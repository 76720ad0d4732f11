# HDF5 files that kith itself never writes are made with the library; JSON is compared with what
# simdjson makes of it, whose flags change the layout of its classes.
target_link_libraries(storage_test PRIVATE PkgConfig::hdf5 PkgConfig::simdjson)
