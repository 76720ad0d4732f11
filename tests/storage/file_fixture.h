// Files for tests: a folder of their own, and whole files as strings.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "core/result.h"
#include "tests/storage/byte_string.h"

namespace kith {

// A folder that goes with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "kith-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }
  std::size_t FileCount() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::string path_;
};

inline std::string ReadBytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

inline void WriteBytes(const std::string& path, std::string_view bytes) {
  std::filesystem::remove(path);  // ext4 syncs a file that is truncated and written again
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  ASSERT_TRUE(out.good()) << path;
}

inline std::string SharedData() {
  const char* set = std::getenv("KITH_SHARED_DATA");
  return set != nullptr ? set : KITH_SOURCE_DIR "/../shared/data";
}

}  // namespace kith

// The rest of the test needs the development data, which is not part of the project.
#define KITH_SKIP_WITHOUT_SHARED_DATA(path)                              \
  if (!std::filesystem::exists(path)) {                                  \
    GTEST_SKIP() << "shared data not found at " << ::kith::SharedData(); \
  }
