// reflection_stream.h: one ServerReflectionInfo call: questions about the schema, answered one by
// one.
//
// Threads: its shard's.
// Errors:  past kMost on its shard a newcomer takes a place (places.h), whose stream ends with
//          UNAVAILABLE, or is refused with RATE_LIMIT_EXCEEDED; INVALID_MESSAGE for bytes that are
//          no request. A drain ends it with UNAVAILABLE.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "hub/service/call.h"
#include "hub/service/places.h"

namespace tocsin::hub {

class ReflectionStream final : public Call, private Places::Holder {
 public:
  // On one shard. Tools ask and leave.
  static constexpr size_t kMost = 100;

  explicit ReflectionStream(HubShard& shard);
  ~ReflectionStream() override;

  // Call.
  std::unique_ptr<Call> Another() const override;
  void Drain() override;

 private:
  void Begin() override;
  void Deny(const absl::Status& error) override { End(error); }
  bool ended() const override;
  void OnRead(bool ok);
  void OnWritten(bool ok);
  void OnFinished(bool ok);

  // Places::Holder.
  std::string peer() const override { return PeerOf(context_.peer()); }
  absl::Duration idle_since() const override { return idle_since_; }
  void GiveWay() override;

  void Answer();
  void End(const absl::Status& status);
  // Starts the read or the end that can be started.
  void Step();

  Completion read_ = Tag(&ReflectionStream::OnRead);
  Completion written_ = Tag(&ReflectionStream::OnWritten);
  Completion finished_ = Tag(&ReflectionStream::OnFinished);
  grpc::ByteBuffer request_;
  absl::Duration idle_since_;  // the last question
  bool reading_ = false;
  bool writing_ = false;
  bool finishing_ = false;
  bool finish_called_ = false;
  std::optional<absl::Status> end_;
};

}  // namespace tocsin::hub
