// The program kith as a child process, and what it printed.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <simdjson.h>

#include "tests/temporary_folder.h"

namespace kith {

struct KithRun {
  int exit_code = -1;  // 128 + signal when a signal ended it
  std::string out, err;
};

// A running program, with `folder` as its working directory.  Its output goes to files of a folder
// of its own, so it never blocks on a pipe.
class KithProcess {
 public:
  KithProcess(const std::vector<std::string>& arguments, const std::string& folder,
              const std::string& out_path = {}) {
    const std::string out = out_path.empty() ? output_ / "out" : out_path;
    const std::string err = output_ / "err";
    std::vector<std::string> words = {KITH_PROGRAM};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ != 0) return;
    const int in_fd = open("/dev/null", O_RDONLY);
    const int out_fd = open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    const int err_fd = open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (in_fd < 0 || out_fd < 0 || err_fd < 0 || chdir(folder.c_str()) != 0) _exit(126);
    dup2(in_fd, 0);
    dup2(out_fd, 1);
    dup2(err_fd, 2);
    execv(argv[0], argv.data());
    _exit(127);
  }
  ~KithProcess() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  KithProcess(const KithProcess&) = delete;
  KithProcess& operator=(const KithProcess&) = delete;

  void Signal(int number) const { kill(pid_, number); }

  KithRun Wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return {code, output_.Read("out"), output_.Read("err")};
  }

 private:
  TemporaryFolder output_;
  pid_t pid_ = -1;
};

inline KithRun RunKith(const std::vector<std::string>& arguments, const std::string& folder,
                       const std::string& out_path = {}) {
  return KithProcess(arguments, folder, out_path).Wait();
}

// Waits until `done` says so, at most a minute.
template <typename Condition>
bool WaitFor(Condition done) {
  for (int i = 0; i < 60000; ++i) {
    if (done()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

// A failed run: exit code, one line on stderr that names the command, nothing on stdout.
inline void ExpectError(const KithRun& run, int exit_code, const std::string& who) {
  EXPECT_EQ(run.exit_code, exit_code) << run.err;
  EXPECT_EQ(run.out, "");
  const std::size_t line = run.err.find(who + ": error: ");
  ASSERT_NE(line, std::string::npos) << run.err;
  EXPECT_EQ(run.err.find('\n', line), run.err.size() - 1) << run.err;
}

// The one JSON object that `run` printed.
class KithJson {
 public:
  explicit KithJson(const KithRun& run) {
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_TRUE(run.out.ends_with("}\n")) << run.out;
    if (parser_.parse(run.out).get(root_) != simdjson::SUCCESS) {
      ADD_FAILURE() << "no JSON: " << run.out;
      root_ = parser_.parse("{}", 2).value();
    }
    EXPECT_TRUE(root_.is_object()) << run.out;
  }

  // `pointer` as in RFC 6901: "/curve/0/qps".  A missing one is a failure of the test.
  bool Has(const std::string& pointer) const {
    return root_.at_pointer(pointer).error() == simdjson::SUCCESS;
  }
  double Number(const std::string& pointer) const {
    return Has(pointer) ? At(pointer).get_double().value() : Missing(pointer);
  }
  std::string Text(const std::string& pointer) const {
    return Has(pointer) ? std::string(At(pointer).get_string().value())
                        : std::to_string(Missing(pointer));
  }
  bool Flag(const std::string& pointer) const {
    return Has(pointer) ? At(pointer).get_bool().value() : Missing(pointer) == 0;
  }
  std::size_t Size(const std::string& pointer) const {
    return Has(pointer) ? At(pointer).get_array().value().size() : 0;
  }

 private:
  simdjson::dom::element At(const std::string& pointer) const {
    return root_.at_pointer(pointer).value();
  }
  static double Missing(const std::string& pointer) {
    ADD_FAILURE() << "no " << pointer;
    return -1;
  }

  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
};

}  // namespace kith
