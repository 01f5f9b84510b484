#include "bridge/ws/server_message.h"

#include "absl/strings/str_cat.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/json_writer.h"
#include "core/event/limits.h"

namespace tocsin::bridge::ws {
namespace {

constexpr int kProtocolVersion = 1;
constexpr std::string_view kEventMessage = R"({"type":"event",)";
constexpr std::string_view kLeftMessage = R"({"type":"left",)";

// {"name":value,…} in the order of the calls.
class Object {
 public:
  explicit Object(std::string_view type) { Text("type", type); }
  Object() = default;

  Object& Text(std::string_view name, std::string_view value) {
    Name(name);
    AppendJsonString(out_, value);
    return *this;
  }
  Object& Raw(std::string_view name, std::string_view json) {
    Name(name);
    out_ += json;
    return *this;
  }
  Object& Number(std::string_view name, int64_t value) { return Raw(name, std::to_string(value)); }
  Object& Millis(std::string_view name, absl::Duration value) {
    return Number(name, absl::ToInt64Milliseconds(value));
  }
  Object& Bool(std::string_view name, bool value) { return Raw(name, value ? "true" : "false"); }
  Object& Place(std::string_view name, const tocsin::Place& place) {
    return place.ordinary.epoch == 0 ? *this : Text(name, FormatPlace(place));
  }
  Object& TextUnlessEmpty(std::string_view name, std::string_view value) {
    return value.empty() ? *this : Text(name, value);
  }

  std::string Done() { return std::move(out_ += '}'); }

 private:
  void Name(std::string_view name) {
    out_ += out_.empty() ? "{\"" : ",\"";
    out_ += name;
    out_ += "\":";
  }

  std::string out_;
};

std::string LimitsObject(const ClientLimits& limits) {
  return Object()
      .Number("max_message_bytes", static_cast<int64_t>(limits.message_bytes))
      .Number("max_json_depth", limits::kJsonDepth)
      .Number("max_subscriptions", static_cast<int64_t>(limits.subscriptions))
      .Number("max_subscription_id_chars", limits::kSubscriptionIdChars)
      .Number("max_filter_values", limits::kFilterValues)
      .Number("max_filter_bytes", limits::kFilterBytes)
      .Number("messages_per_second", static_cast<int64_t>(limits.messages_per_second))
      .Number("message_burst", static_cast<int64_t>(limits.message_burst))
      .Millis("session_timeout_ms", limits.session_timeout)
      .Done();
}

std::string StringArray(const std::vector<std::string>& values) {
  std::string out = "[";
  for (const std::string& value : values) {
    out += out.size() == 1 ? "" : ",";
    AppendJsonString(out, value);
  }
  return out + "]";
}

}  // namespace

std::string WelcomeMessage(const Welcome& welcome) {
  return Object("welcome")
      .Text("session_id", welcome.session_id)
      .Raw("server_time", JsonTime(welcome.server_time))
      .Number("protocol_version", kProtocolVersion)
      .Millis("heartbeat_interval_ms", welcome.heartbeat_interval)
      .Place("cursor", welcome.cursor)
      .Raw("limits", LimitsObject(welcome.limits))
      .Done();
}

std::string SubscribedMessage(std::string_view subscription_id, const Filter& filter,
                              const Place& cursor, bool recovered) {
  std::string filters;
  AppendJsonFilter(filters, filter.clauses().front().proto());
  return Object("subscribed")
      .Text("subscription_id", subscription_id)
      .Raw("filters", filters)
      .Place("cursor", cursor)
      .Bool("recovered", recovered)
      .Done();
}

std::string UnsubscribedMessage(std::string_view subscription_id) {
  return Object("unsubscribed").Text("subscription_id", subscription_id).Done();
}

std::string GapMessage(std::string_view subscription_id, const Gap& gap, const Place& to) {
  return Object("gap")
      .TextUnlessEmpty("subscription_id", subscription_id)
      .Text("reason", GapReasonName(gap.reason))
      .Place("from", gap.from)
      .Place("to", to)
      .Done();
}

std::string PongMessage(std::string_view timestamp, const Place& cursor) {
  return Object("pong").Raw("timestamp", timestamp).Place("cursor", cursor).Done();
}

std::string StatusMessage(bool hub_connected) {
  return Object("status").Text("hub", hub_connected ? "connected" : "reconnecting").Done();
}

std::string AuthenticatedMessage(std::string_view expires_at, bool permission_changed,
                                 const Place& cursor) {
  Object out("authenticated");
  out.Raw("expires_at", expires_at);
  if (permission_changed) {
    out.Bool("permission_changed", true);
  }
  return out.Place("cursor", cursor).Done();
}

std::string TokenExpiringMessage(absl::Time expires_at) {
  return Object("token_expiring").Raw("expires_at", JsonTime(expires_at)).Done();
}

std::string ErrorMessage(const absl::Status& status, std::string_view subscription_id) {
  const ErrorDetails details = ErrorDetailsOf(status);
  Object out("error");
  out.Text("code", RowOf(ErrorCodeOf(status)).name)
      .Text("message", ToStd(status.message()))
      .TextUnlessEmpty("subscription_id", subscription_id)
      .TextUnlessEmpty("field", details.field);
  if (!details.allowed.empty()) {
    out.Raw("allowed", StringArray(details.allowed));
  }
  out.TextUnlessEmpty("earliest", details.earliest).TextUnlessEmpty("latest", details.latest);
  if (details.retry_after > absl::ZeroDuration()) {
    out.Millis("retry_after_ms", details.retry_after);
  }
  return out.Done();
}

std::string ClosingMessage(std::string_view reason, uint16_t code, absl::Duration reconnect_after,
                           std::string_view in_words) {
  Object out("closing");
  out.Text("reason", reason);
  if (!in_words.empty()) {
    out.Text("message", in_words);
  }
  if (code != 0) {
    out.Number("code", code);
  }
  return out.Millis("reconnect_after_ms", reconnect_after).Done();
}

std::string JsonTime(absl::Time time) {
  std::string out = "\"";
  AppendJsonTime(out, time);
  return out + "\"";
}

std::string JsonString(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

std::string SnapshotMessageHead(std::string_view subscription_id) {
  std::string out = R"({"type":"snapshot","subscription_id":)";
  AppendJsonString(out, subscription_id);
  return out + ",";
}

std::string EventMessageHead(std::span<const std::string_view> quoted_ids) {
  std::string out(kEventMessage);
  out += R"("subscription_ids":[)";
  for (size_t i = 0; i < quoted_ids.size(); ++i) {
    out += i == 0 ? "" : ",";
    out += quoted_ids[i];
  }
  return out;
}

std::string PassedOverHead(std::string_view event_head, uint32_t passed_over) {
  return absl::StrCat(ToAbsl(kEventMessage), "\"passed_over\":", passed_over, ",",
                      ToAbsl(event_head.substr(kEventMessage.size())));
}

std::string LeftMessageHead(std::string_view event_head) {
  std::string out(kLeftMessage);
  return out.append(event_head.substr(kEventMessage.size()));
}

}  // namespace tocsin::bridge::ws
