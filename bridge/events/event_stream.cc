#include "bridge/events/event_stream.h"

#include <algorithm>

#include "bridge/event_json.h"
#include "core/base/log.h"
#include "core/base/planted.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/limits.h"
#include "core/event/time_proto.h"
#include "core/stream/session_explanation.h"

namespace tocsin::bridge {
namespace {

constexpr SubscriptionTag kTag = 1;

// Clients that lose a bridge do not all come back in the same moment.
absl::Duration SomeSlot(std::minstd_rand& random) {
  return absl::Milliseconds(std::uniform_int_distribution<int>(1'000, 3'000)(random));
}

}  // namespace

EventStream::EventStream(EventStreams& shared, http::ResponseStream& out,
                         std::shared_ptr<StreamForm> form, const EventQuery& query,
                         const EventCaller& caller, std::string session_id)
    : shared_(shared),
      out_(out),
      form_(std::move(form)),
      id_(std::move(session_id)),
      subject_(caller.subject),
      share_(caller.share),
      filter_(Planted("events-not-narrowed") ? query.filter
                                             : subject_->permission.Narrow(query.filter)),
      notify_on_gap_(query.notify_on_gap),
      priority_(query.priority),
      latest_only_(query.latest_only),
      leaves_(query.leaves),
      began_(shared.clock.Monotonic()),
      ends_(began_ + (caller.ends - shared.clock.Now())),
      sent_(began_) {
  std::string opening;
  form_->AddOpening(opening, SomeSlot(shared_.random));
  if (!opening.empty()) {
    Send(opening);
  }
  shared_.shard.sessions().Enter(*this);
  shared_.metrics.event_streams.Increment();
  if (query.snapshot) {
    snapshot_ =
        shared_.snapshots.Open(shared_.shard, filter_, form_->snapshots(),
                               [this](const SnapshotMessage& message) { OnSnapshot(message); });
  } else {
    Subscribe(query.start, query.urgent);
  }
}

EventStream::~EventStream() {
  Leave();
  shared_.metrics.event_streams.Decrement();
}

SessionFace EventStream::Face() const {
  return {.address = out_.PeerAddress(),
          .label = "",
          .transport = form_->transport(),
          .since = shared_.clock.Now() - (shared_.clock.Monotonic() - began_),
          .subscriber = subscriber_};
}

v1::SessionExplanation EventStream::Explain() const {
  v1::SessionExplanation session;
  session.set_session_id(id_);
  session.set_transport(std::string(form_->transport()));
  SetTimestamp(*session.mutable_since(),
               shared_.clock.Now() - (shared_.clock.Monotonic() - began_));
  if (const auto report = shared_.shard.Report(subscriber_)) {
    FillSession(*report, shared_.clock, session);
  }
  return session;
}

void EventStream::Subscribe(std::optional<StartPoint> start, std::optional<Cursor> urgent) {
  subscriber_ = shared_.shard.Add(this, limits::kBookmarkInterval);
  shared_.shard.Subscribe(subscriber_, {.tag = kTag,
                                        .filter = filter_,
                                        .start = std::move(start),
                                        .urgent = urgent,
                                        .notify_on_gap = notify_on_gap_,
                                        .priority = priority_,
                                        .latest_only = latest_only_,
                                        .leaves = leaves_});
}

// ---- the snapshot ----

void EventStream::OnSnapshot(const SnapshotMessage& message) {
  if (!message.status.ok()) {
    return EndWith(message.status);
  }
  snapshot_read_ = message.last;
  if (message.last) {
    told_ = message.place;
  }
  std::string head;
  form_->AddSnapshotHead(head, message);
  const std::string_view parts[] = {head, message.text, form_->SnapshotEnd()};
  sent_ = last_progress_ = shared_.clock.Monotonic();
  bytes_taken_ = out_.BytesTaken();
  in_flight_ = true;
  if (out_.SendBatch(parts)) {
    OnSnapshotSent();
  }
}

void EventStream::OnSnapshotSent() {
  in_flight_ = false;
  if (!snapshot_read_) {
    return snapshot_->Next();
  }
  snapshot_.reset();
  share_->KeepAtMost(Held::kSnapshot, 0);
  Subscribe(told_.ordinary);
}

bool EventStream::IsStuckInSnapshot() {
  if (snapshot_ == nullptr || !in_flight_) {
    return false;
  }
  const absl::Duration now = shared_.clock.Monotonic();
  if (const uint64_t taken = out_.BytesTaken(); taken != bytes_taken_) {
    bytes_taken_ = taken;
    last_progress_ = now;
  }
  return now - last_progress_ >= limits::kStuckAfter;
}

// ---- from the engine ----

bool EventStream::Write(const WriteView& view) {
  if (ended_) {
    return true;
  }
  try {
    const bool left = SendBatch(view);
    in_flight_ = !left;
    return left;
  } catch (const std::exception& error) {
    LogError("an event stream could not be written", {{"error", error.what()}});
    failed_ = true;
    return false;
  }
}

bool EventStream::SendBatch(const WriteView& view) {
  RenderedBatch& batch = form_->batch();
  const std::string_view bytes = batch.Of(view, form_->key(), [&](std::string& out) {
    for (const Item& item : view.items) {
      Render(item, out);
    }
  });
  CountSent(view);
  if (!bytes.empty()) {
    sent_ = shared_.clock.Monotonic();
  }
  const bool left = bytes.empty() || out_.SendBatch(bytes);
  batch.Release();
  const auto over = std::find_if(view.items.begin(), view.items.end(),
                                 [](const Item& item) { return item.kind == Item::Kind::kEnded; });
  if (over != view.items.end()) {
    end_ = over->extra->status;
    ended_ = true;
    out_.End();
  }
  return left;
}

void EventStream::Render(const Item& item, std::string& out) {
  switch (item.kind) {
    case Item::Kind::kEvent:
    case Item::Kind::kLeft:
    case Item::Kind::kLeftUnseen:
      return RenderEvent(item, out);
    case Item::Kind::kGap:
      return form_->AddGap(out, item.extra->gap, item.place());
    case Item::Kind::kSubscribed:
      // Where a gap follows, the place is after it: a client that broke off here would miss it.
      return item.recovered ? RenderPlace(item.place(), out) : void();
    case Item::Kind::kBookmark:
      told_ = item.place();
      return form_->AddBookmark(out, told_);
    case Item::Kind::kCaughtUp:
      share_->KeepAtMost(Held::kReplay, 0);
      return RenderPlace(item.place(), out);
    case Item::Kind::kEnded:
      return form_->AddProblem(out, item.extra->status);
    case Item::Kind::kUnsubscribed:
      return;
  }
}

void EventStream::RenderEvent(const Item& item, std::string& out) {
  told_ = item.place();
  if (!form_->AddEvent(out, item)) {
    form_->AddGap(out, DamagedGap(item.cursor), told_);
  }
}

// Tells no place that was told last.
void EventStream::RenderPlace(const Place& place, std::string& out) {
  if (told_ != place) {
    form_->AddPlace(out, place);
    told_ = place;
  }
}

void EventStream::CountSent(const WriteView& view) {
  const EventRecord* newest = nullptr;
  double events = 0;
  for (const Item& item : view.items) {
    if (item.event != nullptr) {
      newest = item.event.get();
      told_ = item.place();
      events += item.kind == Item::Kind::kEvent ? 1 : 0;
    }
  }
  if (newest != nullptr) {
    shared_.metrics.events_streamed.Increment(events);
    shared_.metrics.message_latency_seconds.Observe(
        absl::ToDoubleSeconds(shared_.clock.Now() - newest->time));
  }
}

void EventStream::OnBatchSent() {
  in_flight_ = false;
  if (subscriber_ != 0) {
    shared_.shard.Written(subscriber_);
  } else if (snapshot_ != nullptr) {
    OnSnapshotSent();
  }
}

// ---- time, and the end ----

// A bookmark comes from the engine as often as this; only while no place is known is there none.
void EventStream::Tick() {
  if (ended_) {
    return;
  }
  if (failed_) {
    return EndWith(MakeError(ErrorCode::kInternal,
                             "the server failed while it handled this stream; it is safe to "
                             "reconnect and resume"));
  }
  if (shared_.clock.Monotonic() >= ends_ && !Planted("events-outlive-token")) {
    return EndWithToken();
  }
  if (IsStuckInSnapshot()) {
    return Stuck();
  }
  const absl::Duration silent = shared_.clock.Monotonic() - sent_;
  if (!in_flight_ && silent >= limits::kBookmarkInterval) {
    std::string heartbeat;
    form_->AddHeartbeat(heartbeat);
    Send(heartbeat);
  }
}

void EventStream::Drain(absl::Duration slot) { EndFor(slot, "the server is going down"); }

void EventStream::Kick(absl::Duration reconnect_after, std::string_view why) {
  EndFor(reconnect_after, why);
}

void EventStream::EndFor(absl::Duration reconnect_after, std::string_view why) {
  if (ended_) {
    return Leave();
  }
  end_ = MakeError(ErrorCode::kServiceUnavailable, why);
  std::string closing;
  form_->AddClosing(closing, reconnect_after, Planted("kick-says-nothing") ? "" : why);
  Send(closing);
  ended_ = true;
  if (!Planted("kick-stays")) Leave();
  out_.End();
}

// The batch in flight is part of what the token was good for.
void EventStream::EndWithToken() {
  Leave();
  if (!in_flight_) {
    EndWith(TokenRanOut());
  } else if (shared_.clock.Monotonic() >= ends_ + kLastBatchTime) {
    CutOff();
  }
}

void EventStream::Stuck() {
  shared_.metrics.connection_errors.Increment();
  LogInfo("an event stream's client took nothing and is cut off", {});
  CutOff();
}

void EventStream::CutOff() {
  ended_ = true;
  end_ = MakeError(ErrorCode::kSlowConsumer, "nothing was taken for 10 seconds");
  out_.Abort();
}

void EventStream::EndWith(const absl::Status& status) {
  end_ = status;
  std::string problem;
  form_->AddProblem(problem, status);
  Send(problem);
  ended_ = true;
  Leave();
  out_.End();
}

void EventStream::Send(std::string_view bytes) {
  sent_ = shared_.clock.Monotonic();
  out_.Send(bytes);
}

void EventStream::Leave() {
  snapshot_.reset();
  end_.ok()
      ? shared_.shard.sessions().Leave(*this, kClientGone, "")
      : shared_.shard.sessions().Leave(*this, RowOf(ErrorCodeOf(end_)).name, ToStd(end_.message()));
  if (subscriber_ != 0) {
    shared_.shard.Remove(subscriber_);
    subscriber_ = 0;
  }
  *share_ = SubjectLimits::Share();
}

}  // namespace tocsin::bridge
