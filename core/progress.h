// Progress of long work, told by stage.
//
// The worker calls Start once a stage and Advance as items finish; the observer
// prints, stores or ignores it.  Advance may be called from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace kith {

class Progress {
 public:
  virtual ~Progress() = default;
  // Begins a stage of `total` items (0: not known) and ends the one before.
  virtual void Start(std::string_view stage, std::uint64_t total) = 0;
  virtual void Advance(std::uint64_t items) = 0;
  // Ends the last stage.
  virtual void Finish() = 0;

  // Ignores everything.
  static Progress& None();
};

// Writes to stderr: on a terminal one bar a stage, redrawn at most ten times a second, with
// rate and time left; elsewhere a plain line when a stage ends and every ten seconds.
std::unique_ptr<Progress> NewConsoleProgress();

}  // namespace kith
