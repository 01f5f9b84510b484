#include "core/event/stored_record.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "core/base/status_macros.h"
#include "core/event/wire.h"
#include "core/event/wire_scanner.h"

namespace tocsin {
namespace {

// What is read of an event; views into its bytes.
struct Scanned {
  Cursor cursor;
  absl::Time time = absl::UnixEpoch();
  bool urgent = false;
  FactTexts texts;  // the type; the others by ScanSubjectOf
  std::optional<std::string_view> incident;
  std::optional<std::string_view> alert;
  std::optional<std::string_view> before;
  bool unusual = false;  // a form that the hub does not write; the message itself makes sense of it
};

// An incident and an alert have these alike, under numbers of their own; 0: has none.
struct SubjectFields {
  uint32_t id;
  uint32_t state;
  uint32_t severity;
  uint32_t source;
  uint32_t resource;
  uint32_t label;
};
constexpr SubjectFields kIncidentFields{
    .id = v1::Incident::kIdFieldNumber,
    .state = v1::Incident::kStateFieldNumber,
    .severity = v1::Incident::kSeverityFieldNumber,
    .source = v1::Incident::kSourceFieldNumber,
    .resource = v1::Incident::kAffectedResourcesFieldNumber,
    .label = v1::Incident::kLabelsFieldNumber,
};
constexpr SubjectFields kAlertFields{
    .id = 0,
    .state = 0,
    .severity = v1::Alert::kSeverityFieldNumber,
    .source = v1::Alert::kSourceFieldNumber,
    .resource = v1::Alert::kAffectedServicesFieldNumber,
    .label = v1::Alert::kLabelsFieldNumber,
};

// A field of another wire type than the schema's is not the schema's, here and below.
bool ScanSubject(std::string_view bytes, const SubjectFields& fields, FactTexts& facts) {
  TermTexts& texts = facts.texts;
  WireScanner scan(bytes);
  bool ok = true;
  while (ok && scan.Next()) {
    const uint32_t number = scan.number();
    if (scan.is_varint()) {
      if (number == fields.state) {
        facts.state = KnownEnum<v1::IncidentState>(scan.varint(), v1::IncidentState_IsValid);
      } else if (number == fields.severity) {
        facts.severity = KnownEnum<v1::Severity>(scan.varint(), v1::Severity_IsValid);
      }
    } else if (!scan.is_bytes()) {
      continue;
    } else if (number == fields.id) {
      texts.Add(TermField::kIncident, scan.bytes());
    } else if (number == fields.source) {
      texts.Add(TermField::kSource, scan.bytes());
    } else if (number == fields.resource) {
      texts.Add(TermField::kResource, scan.bytes());
    } else if (number == fields.label) {
      std::string_view key;
      std::string_view value;
      ok = ScanEntry(scan.bytes(), key, value);
      texts.AddLabel(key, value);
    }
  }
  return ok && scan.ok();
}

// The alert of an alert_received or alert_converted payload; in both it is field 1.
std::optional<std::string_view> AlertIn(std::string_view payload) {
  for (WireScanner scan(payload); scan.Next();) {
    if (scan.is_bytes() && scan.number() == v1::AlertReceived::kAlertFieldNumber) {
      return scan.bytes();
    }
  }
  return std::nullopt;
}

void ScanNumber(const WireScanner& scan, Scanned& event) {
  switch (scan.number()) {
    case v1::Event::kSequenceFieldNumber:
      event.cursor.sequence = scan.varint();
      break;
    case v1::Event::kEpochFieldNumber:
      event.cursor.epoch = scan.varint();
      break;
    case v1::Event::kTypeFieldNumber:
      event.texts.type = KnownEnum<v1::EventType>(scan.varint(), v1::EventType_IsValid);
      break;
    case v1::Event::kPriorityFieldNumber:
      event.urgent = IsUrgent(KnownEnum<v1::Priority>(scan.varint(), v1::Priority_IsValid));
      break;
    default:
      break;
  }
}

bool ScanEvent(std::string_view bytes, Scanned& event) {
  WireScanner scan(bytes);
  bool ok = true;
  while (ok && scan.Next()) {
    if (scan.is_varint()) {
      ScanNumber(scan, event);
    } else if (!scan.is_bytes()) {
      continue;
    } else if (scan.number() == v1::Event::kTimeFieldNumber) {
      ok = ScanTime(scan.bytes(), event.time);
    } else if (scan.number() == v1::Event::kIncidentFieldNumber) {
      event.unusual |= event.incident.has_value();
      event.incident = scan.bytes();
    } else if (scan.number() == v1::Event::kBeforeFieldNumber) {
      event.unusual |= event.before.has_value();
      event.before = scan.bytes();
    } else if (scan.number() == v1::Event::kAlertReceivedFieldNumber ||
               scan.number() == v1::Event::kAlertConvertedFieldNumber) {
      event.unusual |= event.alert.has_value();
      event.alert = AlertIn(scan.bytes());
    }
  }
  return ok && scan.ok();
}

bool ScanSubjectOf(Scanned& event) {
  if (event.incident.has_value()) {
    return ScanSubject(*event.incident, kIncidentFields, event.texts);
  }
  return !event.alert.has_value() || ScanSubject(*event.alert, kAlertFields, event.texts);
}

// The values of a v1::IncidentBefore::Texts.
bool ScanTexts(std::string_view bytes, TermTexts& texts) {
  WireScanner scan(bytes);
  while (scan.Next()) {
    if (scan.is_bytes() && scan.number() == v1::IncidentBefore::Texts::kValuesFieldNumber) {
      texts.Add(TermField::kResource, scan.bytes());
    }
  }
  return scan.ok();
}

// The values of a v1::IncidentBefore::Labels.
bool ScanLabels(std::string_view bytes, TermTexts& texts) {
  WireScanner scan(bytes);
  bool ok = true;
  while (ok && scan.Next()) {
    if (scan.is_bytes() && scan.number() == v1::IncidentBefore::Labels::kValuesFieldNumber) {
      std::string_view key;
      std::string_view value;
      ok = ScanEntry(scan.bytes(), key, value);
      texts.AddLabel(key, value);
    }
  }
  return ok && scan.ok();
}

// A list field of a v1::IncidentBefore. One that comes twice is unusual.
bool ScanChangedTexts(const WireScanner& scan, ChangedTexts& changed) {
  const auto first = [&](TermField field) { return !std::exchange(changed.changed(field), true); };
  switch (scan.number()) {
    case v1::IncidentBefore::kSourceFieldNumber:
      changed.texts.Add(TermField::kSource, scan.bytes());
      return first(TermField::kSource);
    case v1::IncidentBefore::kAffectedResourcesFieldNumber:
      return first(TermField::kResource) && ScanTexts(scan.bytes(), changed.texts);
    case v1::IncidentBefore::kLabelsFieldNumber:
      return first(TermField::kLabel) && ScanLabels(scan.bytes(), changed.texts);
    default:
      return true;
  }
}

// False where the message itself has to make sense of it.
bool ScanBefore(std::string_view bytes, ChangedTexts& changed) {
  WireScanner scan(bytes);
  bool ok = true;
  while (ok && scan.Next()) {
    if (scan.is_bytes()) {
      ok = ScanChangedTexts(scan, changed);
    } else if (scan.is_varint() && scan.number() == v1::IncidentBefore::kSeverityFieldNumber) {
      changed.severity = KnownEnum<v1::Severity>(scan.varint(), v1::Severity_IsValid);
    } else if (scan.is_varint() && scan.number() == v1::IncidentBefore::kStateFieldNumber) {
      changed.state = KnownEnum<v1::IncidentState>(scan.varint(), v1::IncidentState_IsValid);
    }
  }
  return ok && scan.ok();
}

// After ScanSubjectOf.
bool ScanBeforeOf(Scanned& event) {
  if (!event.before.has_value() || !event.incident.has_value()) {
    return true;
  }
  ChangedTexts changed;
  if (!ScanBefore(*event.before, changed)) {
    return false;
  }
  event.texts.SetBefore(changed);
  return true;
}

// The id may be in the payload alone.
bool LacksIncidentId(const Scanned& event) {
  const v1::EventType type = event.texts.type;
  const bool has_none =
      type == v1::EVENT_TYPE_ALERT_RECEIVED || type == v1::EVENT_TYPE_SYSTEM_EVENT;
  const bool has_id =
      std::any_of(event.texts.texts.begin(), event.texts.texts.end(),
                  [](const TermTexts::Text& text) { return text.field == TermField::kIncident; });
  return has_none == has_id;
}

EventPtr MakeRecord(const Scanned& event, EventFacts facts, std::string bytes) {
  auto record = std::make_shared<EventRecord>();
  record->cursor = event.cursor;
  record->time = event.time;
  record->urgent = event.urgent;
  record->facts = std::move(facts);
  record->payload = std::move(bytes);
  return record;
}

}  // namespace

bool ScanIncident(std::string_view bytes, FactTexts& texts) {
  return ScanSubject(bytes, kIncidentFields, texts);
}

absl::StatusOr<EventPtr> MakeStoredRecord(std::string bytes, RecordFacts facts) {
  ASSIGN_OR_RETURN(const std::string_view body, UnwrapEventField(bytes));
  Scanned event;
  const bool usual = ScanEvent(body, event) && !event.unusual;
  if (usual && facts == RecordFacts::kWithout) {
    return MakeRecord(event, EventFacts(), std::move(bytes));
  }
  if (!usual || !ScanSubjectOf(event) || LacksIncidentId(event) || !ScanBeforeOf(event)) {
    return MakeWireRecord(std::move(bytes));  // which says what is wrong, if anything is
  }
  return MakeRecord(event, EventFacts::From(event.texts), std::move(bytes));
}

absl::StatusOr<EventPtr> MakeStoredRecordIf(const Filter& filter, std::string_view bytes) {
  ASSIGN_OR_RETURN(const std::string_view body, UnwrapEventField(bytes));
  Scanned event;
  const bool follows_set = filter.tells_leaves();
  if (ScanEvent(body, event) && ScanSubjectOf(event) && !event.unusual && !LacksIncidentId(event) &&
      (!follows_set || ScanBeforeOf(event))) {
    if (filter.Judge(event.texts) == Verdict::kNone) {
      return EventPtr();
    }
    return MakeRecord(event, follows_set ? EventFacts::From(event.texts) : EventFacts(),
                      std::string(bytes));
  }
  ASSIGN_OR_RETURN(EventPtr record, MakeWireRecord(std::string(bytes)));
  return filter.Judge(record->facts) == Verdict::kNone ? EventPtr() : std::move(record);
}

}  // namespace tocsin
