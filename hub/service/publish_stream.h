// publish_stream.h: one PublishStream call: many publishes under way, answered in order.
//
// Shape:   a slot per request from its reading to the writing of its answer; reading pauses while
//          64 requests or 8 MiB are under way. A refused request is answered in its place, one whose
//          bytes are no request as well.
// Threads: safe: reactions come on gRPC's threads, answers on the sequencer's. The mutex is held
//          over gRPC's StartRead and StartWrite, which never run a reaction inside; not over
//          Finish, after which the reactor may be gone.
// Owns:    itself, until OnDone. Finish is called only when no answer is awaited.
// Errors:  a drain ends it with UNAVAILABLE once what was read is answered.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <deque>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "core/base/mutex.h"
#include "hub/service/admission.h"
#include "hub/service/publisher.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::hub {

class PublishStreams;

class PublishStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                            public std::enable_shared_from_this<PublishStream> {
 public:
  static constexpr size_t kMaxRequests = 64;
  static constexpr size_t kMaxBytes = 8 * 1024 * 1024;

  PublishStream(Publisher& publisher, PublishStreams& streams)
      : publisher_(publisher), streams_(streams) {}

  // Starts reading, or ends at once when it is not admitted; the stream then lives by itself.
  void Begin(const absl::Status& admitted);
  // Ends the stream with `status`, after what was read has been answered.
  void End(const absl::Status& status);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone() override;

 private:
  struct Slot {
    size_t bytes = 0;
    std::optional<v1::PublishStreamResponse> answer;
  };

  // Its number; none for what came after the end: it would have no answer.
  std::optional<size_t> OpenSlot(size_t bytes);
  void Publish();
  void OnAnswer(size_t number, absl::StatusOr<v1::PublishResponse> response);
  // Starts what can be started. Last touch.
  void Step();
  void StartWriteIfReady() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StartReadIfRoom() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool TakesMore() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Publisher& publisher_;
  PublishStreams& streams_;
  std::shared_ptr<PublishStream> self_;
  grpc::ByteBuffer request_;  // gRPC's while reading_
  grpc::ByteBuffer written_;  // gRPC's while writing_

  Mutex mutex_;
  std::deque<Slot> slots_ ABSL_GUARDED_BY(mutex_);  // of the requests first_, first_ + 1, …
  size_t first_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool read_closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;  // nobody takes the answers any more
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::hub
