#include "core/event/cursor.h"

#include <charconv>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/text.h"

namespace tocsin {
namespace {

constexpr Epoch kLastEpoch = (Epoch{1} << 48) - 1;

// Lower-case hexadecimal without leading zeros.
std::optional<uint64_t> ParseHex(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0') ||
      text.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
    return std::nullopt;
  }
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, 16);
  if (error != std::errc() || stop != end) {
    return std::nullopt;
  }
  return number;
}

std::optional<Cursor> ReadCursor(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) {
    return std::nullopt;
  }
  const std::optional<uint64_t> epoch = ParseHex(text.substr(0, dash));
  const std::optional<uint64_t> sequence = ParseHex(text.substr(dash + 1));
  if (!epoch || !sequence || *epoch == 0 || *epoch > kLastEpoch) {
    return std::nullopt;
  }
  return Cursor{*epoch, *sequence};
}

// ---- split places ----

constexpr char kSplitMark = 'p';

// FNV-1a, 32 bits.
uint32_t ChecksumOf(std::string_view text) {
  uint32_t sum = 2166136261;
  for (const char each : text) {
    sum = (sum ^ static_cast<uint8_t>(each)) * 16777619;
  }
  return sum;
}

std::string WithChecksum(std::string_view text) {
  return absl::StrCat(ToAbsl(text), ".", absl::Hex(ChecksumOf(text), absl::kZeroPad8));
}

bool LooksSplit(std::string_view text) { return !text.empty() && text.front() == kSplitMark; }

std::optional<Place> ReadSplitPlace(std::string_view text) {
  const size_t last = text.rfind('.');
  if (!LooksSplit(text) || last == std::string_view::npos ||
      WithChecksum(text.substr(0, last)) != text) {
    return std::nullopt;
  }
  const std::string_view both = text.substr(1, last - 1);
  const size_t dot = both.find('.');
  if (dot == std::string_view::npos) {
    return std::nullopt;
  }
  const std::optional<Cursor> ordinary = ReadCursor(both.substr(0, dot));
  const std::optional<Cursor> urgent = ReadCursor(both.substr(dot + 1));
  return ordinary && urgent ? std::optional(Place(*ordinary, *urgent)) : std::nullopt;
}

struct StartFormatter {
  std::string operator()(Latest) const { return "latest"; }
  std::string operator()(Earliest) const { return "earliest"; }
  std::string operator()(absl::Time time) const {
    return absl::FormatTime("%E4Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone());
  }
  std::string operator()(const Cursor& cursor) const { return FormatCursor(cursor); }
};

}  // namespace

std::string FormatCursor(const Cursor& cursor) {
  return absl::StrCat(absl::Hex(cursor.epoch), "-", absl::Hex(cursor.sequence));
}

absl::StatusOr<Cursor> ParseCursor(std::string_view text) {
  if (const std::optional<Cursor> cursor = ReadCursor(text)) {
    return *cursor;
  }
  return FieldError(ErrorCode::kInvalidMessage, "", absl::StrCat(Quote(text), " is no cursor"),
                    {"a cursor as the server gave it"});
}

std::string FormatPlace(const Place& place) {
  if (!place.is_split()) {
    return FormatCursor(place.ordinary);
  }
  return WithChecksum(absl::StrCat(std::string(1, kSplitMark), FormatCursor(place.ordinary), ".",
                                   FormatCursor(place.urgent)));
}

absl::StatusOr<ResumePoint> ParseResumePoint(std::string_view text, std::string_view field) {
  if (const std::optional<Place> place = ReadSplitPlace(text)) {
    return ResumePoint{.start = place->ordinary, .urgent = place->urgent};
  }
  if (LooksSplit(text)) {
    return FieldError(ErrorCode::kInvalidMessage, field,
                      absl::StrCat("is a cursor that is damaged or cut off: ", Quote(text)),
                      {"the whole cursor as the server gave it"});
  }
  ASSIGN_OR_RETURN(StartPoint start, ParseStartPoint(text, field));
  return ResumePoint{.start = std::move(start)};
}

absl::StatusOr<StartPoint> ParseStartPoint(std::string_view text, std::string_view field) {
  if (ReadSplitPlace(text).has_value()) {
    return FieldError(ErrorCode::kInvalidMessage, field,
                      absl::StrCat("is where a subscription with priority stood while it was "
                                   "behind, which only a subscription can resume from: ",
                                   Quote(text)),
                      {"a cursor of one that is not behind", "\"earliest\"", "\"latest\"",
                       "an RFC 3339 time such as \"2026-01-02T03:04:05Z\""});
  }
  if (text.empty() || text == "latest") {
    return Latest{};
  }
  if (text == "earliest") {
    return Earliest{};
  }
  if (const std::optional<Cursor> cursor = ReadCursor(text)) {
    return *cursor;
  }
  if (const std::optional<absl::Time> time = ParseRfc3339(text)) {
    return *time;
  }
  return FieldError(ErrorCode::kInvalidMessage, field,
                    absl::StrCat("is no place in the log: ", Quote(text)),
                    {"a cursor as the server gave it", "\"earliest\"", "\"latest\"",
                     "an RFC 3339 time such as \"2026-01-02T03:04:05Z\""});
}

std::string FormatStartPoint(const StartPoint& start) {
  return std::visit(StartFormatter{}, start);
}

std::string_view GapReasonName(GapReason reason) {
  switch (reason) {
    case GapReason::kExpired:
      return "expired";
    case GapReason::kEpoch:
      return "epoch";
    case GapReason::kDamaged:
      return "damaged";
  }
  return "damaged";
}

}  // namespace tocsin
