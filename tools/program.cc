#include "tools/program.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <new>
#include <sstream>

#include "core/progress.h"
#include "core/result.h"
#include "tools/command.h"

namespace kith {
namespace {

constexpr std::string_view kVersion = KITH_VERSION;

int ExitCode(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return kExitUsage;
    case ErrorCode::kCancelled:
      return kExitCancelled;
    default:
      return kExitFailed;
  }
}

// One line, whatever the message holds.
void PrintError(std::string_view who, std::string message) {
  std::replace(message.begin(), message.end(), '\n', ' ');
  while (!message.empty() && message.back() == ' ') message.pop_back();
  std::fprintf(stderr, "%.*s: error: %s\n", static_cast<int>(who.size()), who.data(),
               message.c_str());
}

// Writes everything and flushes, so that a full disk or a closed pipe is seen.
bool PrintOutput(std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
         std::fflush(stdout) == 0;
}

std::string CommandList() {
  std::size_t width = 0;
  for (const CommandEntry& command : Commands()) width = std::max(width, command.name.size());
  std::string text;
  for (const CommandEntry& command : Commands()) {
    text += "  ";
    text += command.name;
    text.append(width + 2 - command.name.size(), ' ');
    text += command.summary;
    text += '\n';
  }
  return text;
}

std::string Usage() {
  return "kith " + std::string(kVersion) +
         ": nearest-neighbour search over vectors and texts\n\n"
         "Usage: kith COMMAND [OPTIONS]\n\nCommands:\n" +
         CommandList() +
         "\n`kith COMMAND --help` shows its options, defaults and examples; "
         "`kith --version` the version.\n";
}

int RejectCommand(const std::string& name) {
  std::vector<std::string> names;
  std::string list;
  for (const CommandEntry& command : Commands()) {
    names.emplace_back(command.name);
    list += list.empty() ? "" : ", ";
    list += command.name;
  }
  const std::string nearest = NearestWord(name, names);
  PrintError("kith", "unknown command \"" + name + "\"" +
                         (nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?") +
                         " Commands: " + list + ".");
  return kExitUsage;
}

// CLI11's message; a misspelt option comes first, since it is often why another is missing.
std::string UsageMessage(const CLI::App& app, const CLI::ParseError& error, std::string_view who,
                         const std::vector<std::string>& arguments) {
  std::string message = error.what();
  std::vector<std::string> actions;
  for (const CLI::App* action : app.get_subcommands([](const CLI::App*) { return true; })) {
    actions.push_back(action->get_name());
  }
  if (!actions.empty() && !arguments.empty() && !arguments[0].starts_with("-") &&
      std::ranges::find(actions, arguments[0]) == actions.end()) {
    message = "unknown action \"" + arguments[0] + "\"";
    const std::string nearest = NearestWord(arguments[0], actions);
    if (!nearest.empty()) message += "; did you mean \"" + nearest + "\"?";
    return message + " (see `" + std::string(who) + " --help`)";
  }
  std::vector<std::string> known;
  std::vector<const CLI::App*> parsed = {&app};
  for (const CLI::App* subcommand : app.get_subcommands()) parsed.push_back(subcommand);
  for (const CLI::App* each : parsed) {
    for (const CLI::Option* option : each->get_options()) {
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    }
  }
  for (const std::string& argument : arguments) {
    const std::string name = argument.substr(0, argument.find('='));
    if (name.size() < 3 || !name.starts_with("--")) continue;
    if (std::ranges::find(known, name) != known.end()) continue;
    message = "unknown option " + name;
    const std::string nearest = NearestWord(name, known);
    if (!nearest.empty()) message += "; did you mean " + nearest + "?";
    break;
  }
  return message + " (see `" + std::string(who) + " --help`)";
}

// CLI11's help, with descriptions broken at column 100.
class WrappingFormatter : public CLI::Formatter {
 public:
  WrappingFormatter() { column_width(30); }

  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    constexpr std::size_t kColumnsMax = 100;
    const std::size_t indent = get_column_width();
    std::string text = "  " + make_option_name(option, is_positional) + make_option_opts(option);
    text += text.size() + 2 > indent ? "\n" + std::string(indent, ' ')
                                     : std::string(indent - text.size(), ' ');
    std::size_t column = indent;
    std::istringstream words(make_option_desc(option));
    for (std::string word; words >> word;) {
      if (column > indent && column + 1 + word.size() > kColumnsMax) {
        text += "\n" + std::string(indent, ' ');
        column = indent;
      } else if (column > indent) {
        text += ' ';
        ++column;
      }
      text += word;
      column += word.size();
    }
    return text + "\n";
  }

  // "TEXT REQUIRED" and "UINT=10" become " (required)" and " (10)".
  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_required()) return " (required)";
    if (option->get_type_size() == 0 || option->get_default_str().empty()) return "";
    return " (" + option->get_default_str() + ")";
  }
};

