// One library under measurement, behind the interface that all of them share.
//
// A rival builds an index from a base file into a file of its own, loads that file, and answers
// queries on the calling thread.  Each lives in a translation unit of its own, so that it gets
// the compiler flags its users would give it, and no foreign type leaves that unit.
//
// Thread-compatible.  Errors: whatever the library says, as kUnsupported with its words; of
// files, kIoError or what kith's readers give.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/data_type.h"
#include "core/matrix.h"
#include "core/result.h"

namespace kith {

struct BuildInput {
  std::string base_path;         // the file the rows came from
  MatrixView<const float> base;  // its rows; normalised when the metric is cosine
  Metric metric = Metric::kL2;
  std::size_t threads = 1;
};

// From rows in memory to an index that can be searched; writing it to disk left out where the
// library lets the two be told apart.
struct BuildCost {
  double wall_seconds = 0;
  double cpu_seconds = 0;  // all threads
  std::size_t threads = 1;
  std::vector<std::pair<std::string, double>> stages;  // CPU seconds by name, where told
};

// One point to measure: how hard to search.
struct Setting {
  std::uint32_t effort = 0;  // ef of a graph, lists probed of an inverted file
  std::uint32_t rerank = 0;  // candidates compared exactly; 0: the library's own choice
};

class Rival {
 public:
  virtual ~Rival() = default;

  // The name on the command line and in the tables.
  virtual std::string name() const = 0;
  // The name of the index file: rivals of one index_name may search one file.
  virtual std::string index_name() const { return name(); }
  // Everything that shapes the index, as [a-z0-9_.-]: part of the name of a cached file.
  virtual std::string parameters() const = 0;

  // Builds and writes `index_path`, replacing what is there.  Does not leave it loaded.
  virtual Result<BuildCost> Build(const BuildInput& input, const std::string& index_path) = 0;
  virtual Status Load(const std::string& index_path, std::size_t dim, Metric metric) = 0;

  // What to measure, given the list of ef that the user asked for.
  virtual std::vector<Setting> Settings(std::span<const std::uint32_t> efs) const {
    std::vector<Setting> settings;
    for (const std::uint32_t ef : efs) settings.push_back({ef, 0});
    return settings;
  }
  virtual void Use(Setting setting) = 0;

  // Fills `ids` with the row numbers of the ids.size() nearest, nearest first; missing answers
  // are kNoAnswer.
  virtual Status Search(std::span<const float> query, std::span<std::uint32_t> ids) = 0;

  // True: measured by SearchAll with every query in one call, which is how its users get its
  // speed; single-query latency is then not reported.
  virtual bool batched() const { return false; }
  // Row q of `ids` answers row q of `queries`.
  virtual Status SearchAll(MatrixView<const float> queries, MatrixView<std::uint32_t> ids) {
    for (std::size_t q = 0; q < queries.rows(); ++q) {
      if (Status status = Search(queries.row(q), ids.row(q)); !status.ok()) return status;
    }
    return {};
  }
};

inline constexpr std::uint32_t kNoAnswer = 0xffffffff;

struct RivalOptions {
  std::uint32_t m = 16;  // links a node, doubled on the lowest level
  std::uint32_t ef_construction = 200;
  std::uint32_t ivf_lists = 0;  // 0: by the number of rows
  std::uint32_t rerank = 0;     // kith: candidates compared exactly; 0: its own choice
  std::string kith_codec = "auto";
  bool kith_mapped = false;  // kith: search the mapped file instead of a copy
};

// Each returns a rival with nothing loaded.
std::unique_ptr<Rival> NewHnswlibRival(const RivalOptions& options);
std::unique_ptr<Rival> NewFaissHnswRival(const RivalOptions& options);
std::unique_ptr<Rival> NewFaissIvfPqRival(const RivalOptions& options);
std::unique_ptr<Rival> NewKithRival(const RivalOptions& options);

// Runs `body`, which returns a Status or a Result; what it throws becomes an Error.
template <typename Body>
auto AtForeignWall(const char* library, Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::exception& thrown) {
    return Error{ErrorCode::kUnsupported, std::string(library) + ": " + thrown.what()};
  }
}

}  // namespace kith
