#include "bridge/graphql_ws/server_message.h"

#include "absl/strings/str_cat.h"
#include "bridge/graphql/subscription_results.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/json_writer.h"
#include "core/event/limits.h"

namespace tocsin::bridge::graphql_ws {
namespace {

void AppendCursor(std::string& out, const Cursor& cursor) {
  out += '"';
  out += FormatCursor(cursor);
  out += '"';
}

void AppendLimits(std::string& out, const ws::SessionOptions& options) {
  absl::StrAppend(&out, R"({"maxMessageBytes":)", options.max_message_bytes, R"(,"maxJsonDepth":)",
                  limits::kJsonDepth, R"(,"maxSubscriptions":)", options.max_subscriptions,
                  R"(,"maxIdChars":)", limits::kSubscriptionIdChars, R"(,"messagesPerSecond":)",
                  options.messages_per_second, R"(,"messageBurst":)", options.message_burst,
                  R"(,"sessionTimeoutMs":)", absl::ToInt64Milliseconds(options.session_timeout),
                  "}");
}

}  // namespace

std::string AckMessage(const Acknowledgement& ack) {
  std::string out = absl::StrCat(R"({"type":"connection_ack","payload":{"sessionId":")",
                                 ToAbsl(ack.session_id), R"(","serverTime":")");
  AppendJsonTime(out, ack.server_time);
  absl::StrAppend(&out, R"(","heartbeatIntervalMs":)",
                  absl::ToInt64Milliseconds(ack.options.heartbeat_interval));
  if (ack.expires_at != absl::InfiniteFuture()) {
    out += R"(,"expiresAt":")";
    AppendJsonTime(out, ack.expires_at);
    out += '"';
  }
  if (ack.cursor.epoch != 0) {
    out += R"(,"cursor":)";
    AppendCursor(out, ack.cursor);
  }
  out += R"(,"limits":)";
  AppendLimits(out, ack.options);
  return out + "}}";
}

std::string PongMessage(std::string_view payload) {
  return payload.empty() ? R"({"type":"pong"})"
                         : absl::StrCat(R"({"type":"pong","payload":)", ToAbsl(payload), "}");
}

std::string CursorPing(const Cursor& cursor) {
  std::string out = R"({"type":"ping","payload":{"cursor":)";
  AppendCursor(out, cursor);
  return out + "}}";
}

std::string HubPing(bool connected) {
  return absl::StrCat(R"({"type":"ping","payload":{"hub":")",
                      connected ? "connected" : "reconnecting", R"("}})");
}

std::string AuthenticatedPong(std::string_view expires_at, bool permission_changed) {
  return absl::StrCat(R"({"type":"pong","payload":{"type":"authenticated","expires_at":)",
                      ToAbsl(expires_at),
                      permission_changed ? R"(,"permission_changed":true}})" : "}}");
}

std::string RefusedPong(const absl::Status& refusal) {
  std::string out = absl::StrCat(R"({"type":"pong","payload":{"type":"error","code":")",
                                 ToAbsl(RowOf(ErrorCodeOf(refusal)).name), R"(","message":)");
  AppendJsonString(out, ToStd(refusal.message()));
  if (const absl::Duration wait = ErrorDetailsOf(refusal).retry_after;
      wait > absl::ZeroDuration()) {
    absl::StrAppend(&out, R"(,"retry_after_ms":)", absl::ToInt64Milliseconds(wait));
  }
  return out + "}}";
}

std::string TokenExpiringPing(absl::Time expires_at) {
  std::string out = R"({"type":"ping","payload":{"type":"token_expiring","expires_at":")";
  AppendJsonTime(out, expires_at);
  return out + R"("}})";
}

std::string ErrorMessage(std::string_view quoted_id, const graphql::Errors& errors,
                         absl::Time now) {
  std::string out =
      absl::StrCat(ToAbsl(kIdHead), ToAbsl(quoted_id), R"(,"type":"error","payload":)");
  graphql::AppendErrors(out, errors, now);
  return out + "}";
}

std::string CompleteMessage(std::string_view quoted_id) {
  return absl::StrCat(ToAbsl(kIdHead), ToAbsl(quoted_id), R"(,"type":"complete"})");
}

std::string QuotedId(std::string_view id) {
  std::string out;
  AppendJsonString(out, id);
  return out;
}

void EndNextAt(std::string& out, const Cursor& cursor) {
  graphql::CloseResultAt(out, cursor);
  out += '}';
}

void AppendGapTail(std::string& out, const Gap& gap) {
  graphql::AppendGapResult(out, gap, gap.to);
  out += '}';
}

}  // namespace tocsin::bridge::graphql_ws
