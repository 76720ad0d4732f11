#include <hdf5.h>

#include <algorithm>
#include <cassert>
#include <limits>
#include <mutex>
#include <utility>

#include "storage/vector_format.h"

// The wall around the HDF5 library: reading one dataset of an ann-benchmarks file in blocks.
//
// The library is not made for hostile bytes (its own fuzzers find crashes), so read HDF5 files of
// people you trust.  What can be refused cheaply is: data in other files (external storage,
// virtual datasets) and types that are no vectors.  Writing does without it: hdf5_writer.cc.

namespace kith {
namespace {

// Decompressed chunks kept by a reader: a chunk above the library's 1 MiB would be decompressed
// again for every block of rows.
constexpr std::size_t kChunkCacheBytes = 64 << 20;
constexpr std::uint64_t kWideBlockValues = 32 << 10;
constexpr std::size_t kNamesListedMax = 32;

// Held around every call, I/O included: the library keeps process-wide state, and its thread-safe
// builds hold such a lock themselves.  Errors come back as values instead of text on stderr.
class LibraryLock {
 public:
  LibraryLock() : lock_(Mutex()) { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

  // The library's words for what failed last, innermost call.
  static std::string Reason() {
    std::string reason = "no reason given";
    H5Ewalk2(
        H5E_DEFAULT, H5E_WALK_UPWARD,
        [](unsigned depth, const H5E_error2_t* error, void* text) -> herr_t {
          if (depth == 0 && error->desc != nullptr) *static_cast<std::string*>(text) = error->desc;
          return 0;
        },
        &reason);
    return "HDF5 says: " + reason;
  }

 private:
  static std::mutex& Mutex() {
    static std::mutex mutex;
    return mutex;
  }
  std::lock_guard<std::mutex> lock_;
};

// Owns one library object.  Destroy under a LibraryLock.
class Handle {
 public:
  Handle() = default;
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  Handle(Handle&& other) noexcept
      : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Handle() { Close(); }

  bool ok() const { return id_ >= 0; }
  hid_t id() const { return id_; }
  void Close() {
    if (ok()) close_(std::exchange(id_, H5I_INVALID_HID));
  }

 private:
  hid_t id_ = H5I_INVALID_HID;
  herr_t (*close_)(hid_t) = nullptr;
};

Error Failed(ErrorCode code, const std::string& path, const std::string& what) {
  return Error{code, path + ": " + what + "; " + LibraryLock::Reason()};
}

Error Refused(const std::string& path, const std::string& what) {
  return Error{ErrorCode::kInvalidArgument, path + ": " + what};
}

// How values lie in memory after reading.
struct MemoryType {
  DataType type = DataType::kF32;
  Handle handle;
  bool wide = false;  // 64-bit integers that must fit 32 bits
};

Handle HalfType() {
  Handle half(H5Tcopy(H5T_IEEE_F32LE), H5Tclose);
  if (half.ok() && (H5Tset_fields(half.id(), 15, 10, 5, 0, 10) < 0 ||
                    H5Tset_size(half.id(), 2) < 0 || H5Tset_ebias(half.id(), 15) < 0)) {
    half.Close();
  }
  return half;
}

Result<MemoryType> ChooseType(const std::string& path, hid_t dataset) {
  const Handle stored(H5Dget_type(dataset), H5Tclose);
  if (!stored.ok()) return Failed(ErrorCode::kIoError, path, "cannot read the type");
  const H5T_class_t type_class = H5Tget_class(stored.id());
  const std::size_t bytes = H5Tget_size(stored.id());

  MemoryType memory;
  if (type_class == H5T_FLOAT && (bytes == 4 || bytes == 8)) {
    memory = {DataType::kF32, Handle(H5Tcopy(H5T_NATIVE_FLOAT), H5Tclose), false};
  } else if (type_class == H5T_FLOAT && bytes == 2) {
    memory = {DataType::kF16, HalfType(), false};
  } else if (type_class == H5T_INTEGER) {
    const bool is_signed = H5Tget_sign(stored.id()) == H5T_SGN_2;
    if (bytes == 1 && !is_signed) {
      memory = {DataType::kU8, Handle(H5Tcopy(H5T_NATIVE_UINT8), H5Tclose), false};
    } else if (bytes == 1) {
      memory = {DataType::kI8, Handle(H5Tcopy(H5T_NATIVE_INT8), H5Tclose), false};
    } else if (bytes == 4 && is_signed) {
      memory = {DataType::kI32, Handle(H5Tcopy(H5T_NATIVE_INT32), H5Tclose), false};
    } else if (bytes == 8 && is_signed) {
      memory = {DataType::kI32, Handle(H5Tcopy(H5T_NATIVE_INT64), H5Tclose), true};
    }
  }
  if (!memory.handle.ok()) {
    return Refused(path, "values of HDF5 class " + std::to_string(type_class) + " and " +
                             std::to_string(bytes) +
                             " bytes; expected float16, float32, float64, uint8, int8, int32 or "
                             "int64");
  }
  return memory;
}

class Hdf5Reader : public VectorReader {
 public:
  Hdf5Reader(VectorFileInfo info, Handle file, Handle dataset, MemoryType memory)
      : VectorReader(std::move(info)),
        file_(std::move(file)),
        dataset_(std::move(dataset)),
        memory_(std::move(memory)) {}

