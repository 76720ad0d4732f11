// The examples of docs/cli.md, run as they stand, one after another in one folder.
//
// A block that begins with ```sh is run with `sh -e`.  A comment line of the document in front of
// it changes what is expected: `<!-- exit code 2 -->`.  The folder holds base.fvecs, query.fvecs
// and docs.jsonl before the first block.
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "tests/tools/index_fixture.h"

namespace kith {
namespace {

struct Example {
  std::string commands;
  int exit_code = 0;
  std::size_t line = 0;  // of the document
};

std::vector<Example> ExamplesOf(const std::string& path) {
  std::vector<Example> examples;
  std::ifstream document(path);
  int exit_code = 0;
  bool inside = false;
  std::size_t number = 0;
  for (std::string line; std::getline(document, line);) {
    ++number;
    if (line.starts_with("<!-- exit code ")) exit_code = std::atoi(line.c_str() + 15);
    if (inside && line == "```") {
      inside = false;
      exit_code = 0;
    } else if (line == "```sh") {
      inside = true;
      examples.push_back({"", exit_code, number});
    } else if (inside) {
      examples.back().commands += line + "\n";
    }
  }
  return examples;
}

class CliDocumentTest : public IndexFixture {
 protected:
  // Runs a script in the folder with the program first in PATH; its exit code.
  int RunScript(const std::string& script) {
    folder_.Write("script.sh", script);
    const std::string program = KITH_PROGRAM;
    const std::string bin = program.substr(0, program.find_last_of('/'));
    const std::string command = "cd '" + folder_.path() + "' && PATH='" + bin +
                                "':$PATH sh -e script.sh >script.out 2>script.err </dev/null";
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
};

TEST_F(CliDocumentTest, EveryExampleRuns) {
  folder_.Write("docs.jsonl",
                "{\"title\":\"rain\",\"text\":\"light rain in the morning\"}\n"
                "{\"title\":\"sun\",\"text\":\"sunshine all afternoon\"}\n"
                "{\"title\":\"snow\",\"text\":\"heavy snow on the mountains\"}\n"
                "{\"title\":\"fog\",\"text\":\"morning fog in the valley\"}\n"
                "{\"title\":\"storm\",\"text\":\"a storm with thunder and heavy rain\"}\n"
                "{\"title\":\"wind\",\"text\":\"strong wind along the coast\"}\n");
  const std::vector<Example> examples = ExamplesOf(KITH_SOURCE_DIR "/docs/cli.md");
  EXPECT_GE(examples.size(), 10u);
  for (const Example& example : examples) {
    EXPECT_EQ(RunScript(example.commands), example.exit_code)
        << "docs/cli.md:" << example.line << "\n"
        << example.commands << folder_.Read("script.out") << folder_.Read("script.err");
  }
}

}  // namespace
}  // namespace kith
