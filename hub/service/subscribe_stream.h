// subscribe_stream.h: one Subscribe call: gRPC's completions on one side, the engine's sink on the
// other.
//
// Shape:   request → write, write, … → finish; one operation of writing in flight. What the engine
//          hands over goes out in one write as a rule; responses that had to be split wait in
//          `queue_` for the write before them. A snapshot comes first: its parts are written one by
//          one, and once the last has left, the stream enters the engine at the snapshot's place.
//          The filter of the caller's permission is a part of the stream's: the engine knows one.
// Threads: its shard's.
// Owns:    the call. The shard deletes it when over(): every tag that gRPC was given has come
//          back.
// Errors:  a refused request ends the call with its status, the end of the token with UNAUTHORIZED;
//          no event is written after that. A client that takes nothing is cut
//          with RESOURCE_EXHAUSTED (SLOW_CONSUMER); since a write is in flight then, by cancelling
//          the call with that status: C++ has only TryCancel, which says CANCELLED, but the core
//          call below it sends trailers past the data that the client does not take.
#pragma once

#include <grpc/status.h>
#include <grpcpp/support/byte_buffer.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/auth/subject_limits.h"
#include "core/stream/live_session.h"
#include "core/stream/sink.h"
#include "core/stream/subscriber.h"
#include "hub/service/request_call.h"
#include "hub/service/subscribe_encoder.h"
#include "hub/service/subscribe_request.h"
#include "hub/service/token_ends.h"
#include "hub/snapshot_reader.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::hub {

class SubscribeStream final : public RequestCall,
                              public Sink,
                              public LiveSession,
                              private TokenEnds::Holder {
 public:
  explicit SubscribeStream(HubShard& shard);
  ~SubscribeStream() override;

  // Call.
  std::unique_ptr<Call> Another() const override;
  // Tells the client when to come back and ends the call.
  void Drain() override;

  // LiveSession.
  const std::string& session_id() const override { return session_; }
  SubjectPtr subject() const override { return Call::subject(); }
  v1::SessionExplanation Explain() const override;
  SessionFace Face() const override;
  void Kick(absl::Duration reconnect_after, std::string_view why) override;

  // Sink.
  bool Write(const WriteView& view) override;
  uint64_t BytesTaken() override;
  void Stuck() override;
  void Failed() override;

 private:
  void Prepare() override { context_.AsyncNotifyWhenDone(&done_); }
  void Serve() override;
  void Refuse(const absl::Status& error) override { End(error); }
  bool ended() const override;
  void OnWritten(bool ok);
  void OnFinished(bool ok);
  // True when the call has ended, by us or because the client has gone.
  void OnDone(bool ok);

  // TokenEnds::Holder.
  void TokenEnded() override;
  void CutOff() override;

  absl::Status Subscribe();
  // Of what its subject may have open, what the stream needs.
  absl::Status TakePlaces();
  // Begins what is told of the stream, and ends with Leave.
  void Enter();
  void EnterEngine();
  void OnSnapshotPart(SnapshotPart part);
  void OnSnapshotPartWritten();
  void SendNext();
  void End(const absl::Status& status);
  // Ends the call, told by a `closing` first. What waits to be written is dropped: the client
  // resumes before it.
  void Close(const absl::Status& status, absl::Duration reconnect_after);
  // What the subscriber may see; null: everything.
  const Filter* narrowed_by() const;
  // Closes it for a time, for no fault of the client's.
  void EndFor(absl::Duration reconnect_after, std::string_view why);
  // Out of the engine, or of the snapshot that comes before it.
  void Leave();
  void LeaveSessions();
  // `why` begins with the name of its error.
  void Cancel(grpc_status_code code, const char* why);
  void CancelSlow(const char* why);

  Completion written_ = Tag(&SubscribeStream::OnWritten);
  Completion finished_ = Tag(&SubscribeStream::OnFinished);
  Completion done_ = Tag(&SubscribeStream::OnDone);

  bool call_over_ = false;
  bool admitted_ = false;
  bool replaying_ = false;  // it reads the log before it is live
  SubjectLimits::Share share_;
  bool writing_ = false;
  bool finishing_ = false;  // Finish was called and has not come back
  bool finish_called_ = false;
  Subscribing subscribing_;
  FilterPtr asked_;                    // what the client asked for, without its permission's part
  std::optional<std::string> series_;  // in the metrics, from Enter to Leave
  std::string session_;                // the id that the client is told
  absl::Time since_;
  std::unique_ptr<SnapshotReader::Snapshot> snapshot_;  // null: none, or it has been sent
  bool snapshot_read_ = false;                          // its last part is in the queue
  SubscriberId id_ = 0;                                 // 0: not in the engine
  std::vector<grpc::ByteBuffer> queue_;
  uint64_t progress_ = 0;  // BytesTaken, which counts sweeps that find a large write on its way
  absl::Duration write_until_;  // so long the write in flight may take and be no stuck one
  std::optional<absl::Status> end_;
  const char* cut_ = nullptr;  // why the call was cancelled; null: it was not
};

}  // namespace tocsin::hub
