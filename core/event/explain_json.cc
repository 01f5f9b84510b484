#include "core/event/explain_json.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/json_fields.h"
#include "core/event/json_reader.h"
#include "core/event/json_writer.h"
#include "core/event/names.h"
#include "core/event/text.h"
#include "core/event/time_proto.h"

namespace tocsin {
namespace {

namespace json = boost::json;
using Show = v1::ExplainRequest::Show;

const JsonFields kFields(ErrorCode::kInvalidMessage);

absl::Status ReadRequire(const json::value& value, v1::ExplainRequest& request) {
  if (!value.is_array()) {
    return kFields.WrongKind(value, "a list of filters", "require");
  }
  for (const json::value& each : value.get_array()) {
    const std::string path = IndexPath("require", static_cast<size_t>(request.require_size()));
    ASSIGN_OR_RETURN(*request.add_require(), ReadJsonFilter(each, path));
  }
  return absl::OkStatus();
}

absl::Status ReadShow(const json::value& value, v1::ExplainRequest& request) {
  ASSIGN_OR_RETURN(const std::string_view text, kFields.Text(value, "show"));
  if (text != "matching" && text != "not_matching") {
    return FieldError(ErrorCode::kInvalidMessage, "show",
                      absl::StrCat("is an unknown value: ", Quote(text)),
                      {"matching", "not_matching"});
  }
  request.set_show(text == "matching" ? v1::ExplainRequest::SHOW_MATCHING
                                      : v1::ExplainRequest::SHOW_NOT_MATCHING);
  return absl::OkStatus();
}

absl::Status ReadMember(std::string_view name, const json::value& value,
                        v1::ExplainRequest& request) {
  if (name == "filter") {
    ASSIGN_OR_RETURN(*request.mutable_filter(), ReadJsonFilter(value, name));
  } else if (name == "require") {
    return ReadRequire(value, request);
  } else if (name == "event") {
    ASSIGN_OR_RETURN(*request.mutable_event(), ReadJsonEvent(value, name));
  } else if (name == "show") {
    return ReadShow(value, request);
  } else if (name == "last" || name == "session_id") {
    const auto& field = *v1::ExplainRequest::descriptor()->FindFieldByName(std::string(name));
    return kFields.ReadField(value, request, field, name);
  } else {
    return kFields.UnknownField(name, {"filter", "require", "event", "last", "show", "session_id"});
  }
  return absl::OkStatus();
}

// The members of an object, one after the other, with what stands between them.
class Members {
 public:
  explicit Members(std::string& out) : out_(out) { out_ += '{'; }
  ~Members() { out_ += '}'; }

  std::string& Key(std::string_view name) {
    absl::StrAppend(&out_, first_ ? "\"" : ",\"", ToAbsl(name), "\":");
    first_ = false;
    return out_;
  }
  void Text(std::string_view name, std::string_view value) { AppendJsonString(Key(name), value); }
  void Number(std::string_view name, uint64_t value) { absl::StrAppend(&Key(name), value); }
  void Bool(std::string_view name, bool value) { Key(name) += value ? "true" : "false"; }
  void Time(std::string_view name, const google::protobuf::Timestamp& time) {
    Key(name) += '"';
    AppendJsonTime(out_, ToTime(time));
    out_ += '"';
  }
  template <class List, class Append>
  void Array(std::string_view name, const List& list, Append append) {
    Key(name) += '[';
    const char* between = "";
    for (const auto& each : list) {
      out_ += between;
      append(out_, each);
      between = ",";
    }
    out_ += ']';
  }

 private:
  std::string& out_;
  bool first_ = true;
};

void AppendField(std::string& out, const v1::FieldExplanation& field) {
  const auto text = [](std::string& to, const std::string& value) { AppendJsonString(to, value); };
  Members members(out);
  members.Text("field", field.field());
  members.Bool("matches", field.matches());
  members.Text("reason", field.reason());
  members.Array("event_values", field.event_values(), text);
  members.Array("filter_values", field.filter_values(), text);
}

void AppendExplanation(std::string& out, const v1::Explanation& explanation) {
  Members members(out);
  members.Text("event_id", explanation.event_id());
  members.Text("cursor", explanation.cursor());
  members.Text("event_type", NameOf(explanation.event_type()));
  members.Bool("matches", explanation.matches());
  members.Array("fields", explanation.fields(), AppendField);
}

void AppendSubscription(std::string& out, const v1::SubscriptionExplanation& subscription) {
  Members members(out);
  members.Text("subscription_id", subscription.subscription_id());
  AppendJsonFilter(members.Key("filter"), subscription.filter());
  members.Array("require", subscription.require(), AppendJsonFilter);
  members.Bool("live", subscription.live());
  members.Number("behind", subscription.behind());
  members.Text("cursor", subscription.cursor());
}

void AppendSession(std::string& out, const v1::SessionExplanation& session) {
  Members members(out);
  members.Text("session_id", session.session_id());
  members.Text("label", session.label());
  members.Text("transport", session.transport());
  members.Time("since", session.since());
  members.Array("subscriptions", session.subscriptions(), AppendSubscription);
  members.Text("last_cursor", session.last_cursor());
  if (session.has_last_sent_at()) {
    members.Time("last_sent_at", session.last_sent_at());
  }
  members.Number("waiting_bytes", session.waiting_bytes());
}

}  // namespace

absl::StatusOr<v1::ExplainRequest> ReadJsonExplainRequest(std::string_view text) {
  json::value value;
  RETURN_IF_ERROR(ParseJson(text, value));
  ASSIGN_OR_RETURN(const json::object* const object, kFields.Object(value, ""));
  v1::ExplainRequest request;
  for (const json::key_value_pair& member : *object) {
    const std::string_view name(member.key().data(), member.key().size());
    if (!member.value().is_null()) {
      RETURN_IF_ERROR(ReadMember(name, member.value(), request));
    }
  }
  return request;
}

void AppendJsonExplainResponse(std::string& out, const v1::ExplainResponse& response) {
  Members members(out);
  if (response.has_session()) {
    AppendSession(members.Key("session"), response.session());
    return;
  }
  members.Number("looked_at", response.looked_at());
  members.Number("matching", response.matching());
  members.Number("left_out", response.left_out());
  members.Array("explanations", response.explanations(), AppendExplanation);
}

}  // namespace tocsin
