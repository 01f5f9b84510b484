#include "bridge/event_json.h"

#include "absl/strings/str_cat.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/json_writer.h"
#include "core/event/wire.h"

namespace tocsin::bridge {

namespace {

constexpr std::string_view kBeforeId = R"(],"message_id":")";

// `append_rest(out)` appends what the message has after the fields of every tail.
template <class AppendRest>
absl::Status AppendTailWith(std::string& out, const EventRecord& event, AppendRest append_rest) {
  const size_t before = out.size();
  out += kBeforeId;
  out += FormatCursor(event.cursor);
  out += R"(","timestamp":")";
  AppendJsonTime(out, event.time);
  absl::StrAppend(&out, R"(","sequence":)", event.cursor.sequence);
  if (absl::Status status = append_rest(out); !status.ok()) {
    out.resize(before);
    return status;
  }
  out += '}';
  return absl::OkStatus();
}

}  // namespace

absl::Status AppendEventTail(std::string& out, const EventRecord& event) {
  ASSIGN_OR_RETURN(const std::string_view body, UnwrapEventField(event.payload));
  return AppendTailWith(out, event, [&](std::string& rest) {
    rest += R"(,"event":)";
    return AppendJsonEventBody(rest, body);
  });
}

absl::Status AppendLeftTail(std::string& out, const EventRecord& event) {
  const std::string_view incident = IncidentBytesOf(event.payload);
  return AppendTailWith(out, event, [&](std::string& rest) {
    rest += R"(,"incident_id":)";
    AppendJsonString(rest, IncidentIdIn(incident));
    rest += R"(,"incident":)";
    return AppendJsonIncident(rest, incident);
  });
}

absl::Status AppendUnseenLeftTail(std::string& out, const EventRecord& event) {
  return AppendTailWith(out, event, [&](std::string& rest) {
    rest += R"(,"incident_id":)";
    AppendJsonString(rest, IncidentIdIn(IncidentBytesOf(event.payload)));
    return absl::OkStatus();
  });
}

Gap DamagedGap(const Cursor& cursor) {
  return {.reason = GapReason::kDamaged, .from = {cursor.epoch, cursor.sequence - 1}, .to = cursor};
}

// Events that follow one another never meet in one place.
const std::string* EventJson::TailOf(const EventRecord& event) {
  if (bytes_ > kKeptBytes) {
    Forget();
  }
  Kept& kept = kept_[event.cursor.sequence % kKeptEvents];
  if (kept.cursor != event.cursor && !Make(kept, event)) {
    return nullptr;
  }
  return &kept.tail;
}

std::string EventJson::WithPlace(const std::string& tail, const Cursor& cursor,
                                 const Place& place) {
  const size_t id_end = kBeforeId.size() + FormatCursor(cursor).size();
  return absl::StrCat(ToAbsl(kBeforeId), FormatPlace(place), ToAbsl(tail).substr(id_end));
}

bool EventJson::Make(Kept& kept, const EventRecord& event) {
  bytes_ -= kept.tail.capacity();
  kept.cursor = {};  // nobody's, should what follows throw or fail
  kept.tail.clear();
  const absl::Status status = append_(kept.tail, event);
  bytes_ += kept.tail.capacity();
  ++made_;
  if (!status.ok()) {
    LogError("an event cannot be rendered and is told as a gap",
             {{"cursor", FormatCursor(event.cursor)}, {"error", status}});
    return false;
  }
  kept.cursor = event.cursor;
  return true;
}

void EventJson::Forget() {
  for (Kept& kept : kept_) {
    kept.cursor = {};
    std::string().swap(kept.tail);
  }
  bytes_ = kept_.size() * std::string().capacity();
}

}  // namespace tocsin::bridge
