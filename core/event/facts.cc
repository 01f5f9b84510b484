#include "core/event/facts.h"

#include <algorithm>
#include <tuple>

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

// A number that a later schema may have added counts as no value.
template <typename Enum>
Enum Known(Enum value, bool (*is_valid)(int)) {
  return is_valid(value) ? value : Enum{};
}

// Collects the texts of an event into one block.
class Builder {
 public:
  Builder(std::string& block, std::vector<EventFacts::Term>& terms)
      : block_(block), terms_(terms) {}

  void Add(TermField field, std::string_view value) {
    if (!value.empty()) {
      Append(field, TermHash(field, value), "", value);
    }
  }
  void AddLabel(std::string_view key, std::string_view value) {
    Append(TermField::kLabel, LabelHash(key, value), key, value);
  }
  // By field, then hash; a resource that is named twice is one term.
  void Finish() {
    const auto order = [this](const EventFacts::Term& term) {
      return std::tuple(term.field, term.hash, Text(term));
    };
    std::sort(terms_.begin(), terms_.end(),
              [&](const auto& a, const auto& b) { return order(a) < order(b); });
    terms_.erase(std::unique(terms_.begin(), terms_.end(),
                             [&](const auto& a, const auto& b) { return order(a) == order(b); }),
                 terms_.end());
    block_.shrink_to_fit();
    terms_.shrink_to_fit();
  }

 private:
  void Append(TermField field, uint64_t hash, std::string_view key, std::string_view value) {
    terms_.push_back({hash, field, static_cast<uint32_t>(block_.size()),
                      static_cast<uint32_t>(key.size()), static_cast<uint32_t>(value.size())});
    block_.append(key).append(value);
  }
  std::string_view Text(const EventFacts::Term& term) const {
    return std::string_view(block_).substr(term.offset, term.key_size + term.value_size);
  }

  std::string& block_;
  std::vector<EventFacts::Term>& terms_;
};

// Incident and Alert name their resources differently, and are otherwise alike.
template <typename Subject, typename Resources>
void AddSubject(Builder& builder, const Subject& subject, const Resources& resources) {
  builder.Add(TermField::kSource, subject.source());
  for (const std::string& resource : resources) {
    builder.Add(TermField::kResource, resource);
  }
  for (const auto& [key, value] : subject.labels()) {
    builder.AddLabel(key, value);
  }
}

}  // namespace

uint64_t TermHash(TermField field, std::string_view value) {
  return absl::HashOf(static_cast<uint8_t>(field), ToAbsl(value));
}

uint64_t LabelHash(std::string_view key, std::string_view value) {
  return absl::HashOf(static_cast<uint8_t>(TermField::kLabel), ToAbsl(key), ToAbsl(value));
}

EventFacts EventFacts::Of(const v1::Event& event) {
  EventFacts facts;
  facts.type_ = Known(event.type(), v1::EventType_IsValid);
  Builder builder(facts.block_, facts.terms_);
  builder.Add(TermField::kIncident, IncidentIdOf(event));
  if (event.has_incident()) {
    const v1::Incident& incident = event.incident();
    facts.severity_ = Known(incident.severity(), v1::Severity_IsValid);
    facts.state_ = Known(incident.state(), v1::IncidentState_IsValid);
    AddSubject(builder, incident, incident.affected_resources());
  } else if (const v1::Alert* alert = AlertOf(event)) {
    facts.severity_ = Known(alert->severity(), v1::Severity_IsValid);
    AddSubject(builder, *alert, alert->affected_services());
  }
  builder.Finish();
  return facts;
}

}  // namespace tocsin
