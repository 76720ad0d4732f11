// A process of its own that works on a catalog, to be killed or to hold it.
//
// The test program starts itself again, before main: a forked copy would lack the threads that
// RocksDB started in the parent.  A test file names the roles it has:
//   const bool kWriter = CatalogChild::Role("writer", [](CatalogChild::Parent& parent) {...});
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace kith {

class CatalogChild {
 public:
  // What the child sees of its parent.
  struct Parent {
    std::string path;  // of the catalog
    int descriptor;
    // Tells the parent a number; ends the process when nobody listens.
    void Tell(std::uint64_t number) const {
      if (write(descriptor, &number, sizeof(number)) != sizeof(number)) std::_Exit(3);
    }
  };

  // In a process that was started in this role, runs `body` and ends.
  static bool Role(const std::string& role, const std::function<void(const Parent&)>& body) {
    const char* asked = std::getenv("KITH_CATALOG_CHILD");
    if (asked == nullptr || role != asked) return false;
    body({.path = std::getenv("KITH_CATALOG_PATH"),
          .descriptor = std::atoi(std::getenv("KITH_CATALOG_PIPE"))});
    std::_Exit(0);
  }

  CatalogChild(const std::string& role, const std::string& path) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) std::abort();
    listen_ = ends[0];
    const std::string pipe = std::to_string(ends[1]);
    process_ = fork();
    if (process_ == 0) {
      fcntl(ends[1], F_SETFD, 0);  // goes along
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      setenv("KITH_CATALOG_CHILD", role.c_str(), 1);
      setenv("KITH_CATALOG_PATH", path.c_str(), 1);
      setenv("KITH_CATALOG_PIPE", pipe.c_str(), 1);
      execl("/proc/self/exe", "storage_test", static_cast<char*>(nullptr));
      std::_Exit(127);
    }
    close(ends[1]);
  }
  ~CatalogChild() {
    Kill();
    close(listen_);
  }
  CatalogChild(const CatalogChild&) = delete;
  CatalogChild& operator=(const CatalogChild&) = delete;

  // What the child told next; nullopt when it ended.
  std::optional<std::uint64_t> Hear() const {
    std::uint64_t number;
    if (read(listen_, &number, sizeof(number)) == sizeof(number)) return number;
    return {};
  }
  // kill -9, and waits until it is gone.  Returns the exit status, as waitpid has it.
  int Kill() {
    if (process_ > 0) kill(process_, SIGKILL);
    return Wait();
  }
  int Wait() {
    if (process_ > 0) waitpid(process_, &status_, 0);
    process_ = -1;
    return status_;
  }

 private:
  int listen_ = -1;
  pid_t process_ = -1;
  int status_ = -1;
};

}  // namespace kith
