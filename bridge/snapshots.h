// snapshots.h: where a worker gets the incidents that match a filter, as they stand at one place of
// the log, message by message.
//
// Shape:   the messages are rendered already, in a form that the transport gives, but for what
//          differs by connection. One is delivered when it is asked for; a snapshot that has to
//          begin anew, because the hub was lost, says so by another first message.
// Threads: Open, Next and the destruction of a Reading on the shard's thread. Messages are
//          delivered on that thread too (through Shard::Post), never from inside Next, and never
//          after the Reading was destroyed.
// Owns:    the caller owns the Reading; destroying it cancels.
// Errors:  in SnapshotMessage::status.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "core/event/cursor.h"
#include "core/event/filter.h"

namespace tocsin {
class Shard;
}

namespace tocsin::bridge {

// How the messages of a snapshot are written. Called on the thread that reads the snapshot, so that
// live clients do not wait for it. `first`: no message of the snapshot came before this one.
class SnapshotForm {
 public:
  virtual ~SnapshotForm() = default;
  virtual void Begin(std::string& out, const Cursor& place) const = 0;
  // `incident` is encoded. DATA_LOSS where it is damaged.
  virtual absl::Status Add(std::string& out, std::string_view incident, bool first) const = 0;
  virtual void End(std::string& out, const Cursor& place, bool first, bool last) const = 0;
};
using SnapshotFormPtr = std::shared_ptr<const SnapshotForm>;

// The end of the message `snapshot`, of /ws and of streams over HTTP:
// "cursor":…,"incidents":[…],"first":…,"last":…}
SnapshotFormPtr JsonSnapshots();

struct SnapshotMessage {
  Cursor place;
  std::string text;    // as the form writes it
  bool first = false;  // forget what came before
  bool last = false;
  absl::Status status;  // not ok: nothing else counts and nothing more comes
};

class Snapshots {
 public:
  class Reading {
   public:
    virtual ~Reading() = default;
    // The message that was delivered has gone: the next one is wanted. Not after the last.
    virtual void Next() = 0;
  };
  using Deliver = std::function<void(SnapshotMessage)>;

  virtual ~Snapshots() = default;
  // The first message is delivered without being asked for.
  virtual std::unique_ptr<Reading> Open(Shard& shard, FilterPtr filter, SnapshotFormPtr form,
                                        Deliver deliver) = 0;
};

}  // namespace tocsin::bridge
