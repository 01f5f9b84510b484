// operation_sink.h: what the engine writes to one GraphQL session: the Sink that the shard knows it
// by.
//
// Shape:   turns each write into `next` messages and hands them to the output. Events are rendered
//          once for all who are told the same (next_frames.h); everything else for this session
//          alone. Also counts what the client asked of the shard since the last write.
// Threads: the shard's.
// Owns:    nothing. Session, operations and output outlive it.
// Errors:  a write that throws marks the sink as failed. The session then ends at its next Tick,
//          since the engine holds the items during the call. So it does after EndAt, from which on
//          nothing is written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/time.h"
#include "bridge/graphql_ws/context.h"
#include "bridge/graphql_ws/operations.h"
#include "bridge/ws/asked.h"
#include "bridge/ws/session_output.h"
#include "core/stream/sink.h"

namespace tocsin::bridge::graphql_ws {

class OperationSink final : public Sink {
 public:
  // Why the session asked for a bookmark: what the note's kind may be.
  static constexpr uint8_t kHeartbeat = 1;
  // A token has been taken; the note is when it expires, as JSON.
  static constexpr uint8_t kAuthenticated = 2;
  static constexpr uint8_t kPermissionChanged = 3;

  class Owner {
   public:
    virtual ~Owner() = default;
    // The client has taken nothing for too long (Sink::Stuck).
    virtual void OnStuck() = 0;
    // The client is told that this subscription has ended, and its operation is gone.
    virtual void OnOperationEnded() = 0;
    // One that read the log first is live.
    virtual void OnCaughtUp() = 0;
  };

  OperationSink(Context& context, ws::SessionOutput& output, Operations& operations, Owner& owner)
      : context_(context), output_(output), operations_(operations), owner_(owner) {}

  // `next` messages are compressed from here on.
  void Deflate() { deflate_ = true; }
  ws::Asked& asked() { return asked_; }
  const ws::Asked& asked() const { return asked_; }
  // True when no heartbeat is on its way, and the caller is to ask the shard for one.
  bool NeedsHeartbeat() { return !std::exchange(heartbeat_asked_, true); }
  bool failed() const { return failed_; }
  // Nothing is written from that time on, by the wall clock.
  void EndAt(absl::Time end) { end_ = end; }
  // A token has been taken, and the answer is on its way.
  void AwaitAuthenticated() { ++authenticating_; }
  bool awaits_authenticated() const { return authenticating_ > 0; }

  // Sink.
  bool Write(const WriteView& view) override;
  uint64_t BytesTaken() override { return output_.BytesTaken(); }
  void Stuck() override { owner_.OnStuck(); }
  void Failed() override { failed_ = true; }

 private:
  struct Told {
    size_t messages = 0;
    const EventRecord* newest = nullptr;
    size_t events = 0;
  };

  Rendered& rendered() { return deflate_ ? *context_.deflated : context_.plain; }
  bool SendBatch(const WriteView& view);
  std::string_view RenderRun(const WriteView& view, Told& told);
  std::string_view RenderAlone(const WriteView& view, Told& told);
  void RenderOfOne(Operation& operation, const Item& item, std::string& out, Told& told);
  void RenderBookmark(const Item& item, std::string& out, Told& told);
  void RenderHeartbeat(const Item& item, std::string& out, Told& told);
  void RenderEnd(Operation& operation, const absl::Status& status, std::string& out);
  void Count(const Told& told, absl::Time now);

  Context& context_;
  ws::SessionOutput& output_;
  Operations& operations_;
  Owner& owner_;
  ws::Asked asked_;
  absl::Time end_ = absl::InfiniteFuture();
  uint32_t authenticating_ = 0;
  bool heartbeat_asked_ = false;
  bool deflate_ = false;
  bool failed_ = false;
};

}  // namespace tocsin::bridge::graphql_ws
