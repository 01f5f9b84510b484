#include "bridge/alerts/pagerduty.h"

#include <boost/json/value.hpp>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/alerts/sender_json.h"
#include "bridge/http/derived_id.h"
#include "core/base/strings.h"
#include "core/event/json_reader.h"
#include "core/event/text.h"

namespace tocsin::bridge {
namespace {

namespace json = boost::json;

constexpr std::string_view kDetail = "custom_details";

// One event, and what is wrong with it so far.
class EventReader {
 public:
  EventReader(std::string_view body, std::string_view routing_key)
      : body_(body), routing_key_(routing_key) {}

  // False when there is nothing more to read.
  bool Open() {
    if (const absl::Status parsed = ParseJson(body_, value_); !parsed.ok()) {
      return Fail(parsed.message());
    }
    const absl::StatusOr<SenderObject> event = SenderObject::Of(value_, body_, FieldPath("body"));
    if (!event.ok()) {
      return Fail(event.status().message());
    }
    event_ = *event;
    if (const std::string_view own = event_->Text("routing_key"); !own.empty()) {
      routing_key_ = own;
    }
    if (routing_key_.empty()) {
      Fail("'routing_key' is missing or blank");
    }
    payload_ = event_->Object("payload");
    return true;
  }

  bool Fail(absl::string_view error) {
    errors_.emplace_back(error);
    return false;
  }
  // Of the payload; an error when it is not there.
  std::string_view Required(std::string_view name) {
    const std::string_view text = payload_.has_value() ? payload_->Text(name) : std::string_view();
    if (text.empty()) {
      Fail(absl::StrCat("'payload.", ToAbsl(name), "' is missing or blank"));
    }
    return text;
  }

  const SenderObject& event() const { return *event_; }
  const std::optional<SenderObject>& payload() const { return payload_; }
  std::string KeyHash() const { return DerivedUuid("PagerDuty routing key", {routing_key_}); }
  std::vector<std::string> TakeErrors() { return std::move(errors_); }
  bool ok() const { return errors_.empty(); }

