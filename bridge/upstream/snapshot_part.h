// snapshot_part.h: a part of a snapshot as the hub sent it, rendered as messages for clients.
//
// Shape:   the incidents are written straight from their bytes, in the form that is asked for. A
//          message is as long as a part may be, and text is longer than bytes: so a part may make
//          more than one.
// Threads: one.
// Owns:    the mark's bytes.
// Errors:  DATA_LOSS for bytes that are no such response, and for an incident that is damaged.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bridge/snapshots.h"
#include "core/event/cursor.h"

namespace tocsin::bridge {

class SnapshotPart {
 public:
  SnapshotPart() = default;
  // `response`: an encoded SubscribeResponse with a snapshot mark.
  static absl::StatusOr<SnapshotPart> Read(std::string_view response);

  const Cursor& place() const { return place_; }
  // Everything has been rendered.
  bool done() const { return rendered_ == bytes_.size(); }
  // No part follows this one.
  bool last() const { return last_; }
  // The next message. `first`: no message of the snapshot came before it.
  absl::StatusOr<std::string> NextMessage(const SnapshotForm& form, bool first);

 private:
  std::string bytes_;    // of the mark
  size_t rendered_ = 0;  // of bytes_
  Cursor place_;
  bool last_ = false;
};

}  // namespace tocsin::bridge
