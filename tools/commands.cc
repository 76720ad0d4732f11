// The table of commands: one line each.
#include <array>

#include "tools/command.h"

namespace kith {

CommandRun DeclareBuild(CLI::App& app);
CommandRun DeclareCollections(CLI::App& app);
CommandRun DeclareConvert(CLI::App& app);
CommandRun DeclareEmbedText(CLI::App& app);
CommandRun DeclareGroundTruth(CLI::App& app);
CommandRun DeclareImport(CLI::App& app);
CommandRun DeclareInfo(CLI::App& app);
CommandRun DeclareSearch(CLI::App& app);
CommandRun DeclareTrainEncoder(CLI::App& app);
CommandRun DeclareTune(CLI::App& app);
CommandRun DeclareVerify(CLI::App& app);

namespace {

constexpr std::array kCommands = {
    CommandEntry{"build", "Build an index from a vector file", DeclareBuild},
    CommandEntry{"search", "Search an index; measure recall, speed and latency", DeclareSearch},
    CommandEntry{"ground-truth", "Find exact nearest neighbours", DeclareGroundTruth},
    CommandEntry{"tune", "Measure recall against speed, find the setting for a recall target",
                 DeclareTune},
    CommandEntry{"info", "Show what an index or a file holds", DeclareInfo},
    CommandEntry{"verify", "Check every checksum and the structure of an index or a file",
                 DeclareVerify},
    CommandEntry{"convert", "Convert vectors from one file format or type to another",
                 DeclareConvert},
    CommandEntry{"import", "Import an index file of hnswlib or FAISS", DeclareImport},
    CommandEntry{"collections", "List, create, import, export and back up collections",
                 DeclareCollections},
    CommandEntry{"train-encoder", "Train a text encoder on a corpus", DeclareTrainEncoder},
    CommandEntry{"embed-text", "Turn texts into vectors", DeclareEmbedText},
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
