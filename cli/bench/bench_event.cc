#include "cli/bench/bench_event.h"

#include <charconv>

#include "absl/strings/str_cat.h"
#include "core/base/strings.h"

namespace tocsin::cli::bench {
namespace {

// The filler text: no character that JSON would have to escape.
std::string Padding(size_t bytes) {
  constexpr std::string_view kWords = "benchmark traffic of tocsin bench, not a real event. ";
  std::string text;
  text.reserve(bytes + kWords.size());
  while (text.size() < bytes) text += kWords;
  text.resize(bytes);
  return text;
}

void FillAlert(v1::Alert& alert, const EventShape& shape) {
  alert.set_source(shape.source);
  alert.set_severity(v1::SEVERITY_P4);
  alert.set_title("tocsin bench");
  alert.set_description(Padding(shape.payload_bytes));
  (*alert.mutable_labels())[std::string(kRunLabel)] = shape.run_id;
  alert.add_affected_services(shape.resource);
}

void FillSystemEvent(v1::SystemEvent& event, const EventShape& shape) {
  event.set_category(std::string(kMark));
  event.set_message(Padding(shape.payload_bytes));
  (*event.mutable_metadata())[std::string(kRunLabel)] = shape.run_id;
}

}  // namespace

std::string StampText(const Stamp& stamp) {
  return absl::StrCat(ToAbsl(kStampPrefix), stamp.number, " ", absl::ToInt64Nanoseconds(stamp.due));
}

std::optional<Stamp> ParseStamp(std::string_view text) {
  if (!text.starts_with(kStampPrefix)) return std::nullopt;
  text.remove_prefix(kStampPrefix.size());
  const char* const end = text.data() + text.size();
  Stamp stamp;
  int64_t due = 0;
  const auto number = std::from_chars(text.data(), end, stamp.number);
  if (number.ec != std::errc() || number.ptr == end || *number.ptr != ' ') return std::nullopt;
  const auto time = std::from_chars(number.ptr + 1, end, due);
  if (time.ec != std::errc() || time.ptr != end) return std::nullopt;
  stamp.due = absl::Nanoseconds(due);
  return stamp;
}

v1::Event MakeBenchEvent(const EventShape& shape) {
  v1::Event event;
  event.set_priority(v1::PRIORITY_LOW);
  event.set_actor("tocsin bench");
  if (shape.kind == EventKind::kAlert) {
    FillAlert(*event.mutable_alert_received()->mutable_alert(), shape);
  } else {
    FillSystemEvent(*event.mutable_system_event(), shape);
  }
  return event;
}

void SetStamp(v1::Event& event, const Stamp& stamp) {
  if (event.has_alert_received()) {
    event.mutable_alert_received()->mutable_alert()->set_external_id(StampText(stamp));
  } else {
    (*event.mutable_system_event()->mutable_metadata())[std::string(kStampMetadata)] =
        StampText(stamp);
  }
}

std::optional<Stamp> StampOf(const v1::Event& event) {
  if (event.has_alert_received()) return ParseStamp(event.alert_received().alert().external_id());
  const auto& metadata = event.system_event().metadata();
  const auto found = metadata.find(std::string(kStampMetadata));
  return found == metadata.end() ? std::nullopt : ParseStamp(found->second);
}

v1::Filter FilterOfRun(const std::string& run_id) {
  v1::Filter filter;
  filter.add_event_types(v1::EVENT_TYPE_ALERT_RECEIVED);
  (*filter.mutable_labels())[std::string(kRunLabel)] = run_id;
  return filter;
}

}  // namespace tocsin::cli::bench
