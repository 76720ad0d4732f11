#include "index/index_directory.h"

#include <filesystem>
#include <system_error>

#include "index/flat/flat_index.h"
#include "index/hnsw/hnsw_index.h"
#include "storage/segment_file.h"

namespace kith {

Result<std::unique_ptr<VectorIndex>> OpenIndex(const std::string& path, LoadMode mode) {
  std::error_code ignored;  // what cannot be looked at is reported by opening it
  const std::string file_path = std::filesystem::is_directory(path, ignored)
                                    ? (std::filesystem::path(path) / kIndexFileName).string()
                                    : path;
  const std::string kind = TRY(SegmentReader::Open(file_path, "")).kind();
  if (kind == "flat") return OpenFlatIndex(file_path);
  if (kind == "hnsw") return OpenHnswIndex(file_path, mode);
  return Error{ErrorCode::kUnsupported, file_path + ": a file of kind \"" + kind +
                                            "\", expected an index: \"flat\" or \"hnsw\""};
}

}  // namespace kith
