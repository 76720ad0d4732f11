// Small index files of other libraries, written out field by field: what the readers are tested
// with where the libraries would refuse, and what the fuzzer starts from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/storage/byte_string.h"

namespace kith {

// FAISS's vectors: a count, then the values.
template <typename T>
void AppendVector(std::string& bytes, const std::vector<T>& values) {
  AppendObject(bytes, std::uint64_t{values.size()});
  for (const T value : values) AppendObject(bytes, value);
}

inline std::string FaissHeader(std::int32_t dim, std::int64_t rows, std::int32_t metric = 1) {
  std::string bytes;
  AppendObject(bytes, dim);
  AppendObject(bytes, rows);
  AppendObject(bytes, std::int64_t{1 << 20});
  AppendObject(bytes, std::int64_t{1 << 20});
  AppendObject(bytes, std::uint8_t{1});
  AppendObject(bytes, metric);
  if (metric > 1) AppendObject(bytes, 0.0f);
  return bytes;
}

struct FaissFlatBytes {
  std::string code = "IxF2";
  std::int32_t dim = 2;
  std::int64_t rows = 3;
  std::int32_t metric = 1;
  std::vector<float> values = {1, 2, 3, 4, 5, 6};

  std::string Make() const {
    std::string bytes = code + FaissHeader(dim, rows, metric);
    AppendVector(bytes, values);
    return bytes;
  }
};

// Three nodes with M = 2: node 0 has two levels, the others one.
struct FaissHnswBytes {
  std::vector<std::int32_t> slots_below = {0, 4, 6};
  std::vector<std::int32_t> level_counts = {2, 1, 1};
  std::vector<std::uint64_t> offsets = {0, 6, 10, 14};
  std::vector<std::int32_t> neighbors = {1, 2, -1, -1, -1, -1, 0, 2, -1, -1, 1, 0, -1, -1};
  std::int32_t entry_point = 0, level_max = 1;
  std::string storage = FaissFlatBytes().Make();

  std::string Make() const {
    std::string bytes = "IHNf" + FaissHeader(2, static_cast<std::int64_t>(level_counts.size()));
    AppendVector(bytes, std::vector<double>{0.5, 0.5});
    AppendVector(bytes, slots_below);
    AppendVector(bytes, level_counts);
    AppendVector(bytes, offsets);
    AppendVector(bytes, neighbors);
    for (const std::int32_t value : {entry_point, level_max, 40, 16, 1}) AppendObject(bytes, value);
    return bytes + storage;
  }
};

// Lists of three vectors: {id 2, id 0}, {}, {id 1}.
struct FaissIvfBytes {
  std::int64_t rows = 3;
  std::uint64_t list_count = 3, stored_count = 3, code_bytes = 8;
  std::string quantizer = FaissFlatBytes().Make();
  std::string direct_map = std::string(9, '\0');
  std::string lists_code = "ilar", sizes_kind = "full";
  std::vector<std::uint64_t> sizes = {2, 0, 1};
  std::vector<std::int64_t> ids = {2, 0, 1};

  std::string Make() const {
    std::string bytes = "IwFl" + FaissHeader(2, rows);
    AppendObject(bytes, list_count);
    AppendObject(bytes, std::uint64_t{1});
    bytes += quantizer + direct_map + lists_code;
    AppendObject(bytes, stored_count);
    AppendObject(bytes, code_bytes);
    bytes += sizes_kind;
    AppendVector(bytes, sizes);
    for (const float value : {5, 6, 1, 2}) AppendObject(bytes, value);
    AppendObject(bytes, ids[0]);
    AppendObject(bytes, ids[1]);
    for (const float value : {3, 4}) AppendObject(bytes, value);
    AppendObject(bytes, ids[2]);
    return bytes;
  }
};

inline std::string FaissIdMapBytes(const std::string& inner, const std::vector<std::int64_t>& ids,
                                   std::string_view code = "IxMp") {
  std::string bytes =
      std::string(code) + FaissHeader(2, static_cast<std::int64_t>(ids.size())) + inner;
  AppendVector(bytes, ids);
  return bytes;
}

// Three nodes with M = 2: node 0 has two levels, node 2 is marked deleted.
struct HnswlibBytes {
  std::uint64_t level0_offset = 0, capacity = 5, count = 3;
  std::uint64_t record_bytes = 36, label_offset = 28, vector_offset = 20;
  std::int32_t level_max = 1;
  std::uint32_t entry_point = 0;
  std::uint64_t upper_max = 2, level0_max = 4, m = 2;
  std::vector<std::uint32_t> heads = {2, 2, 2 | 1 << 16};  // count and mark
  std::vector<std::vector<std::uint32_t>> links = {{1, 2, 0, 0}, {0, 2, 0, 0}, {1, 0, 0, 0}};
  std::vector<std::uint32_t> upper_bytes = {12, 0, 0};
  std::vector<std::uint32_t> upper = {0, 0, 0};  // head and links of node 0's level 1

  std::string Make() const {
    std::string bytes;
    for (const std::uint64_t value :
         {level0_offset, capacity, count, record_bytes, label_offset, vector_offset}) {
      AppendObject(bytes, value);
    }
    AppendObject(bytes, level_max);
    AppendObject(bytes, entry_point);
    for (const std::uint64_t value : {upper_max, level0_max, m}) AppendObject(bytes, value);
    AppendObject(bytes, 1.44);
    AppendObject(bytes, std::uint64_t{200});
    for (std::size_t node = 0; node < links.size(); ++node) {
      AppendObject(bytes, heads[node]);
      for (const std::uint32_t link : links[node]) AppendObject(bytes, link);
      AppendObject(bytes, static_cast<float>(2 * node + 1));
      AppendObject(bytes, static_cast<float>(2 * node + 2));
      AppendObject(bytes, std::uint64_t{100 + node});
    }
    for (std::size_t node = 0; node < upper_bytes.size(); ++node) {
      AppendObject(bytes, upper_bytes[node]);
      if (node == 0) {
        for (const std::uint32_t value : upper) AppendObject(bytes, value);
      }
    }
    return bytes;
  }
};

}  // namespace kith
