// log.h: what a program says to its operator: one event and its fields a line, on stderr.
//
// Shape:   text for people on a terminal, JSON lines otherwise; never a token, never an event's
//          payload. The event's words are constant ("hub started"); what varies is in the fields,
//          so that a log can be searched.
// Threads: Log is safe from every thread. StartLog once, first in main; before it, text from kInfo.
// Errors:  none: a line that cannot be written is lost.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"

namespace tocsin {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kAuto, kText, kJson };

// "debug", "info", "warning", "error"; "auto", "text", "json".
absl::StatusOr<LogLevel> ParseLogLevel(std::string_view name);
absl::StatusOr<LogFormat> ParseLogFormat(std::string_view name);

void StartLog(LogLevel lowest, LogFormat format);

// The least that is logged from here on. From any thread.
void SetLogLevel(LogLevel lowest);
LogLevel LowestLogLevel();
std::string_view NameOf(LogLevel level);

// A name and what it is. Views: lives no longer than the call it is an argument of.
struct LogField {
  using Value = std::variant<std::string_view, int64_t, uint64_t, double, bool, absl::Duration>;

  LogField(std::string_view field, std::string_view text) : name(field), value(text) {}
  LogField(std::string_view field, const char* text) : name(field), value(std::string_view(text)) {}
  LogField(std::string_view field, const std::string& text)
      : name(field), value(std::string_view(text)) {}
  LogField(std::string_view field, bool flag) : name(field), value(flag) {}
  LogField(std::string_view field, double number) : name(field), value(number) {}
  LogField(std::string_view field, absl::Duration duration) : name(field), value(duration) {}
  // The status's message.
  LogField(std::string_view field, const absl::Status& status);
  template <std::signed_integral T>
  LogField(std::string_view field, T number) : name(field), value(int64_t{number}) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) LogField(std::string_view field, T number)
      : name(field), value(uint64_t{number}) {}

  std::string_view name;
  Value value;
};
using LogFields = std::initializer_list<LogField>;

void Log(LogLevel level, std::string_view event, LogFields fields = {});
// Who did what to the program: an info line that is written whatever the level.
void LogAudit(std::string_view event, LogFields fields);
inline void LogDebug(std::string_view event, LogFields fields = {}) {
  Log(LogLevel::kDebug, event, fields);
}
inline void LogInfo(std::string_view event, LogFields fields = {}) {
  Log(LogLevel::kInfo, event, fields);
}
inline void LogWarning(std::string_view event, LogFields fields = {}) {
  Log(LogLevel::kWarning, event, fields);
}
inline void LogError(std::string_view event, LogFields fields = {}) {
  Log(LogLevel::kError, event, fields);
}

// For what may repeat a thousand times a second: at most one line a period. Keep one a call site:
//   static LogThrottle throttle(absl::Seconds(10));
//   if (throttle.Pass(Clock::Real().Monotonic())) LogWarning("…", {…, {"not_logged",
//   throttle.Dropped()}});
class LogThrottle {
 public:
  explicit LogThrottle(absl::Duration period) : period_(period) {}

  bool Pass(absl::Duration now);
  // How many did not pass between the last two that did.
  uint64_t Dropped() const;

 private:
  const absl::Duration period_;
  mutable Mutex mutex_;
  absl::Duration next_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
  uint64_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t dropped_ ABSL_GUARDED_BY(mutex_) = 0;
};

// What Log writes after time and level. Control characters are escaped in both: one event stays one
// line. Text: `hub started address=127.0.0.1:50051 took=1.5s`; a value with spaces, quotes or
// nothing in it is quoted.
std::string LogText(std::string_view event, LogFields fields);
// JSON: `"event":"hub started","address":"…","took":1.5`; durations are seconds.
std::string LogJson(std::string_view event, LogFields fields);

}  // namespace tocsin
