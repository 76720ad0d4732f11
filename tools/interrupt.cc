#include "tools/interrupt.h"

#include <unistd.h>
#include <csignal>

#include <string_view>

namespace kith {
namespace {

constexpr int kExitCancelled = 130;

// Constant-initialised, so the handler never meets a half-made object.
constinit Cancellation interrupted;
constinit bool on_terminal = false;

extern "C" void HandleInterrupt(int) {
  if (interrupted.requested()) _exit(kExitCancelled);
  interrupted.Request();
  if (!on_terminal) return;
  constexpr std::string_view kMessage = "\nkith: stopping; once more ends at once\n";
  // Nothing can be done about a failed write to the terminal in a signal handler.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kMessage.data(), kMessage.size());
}

}  // namespace

const Cancellation& CatchInterrupts() {
  on_terminal = isatty(STDERR_FILENO) == 1;
  struct sigaction action = {};
  action.sa_handler = HandleInterrupt;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  return interrupted;
}

}  // namespace kith
