#include "core/event/stored_record.h"

#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "core/base/status_macros.h"
#include "core/event/wire.h"
#include "core/event/wire_scanner.h"

namespace tocsin {
namespace {

using google::protobuf::Timestamp;

// What is read of an event; views into its bytes.
struct Scanned {
  Cursor cursor;
  absl::Time time = absl::UnixEpoch();
  FactTexts texts;
  std::optional<std::string_view> incident;
  std::optional<std::string_view> alert;
  bool unusual = false;  // a form that the hub does not write; the message itself makes sense of it
};

template <typename Enum>
Enum EnumOf(uint64_t number, bool (*is_valid)(int)) {
  const auto value = static_cast<int>(number);
  return is_valid(value) ? static_cast<Enum>(value) : Enum{};
}

bool ScanTime(std::string_view bytes, absl::Time& time) {
  WireScanner scan(bytes);
  int64_t seconds = 0;
  int64_t nanos = 0;
  while (scan.Next()) {
    (scan.number() == Timestamp::kSecondsFieldNumber ? seconds : nanos) =
        static_cast<int64_t>(scan.varint());
  }
  time = absl::FromUnixSeconds(seconds) + absl::Nanoseconds(nanos);
  return scan.ok();
}

bool ScanLabel(std::string_view bytes, FactTexts& texts) {
  WireScanner scan(bytes);
  std::string_view key;
  std::string_view value;
  while (scan.Next()) {
    (scan.number() == 1 ? key : value) = scan.bytes();
  }
  texts.AddLabel(key, value);
  return scan.ok();
}

bool ScanIncident(std::string_view bytes, FactTexts& texts) {
  WireScanner scan(bytes);
  bool ok = true;
  while (ok && scan.Next()) {
    switch (scan.number()) {
      case v1::Incident::kIdFieldNumber:
        texts.Add(TermField::kIncident, scan.bytes());
        break;
      case v1::Incident::kStateFieldNumber:
        texts.state = EnumOf<v1::IncidentState>(scan.varint(), v1::IncidentState_IsValid);
        break;
      case v1::Incident::kSeverityFieldNumber:
        texts.severity = EnumOf<v1::Severity>(scan.varint(), v1::Severity_IsValid);
        break;
      case v1::Incident::kSourceFieldNumber:
        texts.Add(TermField::kSource, scan.bytes());
        break;
      case v1::Incident::kAffectedResourcesFieldNumber:
        texts.Add(TermField::kResource, scan.bytes());
        break;
      case v1::Incident::kLabelsFieldNumber:
        ok = ScanLabel(scan.bytes(), texts);
        break;
      default:
        break;
    }
  }
  return ok && scan.ok();
}

bool ScanAlert(std::string_view bytes, FactTexts& texts) {
  WireScanner scan(bytes);
  bool ok = true;
  while (ok && scan.Next()) {
    switch (scan.number()) {
      case v1::Alert::kSeverityFieldNumber:
        texts.severity = EnumOf<v1::Severity>(scan.varint(), v1::Severity_IsValid);
        break;
      case v1::Alert::kSourceFieldNumber:
        texts.Add(TermField::kSource, scan.bytes());
        break;
      case v1::Alert::kAffectedServicesFieldNumber:
        texts.Add(TermField::kResource, scan.bytes());
        break;
      case v1::Alert::kLabelsFieldNumber:
        ok = ScanLabel(scan.bytes(), texts);
        break;
      default:
        break;
    }
  }
  return ok && scan.ok();
}

// The alert of an alert_received or alert_converted payload; in both it is field 1.
std::optional<std::string_view> AlertIn(std::string_view payload) {
  for (WireScanner scan(payload); scan.Next();) {
    if (scan.number() == v1::AlertReceived::kAlertFieldNumber) {
      return scan.bytes();
    }
  }
  return std::nullopt;
}

bool ScanEvent(std::string_view bytes, Scanned& event) {
  WireScanner scan(bytes);
  bool ok = true;
  while (ok && scan.Next()) {
    switch (scan.number()) {
      case v1::Event::kSequenceFieldNumber:
        event.cursor.sequence = scan.varint();
        break;
      case v1::Event::kEpochFieldNumber:
        event.cursor.epoch = scan.varint();
        break;
      case v1::Event::kTimeFieldNumber:
        ok = ScanTime(scan.bytes(), event.time);
        break;
      case v1::Event::kTypeFieldNumber:
        event.texts.type = EnumOf<v1::EventType>(scan.varint(), v1::EventType_IsValid);
        break;
      case v1::Event::kIncidentFieldNumber:
        event.unusual |= event.incident.has_value();
        event.incident = scan.bytes();
        break;
      case v1::Event::kAlertReceivedFieldNumber:
      case v1::Event::kAlertConvertedFieldNumber:
        event.unusual |= event.alert.has_value();
        event.alert = AlertIn(scan.bytes());
        break;
      default:
        break;
    }
  }
  return ok && scan.ok();
}

bool ScanSubject(Scanned& event) {
  if (event.incident.has_value()) {
    return ScanIncident(*event.incident, event.texts);
  }
  return !event.alert.has_value() || ScanAlert(*event.alert, event.texts);
}

// The id may be in the payload alone.
bool LacksIncidentId(const Scanned& event) {
  const v1::EventType type = event.texts.type;
  const bool has_none =
      type == v1::EVENT_TYPE_ALERT_RECEIVED || type == v1::EVENT_TYPE_SYSTEM_EVENT;
  const bool has_id =
      std::any_of(event.texts.texts.begin(), event.texts.texts.end(),
                  [](const FactTexts::Text& text) { return text.field == TermField::kIncident; });
  return has_none == has_id;
}

}  // namespace

absl::StatusOr<EventPtr> MakeStoredRecord(std::string bytes) {
  ASSIGN_OR_RETURN(const std::string_view body, UnwrapEventField(bytes));
  Scanned event;
  if (!ScanEvent(body, event) || !ScanSubject(event) || event.unusual || LacksIncidentId(event)) {
    return MakeWireRecord(std::move(bytes));  // which says what is wrong, if anything is
  }
  auto record = std::make_shared<EventRecord>();
  record->cursor = event.cursor;
  record->time = event.time;
  record->facts = EventFacts::From(event.texts);
  record->payload = std::move(bytes);
  return EventPtr(std::move(record));
}

}  // namespace tocsin
