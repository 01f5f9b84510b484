#include "core/event/text.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/civil_time.h"
#include "core/base/strings.h"

namespace tocsin {
namespace {

constexpr size_t kQuotedBytes = 64;

// Reads digits and separators off the front of a text; stays failed once something did not fit.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int Digits(size_t count) {
    int number = 0;
    for (size_t i = 0; i < count; ++i) {
      number = number * 10 + Digit();
    }
    return number;
  }
  // True when the next character is `c` (given in upper case).
  bool Take(char c) {
    if (rest_.empty() || std::toupper(static_cast<unsigned char>(rest_.front())) != c) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }
  void Expect(char c) { ok_ = Take(c) && ok_; }
  // The digits after a decimal point, in nanoseconds.
  int64_t Fraction() {
    int64_t nanos = 0;
    int64_t unit = 100'000'000;
    do {
      nanos += Digit() * unit;
      unit /= 10;
    } while (ok_ && AtDigit());
    return nanos;
  }
  bool Finished() const { return ok_ && rest_.empty(); }

 private:
  bool AtDigit() const { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }
  int Digit() {
    if (!AtDigit()) {
      ok_ = false;
      return 0;
    }
    const int digit = rest_.front() - '0';
    rest_.remove_prefix(1);
    return digit;
  }

  std::string_view rest_;
  bool ok_ = true;
};

// Z or ±hh:mm; nothing when out of range.
std::optional<absl::Duration> ScanOffset(Scanner& scan) {
  if (scan.Take('Z')) {
    return absl::ZeroDuration();
  }
  const bool ahead = scan.Take('+');
  if (!ahead) {
    scan.Expect('-');
  }
  const int hours = scan.Digits(2);
  scan.Expect(':');
  const int minutes = scan.Digits(2);
  if (hours > 23 || minutes > 59) {
    return std::nullopt;
  }
  const absl::Duration offset = absl::Hours(hours) + absl::Minutes(minutes);
  return ahead ? offset : -offset;
}

// Whether this is the last second of a month: the one that a leap second may follow.
bool EndsMonth(absl::Time time) {
  const absl::CivilSecond next = absl::ToCivilSecond(time, absl::UTCTimeZone()) + 1;
  return next == absl::CivilSecond(absl::CivilMonth(next));
}

}  // namespace

std::string JoinPath(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : absl::StrCat(ToAbsl(path), ".", ToAbsl(name));
}

std::string IndexPath(std::string_view path, size_t index) {
  return absl::StrCat(ToAbsl(path), "[", index, "]");
}

std::string KeyPath(std::string_view path, std::string_view key) {
  return absl::StrCat(ToAbsl(path), "[", Quote(key), "]");
}

std::string Quote(std::string_view text) {
  std::string quoted = "\"";
  size_t used = 0;
  for (const char c : text) {
    const bool starts_char = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (used >= kQuotedBytes && starts_char) {
      quoted += "…";
      break;
    }
    ++used;
    if (c == '"' || c == '\\') {
      quoted += '\\';
    }
    quoted += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  }
  return quoted += '"';
}

absl::Status FieldError(ErrorCode code, std::string_view field, std::string_view problem,
                        std::vector<std::string> allowed) {
  std::string message =
      field.empty() ? std::string(problem) : absl::StrCat(ToAbsl(field), " ", ToAbsl(problem));
  if (!allowed.empty()) {
    absl::StrAppend(&message, "; allowed: ", absl::StrJoin(allowed, ", "));
  }
  return MakeError(code, message, {.field = std::string(field), .allowed = std::move(allowed)});
}

absl::Status WithFieldNamed(const absl::Status& status, std::string_view name) {
  ErrorDetails details = ErrorDetailsOf(status);
  const std::string before = std::exchange(details.field, std::string(name));
  const std::string message =
      before.empty() ? std::string(status.message())
                     : absl::StrReplaceAll(status.message(), {{before, details.field}});
  return MakeErrorAs(ErrorCodeOf(status), status.code(), message, details);
}

size_t CharCount(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::optional<absl::Time> ParseRfc3339(std::string_view text) {
  Scanner scan(text);
  const int year = scan.Digits(4);
  scan.Expect('-');
  const int month = scan.Digits(2);
  scan.Expect('-');
  const int day = scan.Digits(2);
  scan.Expect('T');
  const int hour = scan.Digits(2);
  scan.Expect(':');
  const int minute = scan.Digits(2);
  scan.Expect(':');
  const int given_second = scan.Digits(2);
  const bool leap = given_second == 60;
  const int second = leap ? 59 : given_second;
  const int64_t nanos = scan.Take('.') ? scan.Fraction() : 0;
  const std::optional<absl::Duration> offset = ScanOffset(scan);
  const absl::CivilSecond civil(year, month, day, hour, minute, second);
  // What is out of its range was carried over into the next field.
  const bool in_range = civil.year() == year && civil.month() == month && civil.day() == day &&
                        civil.hour() == hour && civil.minute() == minute &&
                        civil.second() == second && year >= 1;
  if (!scan.Finished() || !offset || !in_range) {
    return std::nullopt;
  }
  const absl::Time whole = absl::FromCivil(civil, absl::UTCTimeZone()) - *offset;
  if (leap && !EndsMonth(whole)) {
    return std::nullopt;
  }
  // A leap second is the same moment as the second after it, as on every Unix system.
  const absl::Time time = whole + absl::Seconds(leap ? 1 : 0) + absl::Nanoseconds(nanos);
  // An offset may have moved it out of the years that can be written back.
  const absl::CivilYear utc_year(absl::ToCivilSecond(time, absl::UTCTimeZone()));
  if (utc_year.year() < 1 || utc_year.year() > 9999) {
    return std::nullopt;
  }
  return time;
}

}  // namespace tocsin
