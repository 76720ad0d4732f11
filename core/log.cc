#include "core/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>

#include "core/progress.h"

namespace kith {
namespace {

struct LevelRow {
  LogLevel level;
  std::string_view name;
  spdlog::level::level_enum spdlog_level;
};
constexpr std::array<LevelRow, 5> kLevels = {{{LogLevel::kDebug, "debug", spdlog::level::debug},
                                              {LogLevel::kInfo, "info", spdlog::level::info},
                                              {LogLevel::kWarning, "warning", spdlog::level::warn},
                                              {LogLevel::kError, "error", spdlog::level::err},
                                              {LogLevel::kOff, "off", spdlog::level::off}}};

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  return kLevels[static_cast<std::size_t>(level)].spdlog_level;
}

spdlog::logger* NewLogger() {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto* logger = new spdlog::logger("kith", std::move(sink));  // lives to the end of the program
  logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %l: %v");
  logger->set_level(spdlog::level::warn);
  const char* wanted = std::getenv("KITH_LOG");
  if (wanted == nullptr) return logger;
  for (const LevelRow& row : kLevels) {
    if (row.name == wanted) {
      logger->set_level(row.spdlog_level);
      return logger;
    }
  }
  logger->log(
      spdlog::level::warn,
      "KITH_LOG: expected debug, info, warning, error or off, found '" + std::string(wanted) + "'");
  return logger;
}

spdlog::logger& Logger() {
  static spdlog::logger* const logger = NewLogger();
  return *logger;
}

// One message is one line, whatever a user's text in it holds.
std::string WithoutControlCharacters(std::string_view message) {
  std::string line(message);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return line;
}

}  // namespace

void SetLogLevel(LogLevel level) { Logger().set_level(SpdlogLevel(level)); }

void Log(LogLevel level, std::string_view message) {
  if (level == LogLevel::kOff || !Logger().should_log(SpdlogLevel(level))) return;
  const std::string line = WithoutControlCharacters(message);
  EraseProgressBar();
  Logger().log(SpdlogLevel(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace kith
