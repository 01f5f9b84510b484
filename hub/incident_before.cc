// The earlier incident is compared as it lies in its bytes: it is not parsed, since most events
// change nothing of it that filters look at.
#include "hub/incident_before.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "core/base/strings.h"
#include "core/event/wire_scanner.h"

namespace tocsin::hub {
namespace {

struct KnownTexts {
  std::string_view source;
  absl::InlinedVector<std::string_view, 8> resources;
  absl::InlinedVector<std::pair<std::string_view, std::string_view>, 8> labels;
};

KnownTexts TextsIn(std::string_view incident) {
  KnownTexts texts;
  for (WireScanner scan(incident); scan.Next();) {
    if (!scan.is_bytes()) {
      continue;
    }
    if (scan.number() == v1::Incident::kSourceFieldNumber) {
      texts.source = scan.bytes();
    } else if (scan.number() == v1::Incident::kAffectedResourcesFieldNumber) {
      texts.resources.push_back(scan.bytes());
    } else if (scan.number() == v1::Incident::kLabelsFieldNumber) {
      auto& [key, value] = texts.labels.emplace_back();
      ScanEntry(scan.bytes(), key, value);
    }
  }
  return texts;
}

bool SameResources(const KnownTexts& before, const v1::Incident& after) {
  return std::equal(before.resources.begin(), before.resources.end(),
                    after.affected_resources().begin(), after.affected_resources().end());
}

bool SameLabels(const KnownTexts& before, const v1::Incident& after) {
  return before.labels.size() == after.labels().size() &&
         std::all_of(before.labels.begin(), before.labels.end(), [&](const auto& label) {
           const auto found = after.labels().find(label.first);
           return found != after.labels().end() && found->second == label.second;
         });
}

void NoteTexts(v1::Event& event, const KnownTexts& before) {
  const v1::Incident& after = event.incident();
  if (before.source != after.source()) {
    event.mutable_before()->set_source(std::string(before.source));
  }
  if (!SameResources(before, after)) {
    auto& values = *event.mutable_before()->mutable_affected_resources()->mutable_values();
    values.Assign(before.resources.begin(), before.resources.end());
  }
  if (!SameLabels(before, after)) {
    auto& values = *event.mutable_before()->mutable_labels()->mutable_values();
    for (const auto& [key, value] : before.labels) {
      values[std::string(key)] = std::string(value);
    }
  }
}

}  // namespace

void NoteBefore(v1::Event& event, const IncidentState& before, Changed changed) {
  const v1::Incident& after = event.incident();
  if (before.severity != after.severity()) {
    event.mutable_before()->set_severity(before.severity);
  }
  if (before.state != after.state()) {
    event.mutable_before()->set_state(before.state);
  }
  if (changed == Changed::kAnything) {
    NoteTexts(event, TextsIn(before.core));
  }
}

}  // namespace tocsin::hub
