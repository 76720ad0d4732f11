// The program `kith`: picks the command, parses its arguments, runs it, prints what it has to
// say and decides the exit code.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/cancellation.h"

namespace kith {

inline constexpr int kExitSuccess = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;        // wrong arguments or wrong input
inline constexpr int kExitCancelled = 130;  // 128 + SIGINT, as shells count

// `arguments` without the program's name.  Results go to stdout, everything else to stderr; an
// error is one line "kith COMMAND: error: ...".  A stdout that cannot be written is an error.
int RunProgram(const std::vector<std::string>& arguments, const Cancellation& cancellation);

// The candidate nearest to `word` by edit distance (insertions, deletions, substitutions,
// swapped neighbours), or an empty string when none is near enough to be meant.
std::string NearestWord(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace kith
