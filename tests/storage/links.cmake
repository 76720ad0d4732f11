#HDF5 files that kith itself never writes are made with the library.
target_link_libraries(storage_test PRIVATE PkgConfig::hdf5)
