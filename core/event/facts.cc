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
void AddSubject(TermTexts& texts, const Subject& subject, const Resources& resources) {
  texts.Add(TermField::kSource, subject.source());
  for (const std::string& resource : resources) {
    texts.Add(TermField::kResource, resource);
  }
  for (const auto& [key, value] : subject.labels()) {
    texts.AddLabel(key, value);
  }
}

ChangedTexts ChangedOf(const v1::IncidentBefore& before) {
  ChangedTexts changed;
  if (before.has_severity()) {
    changed.severity = KnownEnum<v1::Severity>(before.severity(), v1::Severity_IsValid);
  }
  if (before.has_state()) {
    changed.state = KnownEnum<v1::IncidentState>(before.state(), v1::IncidentState_IsValid);
  }
  changed.changed(TermField::kSource) = before.has_source();
  changed.changed(TermField::kResource) = before.has_affected_resources();
  changed.changed(TermField::kLabel) = before.has_labels();
  changed.texts.Add(TermField::kSource, before.source());
  for (const std::string& resource : before.affected_resources().values()) {
    changed.texts.Add(TermField::kResource, resource);
  }
  for (const auto& [key, value] : before.labels().values()) {
    changed.texts.AddLabel(key, value);
  }
  return changed;
}

uint64_t HashOf(const TermTexts::Text& text) {
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

void FactTexts::SetBefore(const ChangedTexts& changed) {
  before.emplace();
  before->severity = changed.severity.value_or(severity);
  before->state = changed.state.value_or(state);
  if (std::find(changed.fields.begin(), changed.fields.end(), true) == changed.fields.end()) {
    return;
  }
  before->texts = changed.texts;
  for (const TermTexts::Text& text : texts) {
    if (!changed.changed(text.field)) {
      before->texts->Add(text);
    }
  }
}

EventFacts EventFacts::Of(const v1::Event& event) {
  FactTexts texts;
  texts.type = KnownEnum<v1::EventType>(event.type(), v1::EventType_IsValid);
  texts.texts.Add(TermField::kIncident, IncidentIdOf(event));
  if (event.has_incident()) {
    const v1::Incident& incident = event.incident();
    texts.severity = KnownEnum<v1::Severity>(incident.severity(), v1::Severity_IsValid);
    texts.state = KnownEnum<v1::IncidentState>(incident.state(), v1::IncidentState_IsValid);
    AddSubject(texts.texts, incident, incident.affected_resources());
    if (event.has_before()) {
      texts.SetBefore(ChangedOf(event.before()));
    }
  } else if (const v1::Alert* alert = AlertOf(event)) {
    texts.severity = KnownEnum<v1::Severity>(alert->severity(), v1::Severity_IsValid);
    AddSubject(texts.texts, *alert, alert->affected_services());
  }
  return From(texts);
}

EventFacts EventFacts::From(const FactTexts& texts) {
  EventFacts facts;
  facts.type_ = texts.type;
  facts.severity_ = texts.severity;
  facts.state_ = texts.state;
  facts.terms_ = TermSet(texts.texts);
  if (texts.before.has_value()) {
    auto before = std::make_shared<Before>();
    before->severity = texts.before->severity;
    before->state = texts.before->state;
    if (texts.before->texts.has_value()) {
      before->terms.emplace(*texts.before->texts);
    }
    facts.before_ = std::move(before);
  }
  return facts;
}

size_t EventFacts::bytes() const {
  size_t bytes = sizeof(*this) + terms_.held_bytes();
  if (before_ != nullptr) {
    bytes += sizeof(*before_) + (before_->terms ? before_->terms->held_bytes() : 0);
  }
  return bytes;
}

// The terms by field, then hash; a resource that is named twice is one term.
TermSet::TermSet(const TermTexts& texts) {
  size_t bytes = 0;
  for (const TermTexts::Text& text : texts) {
    bytes += text.key.size() + text.value.size();
  }
  block_.reserve(bytes);
  terms_.reserve(texts.size());
  for (const TermTexts::Text& text : texts) {
    terms_.push_back({HashOf(text), text.field, static_cast<uint32_t>(block_.size()),
                      static_cast<uint32_t>(text.key.size()),
                      static_cast<uint32_t>(text.value.size())});
    block_.append(text.key).append(text.value);
  }
  const auto text = [&](const Term& term) {
    return std::string_view(block_).substr(term.offset, term.key_size + term.value_size);
  };
  const auto same = [&](const Term& a, const Term& b) {
    return a.field == b.field && a.hash == b.hash && text(a) == text(b);
  };
  std::sort(terms_.begin(), terms_.end(), [&](const Term& a, const Term& b) {
    if (a.field != b.field) {
      return a.field < b.field;
    }
    return a.hash != b.hash ? a.hash < b.hash : text(a) < text(b);
  });
  terms_.erase(std::unique(terms_.begin(), terms_.end(), same), terms_.end());
}

}  // namespace tocsin
