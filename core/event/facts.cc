#include "core/event/facts.h"

#include <algorithm>

#include "absl/hash/hash.h"
#include "core/base/strings.h"
#include "core/event/validate.h"

namespace tocsin {
namespace {

// The alert that stands in where an event has no incident.
const v1::Alert* AlertOf(const v1::Event& event) {
  switch (event.payload_case()) {
    case v1::Event::kAlertReceived:
      return event.alert_received().has_alert() ? &event.alert_received().alert() : nullptr;
    case v1::Event::kAlertConverted:
      return event.alert_converted().has_alert() ? &event.alert_converted().alert() : nullptr;
    default:
      return nullptr;
  }
}

// Incident and Alert name their resources differently, and are otherwise alike.
template <typename Subject, typename Resources>
void AddSubject(FactTexts& texts, const Subject& subject, const Resources& resources) {
  texts.Add(TermField::kSource, subject.source());
  for (const std::string& resource : resources) {
    texts.Add(TermField::kResource, resource);
  }
  for (const auto& [key, value] : subject.labels()) {
    texts.AddLabel(key, value);
  }
}

uint64_t HashOf(const FactTexts::Text& text) {
  return text.field == TermField::kLabel ? LabelHash(text.key, text.value)
                                         : TermHash(text.field, text.value);
}

}  // namespace

uint64_t TermHash(TermField field, std::string_view value) {
  return absl::HashOf(static_cast<uint8_t>(field), ToAbsl(value));
}

uint64_t LabelHash(std::string_view key, std::string_view value) {
  return absl::HashOf(static_cast<uint8_t>(TermField::kLabel), ToAbsl(key), ToAbsl(value));
}

EventFacts EventFacts::Of(const v1::Event& event) {
  FactTexts texts;
  texts.type = KnownEnum<v1::EventType>(event.type(), v1::EventType_IsValid);
  texts.Add(TermField::kIncident, IncidentIdOf(event));
  if (event.has_incident()) {
    const v1::Incident& incident = event.incident();
    texts.severity = KnownEnum<v1::Severity>(incident.severity(), v1::Severity_IsValid);
    texts.state = KnownEnum<v1::IncidentState>(incident.state(), v1::IncidentState_IsValid);
    AddSubject(texts, incident, incident.affected_resources());
  } else if (const v1::Alert* alert = AlertOf(event)) {
    texts.severity = KnownEnum<v1::Severity>(alert->severity(), v1::Severity_IsValid);
    AddSubject(texts, *alert, alert->affected_services());
  }
  return From(texts);
}

// The terms by field, then hash; a resource that is named twice is one term.
EventFacts EventFacts::From(const FactTexts& texts) {
  EventFacts facts;
  facts.type_ = texts.type;
  facts.severity_ = texts.severity;
  facts.state_ = texts.state;
  size_t bytes = 0;
  for (const FactTexts::Text& text : texts.texts) {
    bytes += text.key.size() + text.value.size();
  }
  facts.block_.reserve(bytes);
  facts.terms_.reserve(texts.texts.size());
  for (const FactTexts::Text& text : texts.texts) {
    facts.terms_.push_back({HashOf(text), text.field, static_cast<uint32_t>(facts.block_.size()),
                            static_cast<uint32_t>(text.key.size()),
                            static_cast<uint32_t>(text.value.size())});
    facts.block_.append(text.key).append(text.value);
  }
  const auto text = [&](const Term& term) {
    return std::string_view(facts.block_).substr(term.offset, term.key_size + term.value_size);
  };
  const auto same = [&](const Term& a, const Term& b) {
    return a.field == b.field && a.hash == b.hash && text(a) == text(b);
  };
  std::sort(facts.terms_.begin(), facts.terms_.end(), [&](const Term& a, const Term& b) {
    if (a.field != b.field) {
      return a.field < b.field;
    }
    return a.hash != b.hash ? a.hash < b.hash : text(a) < text(b);
  });
  facts.terms_.erase(std::unique(facts.terms_.begin(), facts.terms_.end(), same),
                     facts.terms_.end());
  return facts;
}

}  // namespace tocsin
