#include "core/base/log.h"

#include <fcntl.h>
#include <poll.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/planted.h"
#include "core/base/strings.h"

namespace tocsin {
namespace {

constexpr char kTextPattern[] = "%Y-%m-%dT%H:%M:%S.%eZ %^%-7l%$ %v";
constexpr char kJsonPattern[] = R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l",%v})";

struct Logger {
  std::shared_ptr<spdlog::logger> out;
  bool json = false;
};

std::atomic<LogLevel> lowest_level{LogLevel::kInfo};

spdlog::level::level_enum LevelOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

bool UseJson(LogFormat format) {
  if (format == LogFormat::kAuto) return isatty(STDERR_FILENO) == 0;
  return format == LogFormat::kJson;
}

Logger MakeLogger(bool json) {
  Logger logger{std::make_shared<spdlog::logger>(
                    "tocsin", std::make_shared<spdlog::sinks::stderr_color_sink_mt>()),
                json};
  logger.out->set_level(spdlog::level::trace);  // Log looks at the level itself
  logger.out->set_pattern(json ? kJsonPattern : kTextPattern, spdlog::pattern_time_type::utc);
  logger.out->flush_on(spdlog::level::trace);
  return logger;
}

// Says whether standard error takes a line without a wait for whoever reads it: an event never waits
// for its line in the log, which is lost instead, and counted. A pipe that says it
// can be written to has a free page at least.
bool TakesAtOnce(size_t bytes) {
  pollfd out{STDERR_FILENO, POLLOUT, 0};
  if (poll(&out, 1, 0) == 0) {
    return false;
  }
  constexpr size_t kPage = 4'096;
  const int capacity = fcntl(STDERR_FILENO, F_GETPIPE_SZ);
  int unread = 0;
  if (bytes <= kPage || capacity < 0 || ioctl(STDERR_FILENO, FIONREAD, &unread) != 0) {
    return true;
  }
  // Lines that were not read may take up twice their bytes.
  return bytes + 2 * static_cast<size_t>(unread) + kPage <= static_cast<size_t>(capacity);
}

// Never destroyed, because threads may log until the process ends.
Logger& TheLogger() {
  static Logger& logger = *new Logger(MakeLogger(false));
  return logger;
}

// Bytes above 0x7f go through: they are UTF-8, or at worst unreadable; they never break a line.
void AppendEscaped(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
}

void AppendQuoted(std::string& out, std::string_view text) {
  out += '"';
  AppendEscaped(out, text);
  out += '"';
}

bool NeedsQuotes(std::string_view text) {
  return text.empty() || std::any_of(text.begin(), text.end(), [](unsigned char c) {
           return c <= 0x20 || c == 0x7f || c == '"' || c == '\\' || c == '=';
         });
}

struct TextValue {
  std::string& out;
  void operator()(std::string_view text) const {
    NeedsQuotes(text) ? AppendQuoted(out, text) : static_cast<void>(out += text);
  }
  void operator()(bool flag) const { out += flag ? "true" : "false"; }
  void operator()(absl::Duration duration) const { out += absl::FormatDuration(duration); }
  void operator()(auto number) const { absl::StrAppend(&out, number); }
};

struct JsonValue {
  std::string& out;
  void operator()(std::string_view text) const { AppendQuoted(out, text); }
  void operator()(bool flag) const { out += flag ? "true" : "false"; }
  void operator()(absl::Duration duration) const { (*this)(absl::ToDoubleSeconds(duration)); }
  void operator()(double number) const {
    std::isfinite(number) ? absl::StrAppend(&out, number) : static_cast<void>(out += "null");
  }
  void operator()(auto number) const { absl::StrAppend(&out, number); }
};

// Time and level.
constexpr size_t kPrefixBytes = 96;

// A leaf, and never destroyed. Under it, so that no two lines count on the same room.
Mutex& WriteMutex() {
  static Mutex& mutex = *new Mutex();
  return mutex;
}
uint64_t lost_lines = 0;  // under WriteMutex

void Write(Logger& logger, spdlog::level::level_enum level, const std::string& line) {
  logger.out->log(level, spdlog::string_view_t(line.data(), line.size()));
}

void WriteOrCount(spdlog::level::level_enum to, std::string_view event, LogFields fields) {
  Logger& logger = TheLogger();
  const std::string line = logger.json ? LogJson(event, fields) : LogText(event, fields);
  MutexLock lock(WriteMutex());
  if (lost_lines > 0 && TakesAtOnce(2 * kPrefixBytes)) {
    const LogFields lost = {{"lines", std::exchange(lost_lines, 0)}};
    constexpr std::string_view kWhat = "lines were lost: nobody read them";
    Write(logger, spdlog::level::warn, logger.json ? LogJson(kWhat, lost) : LogText(kWhat, lost));
  }
  if (!TakesAtOnce(line.size() + kPrefixBytes)) {
    ++lost_lines;
    return;
  }
  Write(logger, to, line);
}

}  // namespace

LogField::LogField(std::string_view field, const absl::Status& status)
    : name(field), value(ToStd(status.message())) {}

absl::StatusOr<LogLevel> ParseLogLevel(std::string_view name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "info") return LogLevel::kInfo;
  if (name == "warning") return LogLevel::kWarning;
  if (name == "error") return LogLevel::kError;
  return absl::InvalidArgumentError(
      absl::StrCat("'", ToAbsl(name), "' is no log level; allowed: debug, info, warning, error"));
}

absl::StatusOr<LogFormat> ParseLogFormat(std::string_view name) {
  if (name == "auto") return LogFormat::kAuto;
  if (name == "text") return LogFormat::kText;
  if (name == "json") return LogFormat::kJson;
  return absl::InvalidArgumentError(
      absl::StrCat("'", ToAbsl(name), "' is no log format; allowed: auto, text, json"));
}

void StartLog(LogLevel lowest, LogFormat format) {
  TheLogger() = MakeLogger(UseJson(format));
  SetLogLevel(lowest);
}

void SetLogLevel(LogLevel lowest) { lowest_level.store(lowest, std::memory_order_relaxed); }

LogLevel LowestLogLevel() { return lowest_level.load(std::memory_order_relaxed); }

std::string_view NameOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "";
}

void Log(LogLevel level, std::string_view event, LogFields fields) {
  if (level >= LowestLogLevel()) WriteOrCount(LevelOf(level), event, fields);
}

void LogAudit(std::string_view event, LogFields fields) {
  if (Planted("audit-by-level") && LowestLogLevel() > LogLevel::kInfo) return;
  WriteOrCount(spdlog::level::info, event, fields);
}

std::string LogText(std::string_view event, LogFields fields) {
  std::string line;
  AppendEscaped(line, event);
  for (const LogField& field : fields) {
    line += ' ';
    AppendEscaped(line, field.name);
    line += '=';
    std::visit(TextValue{line}, field.value);
  }
  return line;
}

std::string LogJson(std::string_view event, LogFields fields) {
  std::string line = "\"event\":";
  AppendQuoted(line, event);
  for (const LogField& field : fields) {
    line += ',';
    AppendQuoted(line, field.name);
    line += ':';
    std::visit(JsonValue{line}, field.value);
  }
  return line;
}

bool LogThrottle::Pass(absl::Duration now) {
  MutexLock lock(mutex_);
  if (now < next_) {
    ++waiting_;
    return false;
  }
  next_ = now + period_;
  dropped_ = waiting_;
  waiting_ = 0;
  return true;
}

uint64_t LogThrottle::Dropped() const {
  MutexLock lock(mutex_);
  return dropped_;
}

}  // namespace tocsin
