#include "bridge/graphql_ws/server_message.h"

#include "absl/strings/str_cat.h"
#include "bridge/graphql/subscription_results.h"
#include "core/base/strings.h"
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
