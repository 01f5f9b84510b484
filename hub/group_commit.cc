#include "hub/group_commit.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/text.h"
#include "core/event/time_proto.h"
#include "core/event/uuid.h"
#include "core/event/validate.h"
#include "core/event/wire.h"
#include "hub/alert_fingerprint.h"
#include "hub/content_hash.h"

namespace tocsin::hub {
namespace {

// What the hub adds to an alert of a published event.
void CompleteAlert(v1::Alert& alert, absl::Time time) {
  if (alert.id().empty()) {
    alert.set_id(NewUuid(time));
  }
  if (!alert.has_received_at()) {
    SetTimestamp(*alert.mutable_received_at(), time);
  }
  if (alert.fingerprint().empty()) {
    alert.set_fingerprint(DefaultFingerprint(alert));
  }
}

void CompleteAlertOf(v1::Event& event, absl::Time time) {
  if (event.type() == v1::EVENT_TYPE_ALERT_RECEIVED) {
    CompleteAlert(*event.mutable_alert_received()->mutable_alert(), time);
  } else if (event.type() == v1::EVENT_TYPE_ALERT_CONVERTED) {
    v1::Alert& alert = *event.mutable_alert_converted()->mutable_alert();
    CompleteAlert(alert, time);
    alert.set_incident_id(event.alert_converted().incident_id());
  }
}

// A payload in which nothing is set says no more than none does, and JSON has none.
v1::Event WithoutEmptyPayload(v1::Event event) {
  if (event.has_incident_updated() && event.incident_updated().ByteSizeLong() == 0) {
    event.clear_incident_updated();
  }
  return event;
}

// Whether an event is published as a subscriber gets it, with all that the hub has filled in.
bool IsAsStored(const Log& log, const v1::Event& event, Sequence sequence) {
  const auto read = log.Read(sequence - 1, 1, 1);
  if (!read.ok() || read->empty()) {
    return false;
  }
  absl::StatusOr<v1::Event> stored = DecodeEventField(read->front()->payload);
  return stored.ok() && NormalizeEvent(*stored, "").ok() &&
         ContentOf(WithoutEmptyPayload(*stored)).hash == ContentOf(WithoutEmptyPayload(event)).hash;
}

absl::Status NotExpectedError(std::string_view incident, Sequence expected, Sequence known) {
  ErrorDetails details;
  details.field = "expected_incident_sequence";
  const std::string what =
      known == 0 ? "nothing is known of it" : absl::StrCat("its newest event has sequence ", known);
  return MakeErrorAs(ErrorCode::kConflict, absl::StatusCode::kAborted,
                     absl::StrCat("expected_incident_sequence: incident ", ToAbsl(incident),
                                  " was expected at sequence ", expected, ", but ", what),
                     details);
}

absl::Status NotOneIncidentError() {
  ErrorDetails details;
  details.field = "expected_incident_sequence";
  return MakeError(
      ErrorCode::kInvalidMessage,
      "expected_incident_sequence: all events of the request must be about one incident", details);
}

absl::Status AlwaysSecondError() {
  ErrorDetails details;
  details.retry_after = absl::Milliseconds(100);
  return MakeError(ErrorCode::kServiceUnavailable,
                   "other hubs append to the log all the time; try again", details);
}

// The incident that all events are about; "" for a single event whose incident has no id yet.
absl::StatusOr<std::string> OneIncident(const std::vector<v1::Event>& events) {
  const std::string id(IncidentIdOf(events.front()));
  const bool is_new =
      id.empty() && events.size() == 1 && events.front().type() == v1::EVENT_TYPE_INCIDENT_CREATED;
  const bool is_one =
      !id.empty() && std::all_of(events.begin(), events.end(),
                                 [&](const v1::Event& event) { return IncidentIdOf(event) == id; });
  if (!is_new && !is_one) {
    return NotOneIncidentError();
  }
  return id;
}

}  // namespace

bool GroupCommit::IsOtherContent(const DedupWindow::Seen& seen, const Content& content) {
  if (Planted("other-content-accepted")) return false;
  return seen.content != kUnknownContent && seen.content != content.hash;
}

absl::Status GroupCommit::OtherContentError(std::string_view id, Sequence sequence,
                                            const FieldPath& path) {
  ErrorDetails details;
  details.field = (path / "id").Text();
  return MakeErrorAs(ErrorCode::kConflict, absl::StatusCode::kAlreadyExists,
                     absl::StrCat(details.field, ": ", ToAbsl(id),
                                  " was published before with another content, as sequence ",
                                  sequence, "; what is new needs a new id"),
                     details);
}

GroupCommit::GroupCommit(Log& log, Follower& follower, CheckedClock& clock, AlertOptions alerts)
    : log_(log),
      follower_(follower),
      clock_(clock),
      options_(alerts),
      incidents_(log, follower.incidents()),
      alerts_(log, incidents_, follower.firing()) {}

CommittedGroup GroupCommit::Commit(std::span<PendingPublish> group) {
  CommittedGroup committed;
  for (int staging = 0; staging < kMostStagings; ++staging) {
    follower_.CatchUp();
    committed = TryCommit(group);
    if (!absl::IsAborted(last_append_)) {
      return committed;
    }
  }
  last_append_ = AlwaysSecondError();
  FailGroup(group.first(committed.taken));
  return committed;
}

CommittedGroup GroupCommit::TryCommit(std::span<PendingPublish> group) {
  BeginGroup();
  CommittedGroup committed;
  while (committed.taken < group.size() && group_bytes_ < kGroupBytes) {
    Stage(group[committed.taken++]);
  }
  const size_t events = batch_.events.size();
  if (events > 0) {
    batch_.incidents = incidents_.GroupChanges();
    batch_.history = incidents_.TakeGroupHistory();
    alerts_.AddGroupChanges(batch_);
    last_append_ = log_.Append(std::make_shared<const LogBatch>(std::move(batch_)));
  }
  incidents_.DropGroup();
  alerts_.DropGroup();
  if (Planted("failed-append-acknowledged")) last_append_ = absl::OkStatus();
  if (!last_append_.ok() && !absl::IsAborted(last_append_)) {
    FailGroup(group.first(committed.taken));
  } else if (events > 0 && last_append_.ok()) {
    committed.events = events;
    follower_.CatchUp();
  }
  return committed;
}

void GroupCommit::BeginGroup() {
  batch_ = LogBatch();
  staged_ids_.clear();
  last_append_ = absl::OkStatus();
  group_bytes_ = 0;
  const absl::Time now = absl::FromUnixMicros(absl::ToUnixMicros(clock_.Now()));
  time_ = NextEventTime(follower_.time(), now);
}

void GroupCommit::Stage(PendingPublish& pending) {
  const size_t staged = batch_.events.size();
  request_bytes_ = 0;
  if (pending.alert != nullptr) {
    pending.alert->outcome = StageAlert(*pending.alert);
  } else {
    pending.outcome = StagePublish(pending);
  }
  if (pending.ok()) {
    group_bytes_ += request_bytes_;
    incidents_.KeepRequest();
    alerts_.KeepRequest();
  } else {
    Unstage(staged);
  }
}

PublishOutcome GroupCommit::StagePublish(PendingPublish& pending) {
  if (!log_.shared()) {
    return StageEvents(pending, pending.request.events);
  }
  // What is staged is completed in place, and may have to be staged once more.
  std::vector<v1::Event> copy = pending.request.events;
  return StageEvents(pending, copy);
}

PublishOutcome GroupCommit::StageEvents(PendingPublish& pending, std::vector<v1::Event>& events) {
  const std::optional<Sequence> expected = pending.request.expected_incident_sequence;
  std::vector<v1::PublishResult> results;
  results.reserve(events.size());
  bool checked = !expected.has_value();
  for (size_t i = 0; i < events.size(); ++i) {
    const FieldPath path = FieldPath("events")[i];
    ASSIGN_OR_RETURN(std::optional<v1::PublishResult> result,
                     FindDuplicate(events[i], pending.contents[i], path));
    if (!result && !checked) {
      // Only now: a publish that is sent again is answered as the first time, although the incident
      // has moved on.
      RETURN_IF_ERROR(CheckExpected(events, *expected));
      checked = true;
    }
    if (!result) {
      ASSIGN_OR_RETURN(result, StageEvent(events[i], pending.contents[i], path));
    }
    results.push_back(*std::move(result));
  }
  return results;
}

const DedupWindow::Seen* GroupCommit::FindId(std::string_view id) const {
  if (id.empty()) {
    return nullptr;
  }
  const auto staged = staged_ids_.find(*PackUuid(id));
  if (Planted("repeated-within-a-group")) return follower_.dedup().Find(id);
  return staged != staged_ids_.end() ? &staged->second : follower_.dedup().Find(id);
}

absl::StatusOr<std::optional<v1::PublishResult>> GroupCommit::FindDuplicate(
    const v1::Event& event, const Content& content, const FieldPath& path) const {
  const DedupWindow::Seen* const seen = FindId(event.id());
  if (seen == nullptr) {
    return std::optional<v1::PublishResult>();
  }
  if (IsOtherContent(*seen, content) && !IsAsStored(log_, event, seen->sequence)) {
    return OtherContentError(event.id(), seen->sequence, path);
  }
  v1::PublishResult result;
  result.set_id(event.id());
  result.set_cursor(FormatCursor(log_.epochs().PlaceAfter(seen->sequence)));
  result.set_sequence(seen->sequence);
  result.set_duplicate(true);
  result.set_incident_id(UnpackUuid(seen->incident));
  return std::optional<v1::PublishResult>(std::move(result));
}

absl::StatusOr<v1::PublishResult> GroupCommit::StageEvent(v1::Event& event, const Content& content,
                                                          const FieldPath& path) {
  const Cursor cursor{log_.epochs().present(), follower_.last() + batch_.events.size() + 1};
  if (event.id().empty()) {
    event.set_id(NewUuid(time_));
  }
  event.set_sequence(cursor.sequence);
  event.set_epoch(cursor.epoch);
  event.set_cursor(FormatCursor(cursor));
  RETURN_IF_ERROR(incidents_.Apply(event, time_, path));
  CompleteAlertOf(event, time_);
  event.set_priority(PriorityOf(event));
  SetTimestamp(*event.mutable_time(), time_);
  EventPtr record = MakeWireRecord(event);
  const auto bytes = static_cast<size_t>(event.GetCachedSize());  // as it was just encoded
  RETURN_IF_ERROR(CheckCompleted(bytes, path));
  request_bytes_ += bytes;

  DedupEntry entry{event.id(), content.hash, cursor.sequence, time_,
                   std::string(DedupIncidentOf(event))};
  v1::PublishResult result;
  result.set_id(event.id());
  result.set_cursor(event.cursor());
  result.set_sequence(cursor.sequence);
  result.set_incident_id(entry.incident_id);
  staged_ids_[*PackUuid(entry.id)] = {entry.content, entry.sequence, entry.time,
                                      *PackUuid(entry.incident_id)};
  batch_.dedup.push_back(std::move(entry));
  incidents_.Take(event, record);
  RETURN_IF_ERROR(alerts_.Take(event));
  batch_.events.push_back(std::move(record));
  return result;
}

absl::Status GroupCommit::CheckCompleted(size_t bytes, const FieldPath& path) const {
  if (bytes > limits::kCompletedEventBytes) {
    return FieldError(
        ErrorCode::kMessageTooLarge, path.Text(),
        absl::StrCat("has ", bytes, " bytes with its incident"),
        {absl::StrCat("at most ", limits::kCompletedEventBytes, " bytes in one completed event")});
  }
  if (request_bytes_ + bytes > limits::kCompletedPublishBytes) {
    return FieldError(
        ErrorCode::kMessageTooLarge, "events",
        absl::StrCat("take more than ", limits::kCompletedPublishBytes,
                     " bytes with their incidents"),
        {absl::StrCat("up to ", limits::kCompletedPublishBytes, " bytes in all, completed")});
  }
  return absl::OkStatus();
}

absl::Status GroupCommit::CheckExpected(const std::vector<v1::Event>& events, Sequence expected) {
  ASSIGN_OR_RETURN(const std::string id, OneIncident(events));
  Sequence known = 0;
  if (!id.empty()) {
    ASSIGN_OR_RETURN(known, incidents_.LastSequence(id));
  }
  return known == expected ? absl::OkStatus() : NotExpectedError(id, expected, known);
}

void GroupCommit::Unstage(size_t keep) {
  for (size_t i = keep; i < batch_.dedup.size(); ++i) {
    staged_ids_.erase(*PackUuid(batch_.dedup[i].id));
  }
  if (Planted("half-batch-kept")) return;
  batch_.events.resize(keep);
  batch_.dedup.resize(keep);
  incidents_.DropRequest();
  alerts_.DropRequest();
}

// Refused ones fail too: what they were refused for may be an event of this very group.
void GroupCommit::FailGroup(std::span<PendingPublish> group) {
  for (PendingPublish& pending : group) {
    pending.Fail(last_append_);
  }
}

}  // namespace tocsin::hub
