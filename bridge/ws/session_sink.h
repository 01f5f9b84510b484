// session_sink.h: what the engine writes to one session: the Sink that the shard knows it by.
//
// Shape:   renders each write (message_renderer.h), counts it, and hands it to the output. Also
//          counts what the client asked of the shard since the last write, because the answers are
//          still in the shard.
// Threads: the shard's.
// Owns:    its renderer. Session, names and output outlive it.
// Errors:  a write that throws marks the sink as failed. The session then ends at its next
//          Tick, since the engine holds the items during the call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "bridge/ws/message_renderer.h"
#include "bridge/ws/session_context.h"
#include "bridge/ws/session_output.h"
#include "bridge/ws/subscription_names.h"
#include "core/event/limits.h"
#include "core/stream/sink.h"

namespace tocsin::bridge::ws {

class SessionSink final : public Sink {
 public:
  // What a client may ask of the shard before it takes the next write; past that it is not read.
  static constexpr uint32_t kMaxAsked = 256;
  static constexpr size_t kMaxAskedBytes = 64 * limits::kKiB;

  class Owner {
   public:
    virtual ~Owner() = default;
    // The client has taken nothing for too long (Sink::Stuck).
    virtual void OnStuck() = 0;
    // A write has the last of this subscription in it.
    virtual void OnSubscriptionEnded(SubscriptionTag tag) = 0;
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
  // Counts one request of the client to the shard. The shard keeps `bytes` of it until it answers.
  void CountAsked(size_t bytes);
  bool asked_too_much() const { return asked_ >= kMaxAsked || asked_bytes_ >= kMaxAskedBytes; }
  // True when no heartbeat is on its way, and the caller is to ask the shard for one.
  bool NeedsHeartbeat() { return !std::exchange(heartbeat_asked_, true); }
  bool failed() const { return failed_; }

  // Sink.
  bool Write(const WriteView& view) override;
  uint64_t BytesTaken() override { return output_.BytesTaken(); }
  void Stuck() override { owner_.OnStuck(); }
  void Failed() override { failed_ = true; }

 private:
  bool SendBatch(const WriteView& view);
  void CountSent(const WriteView& view);
  void UpdateNames(const WriteView& view);

  SessionContext& context_;
  SessionOutput& output_;
  SubscriptionNames& names_;
  Owner& owner_;
  MessageRenderer renderer_;
  uint32_t asked_ = 0;  // since the last write
  size_t asked_bytes_ = 0;
  bool heartbeat_asked_ = false;
  bool failed_ = false;
};

}  // namespace tocsin::bridge::ws