 private:
  std::string_view body_;
  std::string_view routing_key_;
  json::value value_;
  std::optional<SenderObject> event_;
  std::optional<SenderObject> payload_;
  std::vector<std::string> errors_;
};

std::optional<v1::AlertStatus> StatusOf(std::string_view action) {
  const std::string lower = absl::AsciiStrToLower(ToAbsl(action));
  if (lower == "trigger") return v1::ALERT_STATUS_FIRING;
  if (lower == "acknowledge") return v1::ALERT_STATUS_ACKNOWLEDGED;
  if (lower == "resolve") return v1::ALERT_STATUS_RESOLVED;
  return std::nullopt;
}

// custom_details, links, images and client, under names of their own.
using Texts = SenderObject::Texts;

void AddDetails(const SenderObject& payload, Texts& to) {
  const std::optional<SenderObject> details = payload.Object(kDetail);
  if (!details.has_value()) {
    if (payload.Find(kDetail) != nullptr) {
      to[std::string(kDetail)] = payload.AnyText(kDetail);
    }
    return;
  }
  const std::vector<std::string_view> parts = JsonParts(payload.AsSent(kDetail));
  size_t i = 0;
  for (const json::key_value_pair& member : details->members()) {
    const std::string_view sent = parts[i++];
    if (!member.key().empty() && !member.value().is_null()) {
      to.insert({std::string(member.key()), AnyText(member.value(), sent)});
    }
  }
}

// "link", "link_2", …: the address and, where there is one, its text.
void AddList(const SenderObject& event, std::string_view list, std::string_view address,
             std::string_view text, std::string_view name, Texts& to) {
  const json::value* const value = event.Find(list);
  if (value == nullptr || !value->is_array()) {
    return;
  }
  size_t count = 0;
  for (const json::value& each : value->get_array()) {
    const absl::StatusOr<SenderObject> item = SenderObject::Of(each, "", event.At(list));
    const std::string_view link = item.ok() ? item->Text(address) : std::string_view();
    if (link.empty()) {
      continue;
    }
    const std::string_view words = item->Text(text);
    const std::string key =
        ++count == 1 ? std::string(name) : absl::StrCat(ToAbsl(name), "_", count);
    to[key] = words.empty() ? std::string(link) : absl::StrCat(ToAbsl(words), ": ", ToAbsl(link));
  }
}

void AddContext(const SenderObject& event, Texts& to) {
  AddList(event, "links", "href", "text", "link", to);
  AddList(event, "images", "src", "alt", "image", to);
  for (const std::string_view name : {"client", "client_url"}) {
    if (const std::string_view text = event.Text(name); !text.empty()) {
      to[std::string(name)] = std::string(text);
    }
  }
}

void SetPayload(const SenderObject& payload, const AlertReading& reading, v1::Alert& alert) {
  for (const std::string_view name : {"source", "component", "group", "class"}) {
    if (const std::string_view text = payload.Text(name); !text.empty()) {
      (*alert.mutable_labels())[std::string(name)] = std::string(text);
    }
  }
  for (const std::string_view name : {"source", "component"}) {
    if (const std::string_view text = payload.Text(name); !text.empty()) {
      alert.add_affected_services(std::string(text));
    }
  }
  AddDetails(payload, *alert.mutable_annotations());
  if (const std::string_view time = payload.Text("timestamp"); !time.empty()) {
    (*alert.mutable_annotations())["timestamp"] = std::string(time);
  }
  reading.mapping.SetType(AlertKind::kPagerDuty, payload.Text("class"), alert);
}

// What a trigger must say, and the others may.
void CheckTrigger(const AlertReading& reading, EventReader& reader) {
  if (reader.event().Find("payload") == nullptr) {
    reader.Fail("'payload' is missing");
    return;
  }
  reader.Required("summary");
  reader.Required("source");
  const std::string_view severity = reader.Required("severity");
  if (!severity.empty() && !reading.mapping.KnowsOwnSeverity(AlertKind::kPagerDuty, severity)) {
    reader.Fail(
        absl::StrCat("'payload.severity' is ", Quote(severity), "; it must be one of ",
                     absl::StrJoin(reading.mapping.OwnSeverities(AlertKind::kPagerDuty), ", ")));
  }
}

std::string DedupKey(std::string_view body, v1::AlertStatus status, EventReader& reader) {
  const std::string key(reader.event().Text("dedup_key"));
  if (CharCount(key) > kDedupKeyChars) {
    reader.Fail(absl::StrCat("'dedup_key' has ", CharCount(key), " characters; at most ",
                             kDedupKeyChars, " are allowed"));
  }
  if (!key.empty()) {
    return key;
  }
  if (status != v1::ALERT_STATUS_FIRING) {
    reader.Fail("'dedup_key' is missing or blank; it says which alert is meant");
  }
  return DerivedUuid("PagerDuty event", {body});
}

void FillAlert(const EventReader& reader, const PagerDutyAlert& read, v1::AlertStatus status,
               const AlertReading& reading, v1::Alert& alert) {
  alert.set_status(status);
  alert.set_source("pagerduty");
  alert.set_external_id(read.dedup_key);
  alert.set_fingerprint(absl::StrCat(ToAbsl(SourceName(AlertKind::kPagerDuty)), ":",
                                     reader.KeyHash(), ":", read.dedup_key));
  std::string_view summary = read.dedup_key;
  std::string_view severity;
  if (reader.payload().has_value()) {
    SetPayload(*reader.payload(), reading, alert);
    severity = reader.payload()->Text("severity");
    if (const std::string_view own = reader.payload()->Text("summary"); !own.empty()) {
      summary = own;
    }
  }
  AddContext(reader.event(), *alert.mutable_annotations());
  SetTitle(summary, "", alert);
  reading.mapping.SetSeverity(AlertKind::kPagerDuty, severity, alert);
}

}  // namespace

PagerDutyAlert ReadPagerDutyAlert(std::string_view body, std::string_view routing_key,
                                  const AlertReading& reading) {
  PagerDutyAlert read;
  EventReader reader(body, routing_key);
  if (reader.Open()) {
    const std::string_view action = reader.event().Text("event_action");
    const std::optional<v1::AlertStatus> status = StatusOf(action);
    if (!status.has_value()) {
      reader.Fail("'event_action' must be one of trigger, acknowledge, resolve");
    } else if (*status == v1::ALERT_STATUS_FIRING) {
      CheckTrigger(reading, reader);
    }
    read.dedup_key = DedupKey(body, status.value_or(v1::ALERT_STATUS_FIRING), reader);
    if (reader.ok()) {
      FillAlert(reader, read, *status, reading, *read.request.mutable_alert());
      read.request.set_state_report(true);
    }
  }
  read.errors = reader.TakeErrors();
  return read;
}

PagerDutyChange ReadPagerDutyChange(std::string_view body, std::string_view routing_key) {
  PagerDutyChange read;
  EventReader reader(body, routing_key);
  if (reader.Open()) {
    const std::string_view summary = reader.Required("summary");
    if (reader.ok()) {
      v1::SystemEvent& change = *read.event.mutable_system_event();
      change.set_category("change");
      change.set_message(std::string(summary));
      Texts& metadata = *change.mutable_metadata();
      AddDetails(*reader.payload(), metadata);
      for (const std::string_view name : {"source", "timestamp"}) {
        if (const std::string_view text = reader.payload()->Text(name); !text.empty()) {
          metadata[std::string(name)] = std::string(text);
        }
      }
      AddContext(reader.event(), metadata);
      metadata["integration"] = reader.KeyHash();
      read.event.set_type(v1::EVENT_TYPE_SYSTEM_EVENT);
      read.event.set_actor("pagerduty");
      read.event.set_id(DerivedUuid("PagerDuty change", {reader.KeyHash(), body}));
    }
  }
  read.errors = reader.TakeErrors();
  return read;
}

}  // namespace tocsin::bridge
