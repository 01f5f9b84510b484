#include "bridge/event_json.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/event/json_writer.h"

namespace tocsin::bridge {
namespace {

absl::Time TimeOf(const v1::Event& event) {
  return absl::FromUnixSeconds(event.time().seconds()) + absl::Nanoseconds(event.time().nanos());
}

Cursor PlaceOf(const v1::Event& event) { return {event.epoch(), event.sequence()}; }

}  // namespace

std::string EventMessageTail(const v1::Event& event) {
  std::string out = R"(],"message_id":")";
  out += FormatCursor(PlaceOf(event));
  out += R"(","timestamp":")";
  AppendJsonTime(out, TimeOf(event));
  absl::StrAppend(&out, R"(","sequence":)", event.sequence(), R"(,"event":)");
  AppendJsonEventBody(out, event);
  out += '}';
  return out;
}

absl::StatusOr<EventPtr> MakeJsonRecord(const v1::Event& event, RecordFacts facts) {
  if (event.epoch() == 0 || event.sequence() == 0) {
    return absl::DataLossError("the hub sent an event without epoch and sequence");
  }
  auto record = std::make_shared<EventRecord>();
  record->cursor = PlaceOf(event);
  record->time = TimeOf(event);
  if (facts == RecordFacts::kWith) {
    record->facts = EventFacts::Of(event);
  }
  record->payload = EventMessageTail(event);
  record->payload.shrink_to_fit();
  return EventPtr(std::move(record));
}

}  // namespace tocsin::bridge
