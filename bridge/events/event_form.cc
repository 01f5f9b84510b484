#include "bridge/events/event_form.h"

#include "bridge/events/event_format.h"
#include "core/event/error.h"

namespace tocsin::bridge {

std::string_view EventForm::transport() const {
  return format_ == EventFormat::kServerSent ? "sse" : "ndjson";
}

void EventForm::AddOpening(std::string& out, absl::Duration reconnect_after) {
  AppendOpening(out, format_, reconnect_after);
}

void EventForm::AddPlace(std::string& out, const Place& place) { AppendPlace(out, format_, place); }

bool EventForm::AddEvent(std::string& out, const Item& item) {
  const bool left = item.kind != Item::Kind::kEvent;
  std::string unseen;
  if (item.kind == Item::Kind::kLeftUnseen && !AppendUnseenLeftTail(unseen, *item.event).ok()) {
    return false;
  }
  const std::string* const tail =
      !unseen.empty() ? &unseen : (left ? left_json_ : json_).TailOf(*item.event);
  if (tail == nullptr) {
    return false;
  }
  const Place place = item.place();
  const std::string own =
      place.is_split() ? EventJson::WithPlace(*tail, item.cursor, place) : std::string();
  const auto append = left ? AppendLeft : AppendEvent;
  append(out, format_, place, item.passed_over, EventJson::FieldsOf(own.empty() ? *tail : own));
  return true;
}

void EventForm::AddGap(std::string& out, const Gap& gap, const Place& to) {
  AppendGap(out, format_, gap, to);
}

// Only the last message has an id: who breaks off before it begins anew.
void EventForm::AddSnapshotHead(std::string& out, const SnapshotMessage& message) {
  AppendSnapshotHead(out, format_, message.last ? message.place : Cursor{});
}

std::string_view EventForm::SnapshotEnd() const { return EndOfMessage(format_); }

void EventForm::AddProblem(std::string& out, const absl::Status& status) {
  AppendProblem(out, format_, status);
}

void EventForm::AddClosing(std::string& out, absl::Duration reconnect_after, std::string_view why) {
  AppendClosing(out, format_, RowOf(ErrorCode::kServiceUnavailable).name, why, reconnect_after);
}

void EventForm::AddHeartbeat(std::string& out) { AppendHeartbeat(out, format_, hub_connected_); }

}  // namespace tocsin::bridge
