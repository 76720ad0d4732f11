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
  // Begins a stage of `total` items (0: not known) and ends the one before.  Start and Finish are
  // the same thread's, with no Advance under way.
  virtual void Start(std::string_view stage, std::uint64_t total) = 0;
  virtual void Advance(std::uint64_t items) = 0;
  // Ends the last stage.  For whoever made the object, when all work is done: functions that are
  // given a Progress only Start and Advance.
  virtual void Finish() = 0;

  // Ignores everything.
  static Progress& None();
};

struct ConsoleProgressParams {
  int descriptor = 2;           // borrowed; stderr
  bool terminal = false;        // draw bars
  double redraw_seconds = 0.1;  // least time between two drawings of a bar
  double line_seconds = 10;     // and between two lines, where it is not a terminal
};

// On a terminal one bar a stage with rate and time left; elsewhere a plain line when a stage ends
// and every line_seconds while it lasts.  A stage cut off by destruction keeps its last figures,
// without "done".
std::unique_ptr<Progress> NewConsoleProgress(const ConsoleProgressParams& params);

// The same to stderr, as a terminal if it is one.
std::unique_ptr<Progress> NewConsoleProgress();

// Wipes the bar drawn last, if one stands on its terminal's line, to make room for a message
// there; the next Advance draws it again.  Thread-safe.
void EraseProgressBar();

}  // namespace kith
