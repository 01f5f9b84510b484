// stream_form.h: what a stream of events is written as: server-sent events, lines of JSON, parts of
// GraphQL results.
//
// Shape:   one method a message; each appends the whole of it, or nothing where the form has no
//          such message.
// Threads: a worker's.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/rendered_batch.h"
#include "bridge/snapshots.h"
#include "core/event/cursor.h"
#include "core/stream/sink.h"

namespace tocsin::bridge {

class StreamForm {
 public:
  virtual ~StreamForm() = default;

  // As Explain names it: "sse".
  virtual std::string_view transport() const = 0;
  // Where what was rendered last is kept for the next stream, and what tells this form apart from
  // the others that share it.
  virtual RenderedBatch& batch() = 0;
  virtual std::string_view key() const { return ""; }
  // What the form holds for one stream alone.
  virtual size_t MemoryBytes() const { return 0; }

  // The first of all: how long a client waits before it comes back.
  virtual void AddOpening(std::string& out, absl::Duration reconnect_after) = 0;
  // The place that the stream has come to, after an answer or a replay.
  virtual void AddPlace(std::string& out, const Place& place) = 0;
  // The place, after some time without events.
  virtual void AddBookmark(std::string& out, const Place& place) = 0;
  // An event, or one by which an incident leaves: its cursor is item.place(). False: it is damaged, and nothing is appended.
  virtual bool AddEvent(std::string& out, const Item& item) = 0;
  // `to`: where the stream goes on, which is gap.to unless the place is split.
  virtual void AddGap(std::string& out, const Gap& gap, const Place& to) = 0;
  // What comes before and after the text of a snapshot's message.
  virtual SnapshotFormPtr snapshots() const = 0;
  virtual void AddSnapshotHead(std::string& out, const SnapshotMessage& message) = 0;
  virtual std::string_view SnapshotEnd() const = 0;
  // Why the stream ends for good: it is the last message.
  virtual void AddProblem(std::string& out, const absl::Status& status) = 0;
  // The server ends the stream for a time, and says why: it is the last message.
  virtual void AddClosing(std::string& out, absl::Duration reconnect_after,
                          std::string_view why) = 0;
  // A sign of life while there is nothing to tell.
  virtual void AddHeartbeat(std::string& out) = 0;
};

}  // namespace tocsin::bridge
