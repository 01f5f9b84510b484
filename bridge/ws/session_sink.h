// session_sink.h: what the engine writes to one session: the Sink that the shard knows it by.
//
// Shape:   renders each write (message_renderer.h), counts it, and hands it to the output. Also
//          counts what the client asked of the shard since the last write, because the answers are
//          still in the shard.
// Threads: the shard's.
// Owns:    its renderer. Session, names and output outlive it.
// Errors:  a write that throws marks the sink as failed. The session then ends at its next
//          Tick, since the engine holds the items during the call. So it does after EndAt, from which
//          on nothing is written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/time/time.h"
#include "bridge/ws/asked.h"
#include "bridge/ws/message_renderer.h"
#include "bridge/ws/session_context.h"
#include "bridge/ws/session_output.h"
#include "bridge/ws/subscription_names.h"
#include "core/stream/sink.h"

namespace tocsin::bridge::ws {

class SessionSink final : public Sink {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // The client has taken nothing for too long (Sink::Stuck).
    virtual void OnStuck() = 0;
    // A write has the last of this subscription in it.
    virtual void OnSubscriptionEnded(SubscriptionTag tag) = 0;
    // One that read the log first is live.
    virtual void OnCaughtUp() = 0;
  };

  SessionSink(SessionContext& context, SessionOutput& output, SubscriptionNames& names,
              Owner& owner)
      : context_(context),
        output_(output),
        names_(names),
        owner_(owner),
        renderer_(context, names) {}

  // Events are compressed from here on.
  void Deflate() { renderer_.Deflate(); }
  Asked& asked() { return asked_; }
  const Asked& asked() const { return asked_; }
  // True when no heartbeat is on its way, and the caller is to ask the shard for one.
  bool NeedsHeartbeat() { return !std::exchange(heartbeat_asked_, true); }
  bool failed() const { return failed_; }
  // Nothing is written from that time on, by the wall clock.
  void EndAt(absl::Time end) { end_ = end; }
  // A token has been taken, and `authenticated` is on its way.
  void AwaitAuthenticated() { ++authenticating_; }
  bool awaits_authenticated() const { return authenticating_ > 0; }

  // Sink.
  bool Write(const WriteView& view) override;
  uint64_t BytesTaken() override { return output_.BytesTaken(); }
  void Stuck() override { owner_.OnStuck(); }
  void Failed() override { failed_ = true; }

 private:
  bool SendBatch(const WriteView& view);
  void CountSent(const WriteView& view, absl::Time now);
  void UpdateNames(const WriteView& view);

  SessionContext& context_;
  SessionOutput& output_;
  SubscriptionNames& names_;
  Owner& owner_;
  MessageRenderer renderer_;
  Asked asked_;
  absl::Time end_ = absl::InfiniteFuture();
  uint32_t authenticating_ = 0;
  bool heartbeat_asked_ = false;
  bool failed_ = false;
};

}  // namespace tocsin::bridge::ws
