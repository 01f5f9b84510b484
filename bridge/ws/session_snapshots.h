// session_snapshots.h: the subscriptions of one session whose snapshot has not been sent whole.
//
// Shape:   one snapshot is sent at a time, and the others wait in the order of asking, so a
//          connection holds one message of a snapshot. A message is asked for when the one before
//          it has left. The last one is given to the owner, for the place in the stream where the
//          subscription begins: a `pong` that comes before it tells nothing of the subscription.
// Threads: the shard's.
// Owns:    the snapshot that is being sent. The output outlives this.
// Errors:  a snapshot that ends with an error is told to the owner, and is gone. A client that
//          takes nothing is found by IsStuck.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/snapshots.h"
#include "bridge/ws/session_context.h"
#include "bridge/ws/session_output.h"
#include "core/event/filter.h"
#include "core/stream/shard.h"
#include "core/stream/sink.h"

namespace tocsin::bridge::ws {

class SessionSnapshots {
 public:
  struct Request {
    SubscriptionTag tag = 0;
    FilterPtr filter;
    FilterPtr asked;  // what the client calls it
    SnapshotFormPtr form = JsonSnapshots();
    bool notify_on_gap = true;
    bool latest_only = false;
    bool announced = false;  // the client has been told of it
    // The subscription of the same id that this one replaces: the client is sent nothing of the
    // snapshot before the last of that one. 0: none.
    SubscriptionTag replaces = 0;
  };

  class Owner {
   public:
    virtual ~Owner() = default;
    // False: nothing may be told any more, and the snapshots have been cleared.
    virtual bool MayTell() = 0;
    // The frames of a message.
    virtual std::string SnapshotFrames(const Request& request, std::string_view text) = 0;
    // The first message has come.
    virtual void OnSnapshotBegun(const Request& request, const Cursor& place) = 0;
    // All but the last message have left. `last`: the text of that one.
    virtual void OnSnapshotRead(const Request& request, const Cursor& place, std::string last) = 0;
    virtual void OnSnapshotFailed(const Request& request, const absl::Status& status) = 0;
  };

  SessionSnapshots(SessionContext& context, SessionOutput& output, Owner& owner)
      : context_(context), output_(output), owner_(owner) {}

  void Add(Request request);
  bool Has(SubscriptionTag tag) const;
  size_t size() const { return requests_.size(); }
  // Takes it out, unsent or half sent. Nothing when there is none.
  std::optional<Request> Remove(SubscriptionTag tag);
  void Clear();
  // What may be told has changed: each gets what `narrow` makes of what was asked for. The one that
  // is being sent begins anew where that is another filter. Where `narrow` gives an error, it has
  // failed.
  void Refilter(Shard::Narrow narrow);

  // The last of a subscription has been sent.
  void OnEnded(SubscriptionTag tag);
  // What was given to SessionOutput::Send has left.
  void OnRepliesSent();
  // A message is in flight, and the client has taken nothing of it for limits::kStuckAfter. To be
  // asked about every second.
  bool IsStuck();

  size_t MemoryBytes() const;

 private:
  void Begin();
  void OnMessage(SnapshotMessage message);
  void Send(const SnapshotMessage& message);

  SessionContext& context_;
  SessionOutput& output_;
  Owner& owner_;
  // The first is being sent. A list, because an empty one, as nearly every session has, takes no
  // memory beside the session.
  std::list<Request> requests_;
  std::unique_ptr<Snapshots::Reading> reading_;
  bool in_flight_ = false;    // a message
  uint64_t bytes_taken_ = 0;  // of the connection, when last looked at
  absl::Duration last_progress_;
};

}  // namespace tocsin::bridge::ws
