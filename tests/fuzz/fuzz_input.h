// What every fuzzer needs: the input as a file, checks that stop it, and seeds to start from.
//
// A fuzzer defines LLVMFuzzerTestOneInput and calls KITH_FUZZ_SEEDS with a function that makes
// well-formed inputs; started with the environment variable KITH_FUZZ_SEEDS=FOLDER it writes them
// there and ends (tools/fuzz does).
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace kith {

// Stops the fuzzer when a promise is broken, in every build.
#define KITH_FUZZ_CHECK(condition)                                             \
  do {                                                                         \
    if (!(condition)) {                                                        \
      std::fprintf(stderr, "%s:%d: not " #condition "\n", __FILE__, __LINE__); \
      std::abort();                                                            \
    }                                                                          \
  } while (false)

// A file in memory, gone with the object.
class ScratchFile {
 public:
  explicit ScratchFile(const std::string& name)
      : path_("/dev/shm/kith-fuzz-" + std::to_string(getpid()) + "-" + name) {}
  ~ScratchFile() { unlink(path_.c_str()); }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  const std::string& path() const { return path_; }
  void Write(std::string_view bytes) const {
    std::ofstream out(path_, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    KITH_FUZZ_CHECK(out.flush().good());
  }
  std::string Read() const {
    std::ifstream in(path_, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }

 private:
  std::string path_;
};

inline void WriteSeedsIfAsked(const std::vector<std::string>& seeds) {
  const char* folder = std::getenv("KITH_FUZZ_SEEDS");
  if (folder == nullptr) return;
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    std::ofstream out(std::string(folder) + "/seed-" + std::to_string(i), std::ios::binary);
    out.write(seeds[i].data(), static_cast<std::streamsize>(seeds[i].size()));
    KITH_FUZZ_CHECK(out.flush().good());
  }
  std::exit(0);
}

}  // namespace kith

#define KITH_FUZZ_SEEDS(make_seeds)                    \
  extern "C" int LLVMFuzzerInitialize(int*, char***) { \
    ::kith::WriteSeedsIfAsked(make_seeds());           \
    return 0;                                          \
  }
