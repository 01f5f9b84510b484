#include "core/admin/admin_requests.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/planted.h"
#include "core/base/utf8.h"
#include "core/event/error.h"

namespace tocsin {
namespace {

constexpr uint32_t kDefaultPage = 100;
constexpr uint32_t kMaxPage = 1'000;
constexpr absl::Duration kDefaultReconnect = absl::Seconds(1);
constexpr absl::Duration kMaxReconnect = absl::Hours(1);
// The longest name of a subject, and more than any id or transport has.
constexpr size_t kMaxText = 255;

absl::Status Wrong(std::string_view field, std::string_view what) {
  return MakeError(ErrorCode::kInvalidMessage,
                   absl::StrCat(std::string(field), ": ", std::string(what)),
                   {.field = std::string(field)});
}

absl::Status CheckText(std::string_view field, std::string_view text) {
  return text.size() <= kMaxText ? absl::OkStatus()
                                 : Wrong(field, absl::StrCat("has more than ", kMaxText, " bytes"));
}

absl::StatusOr<uint32_t> PageSize(std::string_view field, uint32_t asked) {
  if (asked > kMaxPage) {
    return Wrong(field, absl::StrCat(asked, " is out of range; allowed: 1 to ", kMaxPage));
  }
  return asked == 0 ? kDefaultPage : asked;
}

bool IsVisible(std::string_view text) {
  return IsUtf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte < 0x20 || byte == 0x7f;
         });
}

absl::StatusOr<absl::Duration> ReconnectAfter(const v1::KickRequest& request) {
  if (!request.has_reconnect_after()) {
    return kDefaultReconnect;
  }
  const absl::Duration after = absl::Seconds(request.reconnect_after().seconds()) +
                               absl::Nanoseconds(request.reconnect_after().nanos());
  if (after < absl::ZeroDuration() || after > kMaxReconnect) {
    return Wrong("reconnect_after", "is out of range; allowed: 0s to 1h");
  }
  return after;
}

}  // namespace

absl::Status Check(v1::ListConnectionsRequest& request) {
  const auto size = PageSize("page_size", request.page_size());
  if (!size.ok()) {
    return size.status();
  }
  request.set_page_size(*size);
  absl::Status right = CheckText("page_token", request.page_token());
  right.Update(CheckText("subject", request.subject()));
  right.Update(CheckText("transport", request.transport()));
  return right;
}

absl::Status Check(v1::ListClosedRequest& request) {
  const auto limit = PageSize("limit", request.limit());
  if (!limit.ok()) {
    return limit.status();
  }
  request.set_limit(*limit);
  return CheckText("subject", request.subject());
}

absl::StatusOr<Kicking> Read(const v1::KickRequest& request) {
  if (request.id().empty() == request.subject().empty()) {
    return Wrong("id", "give either id or subject");
  }
  absl::Status right = CheckText("id", request.id());
  right.Update(CheckText("subject", request.subject()));
  if (!right.ok()) {
    return right;
  }
  if (request.reason().size() > kMaxKickReason ||
      (!Planted("reason-any") && !IsVisible(request.reason()))) {
    return Wrong("reason", absl::StrCat("must be at most ", kMaxKickReason,
                                        " bytes of UTF-8 without control characters"));
  }
  const auto after = ReconnectAfter(request);
  if (!after.ok()) {
    return after.status();
  }
  return Kicking{.id = request.id(),
                 .subject = request.subject(),
                 .why = absl::StrCat("closed by an operator", request.reason().empty() ? "" : ": ",
                                     request.reason()),
                 .reconnect_after = *after};
}

absl::StatusOr<LogLevel> Read(const v1::SetLogLevelRequest& request) {
  switch (request.level()) {
    case v1::LOG_LEVEL_DEBUG:
      return LogLevel::kDebug;
    case v1::LOG_LEVEL_INFO:
      return LogLevel::kInfo;
    case v1::LOG_LEVEL_WARNING:
      return LogLevel::kWarning;
    case v1::LOG_LEVEL_ERROR:
      return LogLevel::kError;
    default:
      return Wrong("level",
                   absl::StrCat("'", static_cast<int>(request.level()),
                                "' is no log level; allowed: debug, info, warning, error"));
  }
}

v1::LogLevel ToProto(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return v1::LOG_LEVEL_DEBUG;
    case LogLevel::kInfo:
      return v1::LOG_LEVEL_INFO;
    case LogLevel::kWarning:
      return v1::LOG_LEVEL_WARNING;
    case LogLevel::kError:
      return v1::LOG_LEVEL_ERROR;
  }
  return v1::LOG_LEVEL_UNSPECIFIED;
}

}  // namespace tocsin
