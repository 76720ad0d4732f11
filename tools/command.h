// The seam between the program and its commands.
//
// A command is one file tools/NAME_command.cc that defines DeclareX, and one row of the table in
// commands.cc.  Everything a command computes is a job of engine/jobs; the file only names the
// options, calls the job and prints the report.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/cancellation.h"
#include "core/progress.h"
#include "core/result.h"

namespace CLI {
class App;
}

namespace kith {

// What a running command may use.  Borrows everything; lives as long as the run.
struct CommandContext {
  const Cancellation& cancellation;  // Ctrl-C and SIGTERM
  Progress& progress;                // on stderr
  std::string& output;               // what goes to stdout when the command has succeeded
};

// Runs after the arguments have been parsed.  kInvalidArgument ends the program with 2,
// kCancelled with 130, any other error with 1.
using CommandRun = std::function<Status(CommandContext&)>;

struct CommandEntry {
  std::string_view name;
  std::string_view summary;  // one line, in the list of commands
  // Adds the options to `app` and returns what to do with their values.  The values live in the
  // returned function.
  CommandRun (*declare)(CLI::App& app);
};

// Every command, in the order they are listed.
std::span<const CommandEntry> Commands();

// The command of that name, or null.
const CommandEntry* FindCommand(std::string_view name);

}  // namespace kith
