#include <string>
#include <vector>

#include "tools/interrupt.h"
#include "tools/program.h"

int main(int argc, char** argv) {
  const kith::Cancellation& cancellation = kith::CatchInterrupts();
  return kith::RunProgram(std::vector<std::string>(argv + 1, argv + argc), cancellation);
}
