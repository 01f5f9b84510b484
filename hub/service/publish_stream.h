// publish_stream.h: one PublishStream call: many publishes under way, answered in order.
//
// Shape:   each request has a slot from when it is read until its answer is written; reading pauses
//          while 64 requests or 8 MiB are under way. A request that is refused, or that cannot be
//          parsed, is answered in its place too.
// Threads: its shard's; the sequencer's answers are posted there.
// Owns:    the call. It ends only when every request has been answered.
// Errors:  a drain ends it with UNAVAILABLE once what was read is answered; so does a newcomer that
//          takes its place (places.h), and with UNAUTHENTICATED the end of its token.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <deque>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/auth/subject_limits.h"
#include "hub/service/call.h"
#include "hub/service/places.h"
#include "hub/service/token_ends.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::hub {

class PublishStream final : public Call, private Places::Holder, private TokenEnds::Holder {
 public:
  // On one shard; each may hold kMaxBytes.
  static constexpr size_t kMost = 500;
  static constexpr size_t kMaxRequests = 64;
  static constexpr size_t kMaxBytes = 8 * 1024 * 1024;

  explicit PublishStream(HubShard& shard);
  ~PublishStream() override;

  // Call.
  std::unique_ptr<Call> Another() const override;
  void Drain() override;

 private:
  struct Slot {
    size_t bytes = 0;
    std::optional<v1::PublishStreamResponse> answer;
  };

  void Begin() override;
  void Deny(const absl::Status& error) override { End(error); }
  absl::Status Enter();

  // Places::Holder.
  std::string peer() const override { return PeerOf(context_.peer()); }
  absl::Duration idle_since() const override {
    return slots_.empty() ? idle_since_ : absl::InfiniteDuration();
  }
  void GiveWay() override;

  // TokenEnds::Holder.
  void TokenEnded() override;
  void CutOff() override;

  bool ended() const override;
  void OnRead(bool ok);
  void OnWritten(bool ok);
  void OnFinished(bool ok);

  void Publish();
  void OnAnswer(size_t number, absl::StatusOr<v1::PublishResponse> response);
  // Ends the stream with `status`, after what was read has been answered.
  void End(const absl::Status& status);
  // Starts every read and write that can be started.
  void Step();
  void StartWriteIfReady();
  void StartReadIfRoom();
  bool TakesMore() const { return !read_closed_ && !broken_ && !end_; }

  Completion read_ = Tag(&PublishStream::OnRead);
  Completion written_ = Tag(&PublishStream::OnWritten);
  Completion finished_ = Tag(&PublishStream::OnFinished);
  grpc::ByteBuffer request_;  // gRPC's while reading_

  std::deque<Slot> slots_;  // of the requests first_, first_ + 1, …
  size_t first_ = 0;
  size_t bytes_ = 0;
  bool admitted_ = false;
  SubjectLimits::Share share_;
  absl::Duration idle_since_;  // while slots_ is empty
  bool reading_ = false;
  bool writing_ = false;
  bool finishing_ = false;
  bool read_closed_ = false;
  bool broken_ = false;  // nobody takes the answers any more
  bool finish_called_ = false;
  std::optional<absl::Status> end_;
};

}  // namespace tocsin::hub
