#include "index/hnsw/node_order.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/random.h"

namespace kith {
namespace {

constexpr std::uint64_t kLevelStream = 0x6c6576656c;  // "level"
constexpr std::uint64_t kOrderStream = 0x6f72646572;  // "order"

}  // namespace

// The level by comparing a 53-bit number with powers of 1 / m: no logarithm, so the same
// everywhere.
std::uint32_t RandomLevel(std::uint64_t seed, std::uint32_t row, std::uint32_t m) {
  const double uniform =
      1.0 - static_cast<double>(RandomHash(seed, kLevelStream, row) >> 11) * 0x1p-53;
  std::uint32_t level = 0;
  for (double bound = 1.0 / m; uniform <= bound && level + 1 < kLevelsMax; bound /= m) ++level;
  return level;
}

NodeOrder RandomNodeOrder(std::uint32_t rows, std::uint32_t m, std::uint64_t seed) {
  struct Place {
    std::uint32_t level;
    std::uint64_t key;
    std::uint32_t row;
  };
  std::vector<Place> places(rows);
  for (std::uint32_t row = 0; row < rows; ++row) {
    places[row] = {RandomLevel(seed, row, m), RandomHash(seed, kOrderStream, row), row};
  }
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
    if (a.level != b.level) return a.level > b.level;
    return a.key != b.key ? a.key < b.key : a.row < b.row;
  });
  NodeOrder order;
  order.level_counts.assign(rows == 0 ? 1 : places[0].level + 1, 0);
  for (const Place& place : places) {
    order.rows.push_back(place.row);
    for (std::uint32_t l = 0; l <= place.level; ++l) ++order.level_counts[l];
  }
  return order;
}

std::vector<std::uint32_t> LocalityOrder(const GraphView& graph) {
  const std::uint32_t rows = graph.rows();
  std::vector<std::uint32_t> order;
  order.reserve(rows);
  std::vector<bool> seen(rows, false);
  for (std::uint32_t start = 0; start < rows; ++start) {  // node 0 reaches all after a build
    if (seen[start]) continue;
    seen[start] = true;
    order.push_back(start);
    for (std::size_t i = order.size() - 1; i < order.size(); ++i) {
      for (const std::uint32_t link : graph.levels[0].links_of(order[i])) {
        if (seen[link]) continue;
        seen[link] = true;
        order.push_back(link);
      }
    }
  }
  const auto level_of = [&](std::uint32_t node) {
    std::size_t level = 0;
    while (level + 1 < graph.levels.size() && node < graph.levels[level + 1].count) ++level;
    return level;
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return level_of(a) > level_of(b); });
  return order;
}

}  // namespace kith
