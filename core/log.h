// Messages for the operator, on stderr.  Level by KITH_LOG=debug|info|warning|error|off
// (default: warning for the command line).  Thread-safe.
#pragma once

#include <string_view>

namespace kith {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };

void SetLogLevel(LogLevel level);
void Log(LogLevel level, std::string_view message);

inline void LogInfo(std::string_view message) { Log(LogLevel::kInfo, message); }
inline void LogWarning(std::string_view message) { Log(LogLevel::kWarning, message); }
inline void LogError(std::string_view message) { Log(LogLevel::kError, message); }

}  // namespace kith