int RunCommand(const CommandEntry& command, const std::vector<std::string>& arguments,
               const Cancellation& cancellation) {
  const std::string who = "kith " + std::string(command.name);
  CLI::App app(std::string(command.summary), who);
  app.formatter(std::make_shared<WrappingFormatter>());
  const CommandRun run = command.declare(app);
  try {
    // CLI11 takes the arguments last first.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    return PrintOutput(app.help()) ? kExitSuccess : kExitFailed;
  } catch (const CLI::ParseError& error) {
    PrintError(who, UsageMessage(app, error, who, arguments));
    return kExitUsage;
  }

  const std::unique_ptr<Progress> progress = NewConsoleProgress();
  std::string output;
  CommandContext context{cancellation, *progress, output};
  const Status status = run(context);
  progress->Finish();
  // A command that fails half way may have something to print: `verify` lists what it found.
  if (!PrintOutput(output)) {
    PrintError(who, "could not write the results to stdout: no space or closed pipe");
    return kExitFailed;
  }
  if (!status.ok()) {
    PrintError(who, status.error().message);
    return ExitCode(status.error().code);
  }
  return kExitSuccess;
}

}  // namespace

std::string NearestWord(std::string_view word, const std::vector<std::string>& candidates) {
  std::string nearest;
  std::size_t nearest_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    // Rows of the edit distance table: two back, one back, this one.
    const std::size_t columns = candidate.size() + 1;
    std::vector<std::size_t> before(columns), above(columns), row(columns);
    for (std::size_t j = 0; j < columns; ++j) row[j] = j;
    for (std::size_t i = 1; i <= word.size(); ++i) {
      before.swap(above);
      above.swap(row);
      row[0] = i;
      for (std::size_t j = 1; j < columns; ++j) {
        const bool same = word[i - 1] == candidate[j - 1];
        row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
        if (i > 1 && j > 1 && word[i - 1] == candidate[j - 2] && word[i - 2] == candidate[j - 1]) {
          row[j] = std::min(row[j], before[j - 2] + 1);
        }
      }
    }
    if (row.back() < nearest_distance) {
      nearest_distance = row.back();
      nearest = candidate;
    }
  }
  return nearest;
}

int RunProgram(const std::vector<std::string>& arguments, const Cancellation& cancellation) {
  if (arguments.empty()) {
    std::fputs(Usage().c_str(), stderr);
    return kExitUsage;
  }
  const std::string& first = arguments.front();
  if (first == "--version" || first == "-V") {
    return PrintOutput("kith " + std::string(kVersion) + "\n") ? kExitSuccess : kExitFailed;
  }
  if (first == "--help" || first == "-h" || (first == "help" && arguments.size() == 1)) {
    return PrintOutput(Usage()) ? kExitSuccess : kExitFailed;
  }
  const bool help = first == "help";
  const std::string& name = help ? arguments[1] : first;
  const CommandEntry* command = FindCommand(name);
  if (command == nullptr) return RejectCommand(name);
  try {
    if (help) return RunCommand(*command, {"--help"}, cancellation);
    return RunCommand(*command, {arguments.begin() + 1, arguments.end()}, cancellation);
  } catch (const std::bad_alloc&) {
    PrintError("kith " + name, "out of memory: the system has no more to give to this process");
    return kExitFailed;
  }
}

}  // namespace kith
