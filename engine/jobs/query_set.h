// Queries out of a vector file, and their true neighbours out of another.
#pragma once

#include <cstdint>
#include <string>

#include "core/matrix.h"
#include "core/result.h"

namespace kith {

inline constexpr std::uint64_t kQueryBytesMax = std::uint64_t{8} << 30;  // of a query or truth file

// The first `rows_max` rows of the file (0: all) as f32.  Errors: kInvalidArgument for a row of
// NaN or infinity (message has file, row and dimension) and for a dim other than `dim` (`whose`
// names what has that dim); kResourceExhausted above kQueryBytesMax.
Result<Matrix<float>> ReadQueries(const std::string& path, std::uint64_t rows_max,
                                  std::uint32_t dim, const std::string& whose);

// True neighbours: a row of base row numbers a query, nearest first, negative where there are no
// more.  Fewer rows than `queries` is fine: then only so many count; more is kInvalidArgument
// unless `may_be_longer`.  So is a row number that `base_rows` rows do not have.
Result<Matrix<std::int32_t>> ReadGroundTruth(const std::string& path, std::uint64_t queries,
                                             bool may_be_longer, std::uint64_t base_rows);

}  // namespace kith
