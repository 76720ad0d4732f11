// The table of commands: one line each.
#include <array>

#include "tools/command.h"

namespace kith {

CommandRun DeclareConvert(CLI::App& app);

namespace {

constexpr std::array kCommands = {
    CommandEntry{"convert", "Convert vectors from one file format or type to another",
                 DeclareConvert},
};

}  // namespace

std::span<const CommandEntry> Commands() { return kCommands; }

const CommandEntry* FindCommand(std::string_view name) {
  for (const CommandEntry& command : kCommands) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

}  // namespace kith
