#include "engine/jobs/query_set.h"

#include <algorithm>
#include <memory>

#include "index/vector_index.h"
#include "storage/vector_file.h"

namespace kith {
Result<Matrix<float>> ReadQueries(const std::string& path, std::uint64_t rows_max,
                                  std::uint32_t dim, const std::string& whose) {
  const std::unique_ptr<VectorReader> reader = TRY(VectorReader::Open(path));
  const VectorFileInfo& info = reader->info();
  if (info.rows > 0 && info.dim != dim) {
    return Error{ErrorCode::kInvalidArgument, "queries of dim " + std::to_string(info.dim) +
                                                  " in " + path + ", but " + whose + " has dim " +
                                                  std::to_string(dim)};
  }
  const std::uint64_t rows = rows_max == 0 ? info.rows : std::min(rows_max, info.rows);
  const std::uint64_t bytes = rows * info.dim * sizeof(float);
  if (bytes > kQueryBytesMax) {
    return Error{ErrorCode::kResourceExhausted,
                 path + ": " + std::to_string(rows) + " queries of dim " +
                     std::to_string(info.dim) + " take " + std::to_string(bytes) +
                     " bytes of memory, at most " + std::to_string(kQueryBytesMax) +
                     " are read: take fewer queries"};
  }
  Matrix<float> queries(rows, info.dim);
  TRY(reader->ReadF32(0, queries.view()));
  for (std::uint64_t r = 0; r < rows; ++r) {
    TRY(CheckFinite(queries.row(r), path + ": row " + std::to_string(r)));
  }
  return queries;
}

Result<Matrix<std::int32_t>> ReadGroundTruth(const std::string& path, std::uint64_t queries,
                                             bool may_be_longer, std::uint64_t base_rows) {
  Matrix<std::int32_t> truth = TRY(ReadAllI32(path, kQueryBytesMax));
  if (truth.rows() > queries && !may_be_longer) {
    return Error{ErrorCode::kInvalidArgument,
                 path + " has answers for " + std::to_string(truth.rows()) +
                     " queries, but there are only " + std::to_string(queries) +
                     ": is it the ground truth of these queries?"};
  }
  for (std::size_t r = 0; r < truth.rows(); ++r) {
    for (const std::int32_t id : truth.row(r)) {
      if (id < 0 || static_cast<std::uint64_t>(id) < base_rows) continue;
      return Error{ErrorCode::kInvalidArgument,
                   path + ": row " + std::to_string(r) + " names vector " + std::to_string(id) +
                       ", but the index has only " + std::to_string(base_rows) +
                       ": is it the ground truth of this index?"};
    }
  }
  return truth;
}

}  // namespace kith
