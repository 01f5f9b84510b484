// event_stream.h: a subscription whose events go out as the body of a response: a GET /v1/events, or
// a GraphQL subscription over HTTP.
//
// Shape:   a sink of the engine and the owner of a response's stream; a state machine without a
//          socket. How it is written is its form's (stream_form.h). Batches, catch-up and slowness are the engine's, as for /ws. A snapshot, if one
//          is asked for, goes out first, each message when the one before has left; then the stream
//          subscribes at its place.
//          A caller is given what its permission lets through, and when its token has run out the
//          stream ends: at once, or when the batch in flight has left, but at most kLastBatchTime
//          later.
// Threads: its shard's.
// Owns:    its subscriber in the shard.
// Errors:  a subscription that cannot go on ends with a problem; a client that takes nothing for
//          10 s is cut off. Either may come back with its last cursor.
// Source:  docs/protocol.md, section 7.
#pragma once

#include <memory>
#include <optional>
#include <random>
#include <string>

#include "bridge/events/event_caller.h"
#include "bridge/events/event_query.h"
#include "bridge/events/stream_form.h"
#include "bridge/metrics.h"
#include "bridge/snapshots.h"
#include "core/base/clock.h"
#include "core/base/heap_bytes.h"
#include "core/http/responder.h"
#include "core/stream/live_session.h"
#include "core/stream/shard.h"
#include "core/stream/sink.h"

namespace tocsin::bridge {

// What the streams of one worker share.
struct EventStreams {
  Shard& shard;
  Clock& clock;
  Metrics& metrics;
  Snapshots& snapshots;
  std::shared_ptr<StreamForm> server_sent;
  std::shared_ptr<StreamForm> json_lines;
  std::minstd_rand random = std::minstd_rand(std::random_device{}());
};

class EventStream final : public Sink, public http::StreamOwner, private LiveSession {
 public:
  static constexpr absl::Duration kLastBatchTime = absl::Seconds(4);

  // Sends what comes first, and subscribes.
  // `session_id`: what the client was told that it is called.
  EventStream(EventStreams& shared, http::ResponseStream& out, std::shared_ptr<StreamForm> form,
              const EventQuery& query, const EventCaller& caller, std::string session_id);
  ~EventStream() override;
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  // StreamOwner.
  void OnBatchSent() override;
  void Tick() override;
  void Drain(absl::Duration slot) override;
  size_t MemoryBytes() const override {
    return sizeof(*this) + HeapBytes(id_) + form_->MemoryBytes();
  }

  // Sink.
  bool Write(const WriteView& view) override;
  uint64_t BytesTaken() override { return out_.BytesTaken(); }
  void Stuck() override;
  void Failed() override { failed_ = true; }

 private:
  // LiveSession.
  const std::string& session_id() const override { return id_; }
  SubjectPtr subject() const override { return subject_; }
  v1::SessionExplanation Explain() const override;
  SessionFace Face() const override;
  void Kick(absl::Duration reconnect_after, std::string_view why) override;

  void Subscribe(std::optional<StartPoint> start, std::optional<Cursor> urgent = std::nullopt);
  void OnSnapshot(const SnapshotMessage& message);
  void OnSnapshotSent();
  bool IsStuckInSnapshot();
  void EndWithToken();
  void CutOff();
  void Render(const Item& item, std::string& out);
  void RenderEvent(const Item& item, std::string& out);
  void RenderPlace(const Place& place, std::string& out);
  bool SendBatch(const WriteView& view);
  void CountSent(const WriteView& view);
  void Send(std::string_view bytes);
  // The problem, and the end.
  void EndWith(const absl::Status& status);
  // Ends it for a time, for no fault of the client's.
  void EndFor(absl::Duration reconnect_after, std::string_view why);
  void Leave();

  EventStreams& shared_;
  http::ResponseStream& out_;
  const std::shared_ptr<StreamForm> form_;
  const std::string id_;
  const SubjectPtr subject_;
  const std::shared_ptr<SubjectLimits::Share> share_;
  const FilterPtr filter_;
  const bool notify_on_gap_;
  const bool priority_;
  const bool latest_only_;
  const bool leaves_;
  const absl::Duration began_;
  const absl::Duration ends_;                     // by the monotonic clock: the wall clock may step
  std::unique_ptr<Snapshots::Reading> snapshot_;  // null: none, or it has been sent
  bool snapshot_read_ = false;                    // the message in flight is its last
  SubscriberId subscriber_ = 0;                   // 0: not yet, or not any more
  absl::Duration sent_;                           // the last of anything
  Place told_;                                    // the last place
  bool in_flight_ = false;
  uint64_t bytes_taken_ = 0;  // of the snapshot, when last looked at
  absl::Duration last_progress_;
  absl::Status end_;     // why it ends, which LiveSessions is told; OK: the client has gone
  bool failed_ = false;  // Write threw: ended by the next Tick
  bool ended_ = false;   // nothing may be sent any more
};

}  // namespace tocsin::bridge
