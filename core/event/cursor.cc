#include "core/event/cursor.h"

#include <charconv>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
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

absl::StatusOr<StartPoint> ParseStartPoint(std::string_view text, std::string_view field) {
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