  ~Hdf5Reader() override {
    const LibraryLock lock;
    memory_.handle.Close();
    dataset_.Close();
    file_.Close();
  }

  Status ReadRaw(std::uint64_t first, std::uint64_t rows, std::span<std::byte> out) const override {
    assert(first + rows <= info_.rows);
    assert(out.size() == rows * info_.dim * DataTypeBytes(info_.type));
    if (out.empty()) return {};
    return memory_.wide ? ReadWide(first, rows, out.data()) : ReadBlock(first, rows, out.data());
  }

 private:
  // Reads in the memory type.
  Status ReadBlock(std::uint64_t first, std::uint64_t rows, void* out) const {
    const LibraryLock lock;
    const hsize_t start[2] = {first, 0}, count[2] = {rows, info_.dim};
    const hsize_t values = rows * info_.dim;
    const Handle from(H5Dget_space(dataset_.id()), H5Sclose);
    const Handle to(H5Screate_simple(1, &values, nullptr), H5Sclose);
    if (!from.ok() || !to.ok() ||
        H5Sselect_hyperslab(from.id(), H5S_SELECT_SET, start, nullptr, count, nullptr) < 0 ||
        H5Dread(dataset_.id(), memory_.handle.id(), to.id(), from.id(), H5P_DEFAULT, out) < 0) {
      return Failed(
          ErrorCode::kCorruption, info_.path,
          "cannot read rows " + std::to_string(first) + " to " + std::to_string(first + rows - 1));
    }
    return {};
  }

  Status ReadWide(std::uint64_t first, std::uint64_t rows, std::byte* out) const {
    const std::uint64_t block_rows =
        std::min(rows, std::max<std::uint64_t>(1, kWideBlockValues / info_.dim));
    std::vector<std::int64_t> block(block_rows * info_.dim);
    auto* to = reinterpret_cast<std::int32_t*>(out);
    for (std::uint64_t done = 0; done < rows;) {
      const std::uint64_t count = std::min(block_rows, rows - done);
      TRY(ReadBlock(first + done, count, block.data()));
      for (std::uint64_t i = 0; i < count * info_.dim; ++i) {
        if (block[i] < std::numeric_limits<std::int32_t>::min() ||
            block[i] > std::numeric_limits<std::int32_t>::max()) {
          return Refused(info_.path, "row " + std::to_string(first + done + i / info_.dim) +
                                         " column " + std::to_string(i % info_.dim) + ": " +
                                         std::to_string(block[i]) + " does not fit 32 bits");
        }
        *to++ = static_cast<std::int32_t>(block[i]);
      }
      done += count;
    }
    return {};
  }

