#include "tools/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/kith_process.h"
#include "tests/vector_files.h"
#include "tools/command.h"

namespace kith {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ProgramTest : public testing::Test {
 protected:
  KithRun Run(const std::vector<std::string>& arguments) {
    return RunKith(arguments, folder_.path());
  }
  TemporaryFolder folder_;
};

TEST(NearestWordTest, FindsTheWordThatWasMeant) {
  const std::vector<std::string> words = {"build", "search", "tune", "info"};
  EXPECT_EQ(NearestWord("biuld", words), "build");
  EXPECT_EQ(NearestWord("serach", words), "search");
  EXPECT_EQ(NearestWord("searches", words), "search");
  EXPECT_EQ(NearestWord("inf", words), "info");
  EXPECT_EQ(NearestWord("unrelated", words), "");
  EXPECT_EQ(NearestWord("", words), "");
}

TEST(CommandsTest, AreFoundByTheirNamesOnly) {
  for (const CommandEntry& command : Commands()) EXPECT_EQ(FindCommand(command.name), &command);
  EXPECT_EQ(FindCommand("buil"), nullptr);
  EXPECT_EQ(FindCommand(""), nullptr);
}

TEST_F(ProgramTest, PrintsItsVersion) {
  const KithRun run = Run({"--version"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, testing::MatchesRegex("kith [0-9]+\\.[0-9]+\\.[0-9]+\n"));
  EXPECT_EQ(run.err, "");
}

TEST_F(ProgramTest, HelpListsEveryCommand) {
  for (const auto& arguments : {std::vector<std::string>{"--help"}, {"-h"}, {"help"}}) {
    const KithRun run = Run(arguments);
    EXPECT_EQ(run.exit_code, 0);
    EXPECT_EQ(run.err, "");
    for (const CommandEntry& command : Commands()) {
      EXPECT_THAT(run.out, HasSubstr("\n  " + std::string(command.name) + "  "));
    }
  }
}

TEST_F(ProgramTest, EveryCommandExplainsItselfWithExamples) {
  for (const CommandEntry& command : Commands()) {
    const std::string name(command.name);
    const KithRun run = Run({name, "--help"});
    EXPECT_EQ(run.exit_code, 0);
    EXPECT_THAT(run.out, HasSubstr("Usage: kith " + name));
    EXPECT_THAT(run.out, HasSubstr("Examples:\n  kith " + name));
    EXPECT_THAT(run.out, HasSubstr("--json"));
    EXPECT_EQ(run.err, "");
    EXPECT_EQ(Run({"help", name}).out, run.out);
    std::istringstream lines(run.out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
  }
}

TEST_F(ProgramTest, HelpShowsDefaultsAndWhatIsRequired) {
  const std::string help = Run({"build", "--help"}).out;
  EXPECT_THAT(help, HasSubstr("--input (required)"));
  EXPECT_THAT(help, HasSubstr("--metric (l2)"));
  EXPECT_THAT(help, HasSubstr("--ef-construction (200)"));
}

TEST_F(ProgramTest, WithoutACommandPrintsUsageAndFails) {
  const KithRun run = Run({});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr("Usage: kith COMMAND"));
}

TEST_F(ProgramTest, AnUnknownCommandListsTheCommandsAndTheNearest) {
  const KithRun run = Run({"serach", "--index", "x"});
  ExpectError(run, 2, "kith");
  EXPECT_THAT(run.err, HasSubstr("\"serach\"; did you mean \"search\"?"));
  for (const CommandEntry& command : Commands()) {
    EXPECT_THAT(run.err, HasSubstr(std::string(command.name)));
  }
  EXPECT_THAT(Run({"quantum-leap"}).err, Not(HasSubstr("did you mean")));
}

TEST_F(ProgramTest, AnUnknownOptionNamesTheNearest) {
  const KithRun run = Run({"build", "--inptu", "a.fvecs", "--output", "b"});
  ExpectError(run, 2, "kith build");
  EXPECT_THAT(run.err, HasSubstr("unknown option --inptu; did you mean --input?"));
  EXPECT_THAT(run.err, HasSubstr("kith build --help"));
}

TEST_F(ProgramTest, AMissingOptionIsNamed) {
  const KithRun run = Run({"build", "--input", "a.fvecs"});
  ExpectError(run, 2, "kith build");
  EXPECT_THAT(run.err, HasSubstr("--output is required"));
}

TEST_F(ProgramTest, NumbersThatAreNoneAreRejected) {
  for (const char* k : {"ten", "-1", "1.5", "", "99999999999"}) {
    const KithRun run = Run({"ground-truth", "--base", "a.fvecs", "--queries", "b.fvecs",
                             "--output", "c.ivecs", "--k", k});
    ExpectError(run, 2, "kith ground-truth");
    EXPECT_THAT(run.err, HasSubstr("--k"));
  }
}

TEST_F(ProgramTest, FailsWhenItsOutputCannotBeWritten) {
  folder_.Write("a.fvecs", Texmex<float>({{1, 2}}));
  const KithRun run = RunKith({"info", "a.fvecs"}, folder_.path(), "/dev/full");
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, StartsWith("kith info: error: could not write the results to stdout"));
}

}  // namespace
}  // namespace kith