  Handle file_, dataset_;
  MemoryType memory_;
};

std::string DatasetNames(hid_t file) {
  std::vector<std::string> names;
  H5Literate(
      file, H5_INDEX_NAME, H5_ITER_INC, nullptr,
      [](hid_t, const char* name, const H5L_info_t*, void* list) -> herr_t {
        auto& all = *static_cast<std::vector<std::string>*>(list);
        all.emplace_back(name);
        return all.size() < kNamesListedMax ? 0 : 1;
      },
      &names);
  std::string text;
  for (const std::string& name : names) text += " " + name;
  return text.empty() ? " nothing" : text;
}

// Refuses data that is not in this file.
Status CheckLayout(const std::string& path, hid_t dataset) {
  const Handle plist(H5Dget_create_plist(dataset), H5Pclose);
  const H5D_layout_t layout = plist.ok() ? H5Pget_layout(plist.id()) : H5D_LAYOUT_ERROR;
  if (layout == H5D_LAYOUT_ERROR) {
    return Failed(ErrorCode::kCorruption, path, "cannot read the layout");
  }
  if (layout == H5D_VIRTUAL || H5Pget_external_count(plist.id()) != 0) {
    return Refused(path, "the values are in other files; copy them into one with h5repack");
  }
  return {};
}

Result<Handle> OpenFile(const VectorSource& source) {
  constexpr unsigned char kSignature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
  const File plain = TRY(File::Open(source.file));  // says what is wrong with the path
  std::byte start[8] = {};
  if (plain.bytes() >= sizeof(start)) TRY(plain.ReadAt(0, start));
  // File systems without locks (NFS, some FUSE) are read without.
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  if (!access.ok() || H5Pset_file_locking(access.id(), true, true) < 0) {
    return Failed(ErrorCode::kIoError, source.path, "cannot set file locking");
  }
  Handle file(H5Fopen(source.file.c_str(), H5F_ACC_RDONLY, access.id()), H5Fclose);
  if (!file.ok()) {
    const bool is_hdf5 = std::equal(std::begin(start), std::end(start), std::begin(kSignature),
                                    [](std::byte a, unsigned char b) { return a == std::byte{b}; });
    return is_hdf5 ? Failed(ErrorCode::kCorruption, source.path, "damaged HDF5 file")
                   : Failed(ErrorCode::kInvalidArgument, source.path, "not an HDF5 file");
  }
  return file;
}

ReaderResult Open(const VectorSource& source) {
  const LibraryLock lock;
  Handle file = TRY(OpenFile(source));
  const Handle access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
  if (!access.ok() ||
      H5Pset_chunk_cache(access.id(), H5D_CHUNK_CACHE_NSLOTS_DEFAULT, kChunkCacheBytes, 1.0) < 0) {
    return Failed(ErrorCode::kIoError, source.path, "cannot set the chunk cache");
  }
  const std::string name =
      source.dataset.empty() ? std::string(kHdf5DefaultDataset) : source.dataset;
  Handle dataset(H5Dopen2(file.id(), name.c_str(), access.id()), H5Dclose);
  if (!dataset.ok()) {
    return Failed(ErrorCode::kNotFound, source.path,
                  "no dataset \"" + name + "\"; the file holds" + DatasetNames(file.id()) +
                      ", written as " + source.file + ":NAME");
  }
  TRY(CheckLayout(source.path, dataset.id()));
  MemoryType memory = TRY(ChooseType(source.path, dataset.id()));

  const Handle space(H5Dget_space(dataset.id()), H5Sclose);
  const int rank = space.ok() ? H5Sget_simple_extent_ndims(space.id()) : -1;
  if (rank != 1 && rank != 2) {
    return Refused(source.path,
                   "dataset of " + std::to_string(rank) + " dimensions, expected 2 (rows, dim)");
  }
  hsize_t sizes[2] = {0, 1};
  if (H5Sget_simple_extent_dims(space.id(), sizes, nullptr) != rank) {
    return Failed(ErrorCode::kCorruption, source.path, "cannot read the size");
  }
  TRY(CheckVectorDim(source.path, sizes[1], sizes[0]));
  if (sizes[0] > std::numeric_limits<std::int64_t>::max() / (kDimMax * sizeof(double))) {
    return Refused(source.path, std::to_string(sizes[0]) + " rows are more than a file can hold");
  }
  VectorFileInfo info{source.path, "hdf5", memory.type, sizes[0],
                      static_cast<std::uint32_t>(sizes[1])};
  return ReaderResult(std::make_unique<Hdf5Reader>(std::move(info), std::move(file),
                                                   std::move(dataset), std::move(memory)));
}

}  // namespace

std::span<const VectorFormat> Hdf5Formats() {
  static const std::vector<DataType> types = {DataType::kF32, DataType::kF16, DataType::kU8,
                                              DataType::kI8, DataType::kI32};
  static const VectorFormat formats[] = {{".hdf5", "hdf5", types, true, Open, CreateHdf5},
                                         {".h5", "hdf5", types, true, Open, CreateHdf5}};
  return formats;
}

}  // namespace kith
