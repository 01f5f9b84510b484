// snapshot_stream.h: reads one snapshot of the incidents from the hub.
//
// Shape:   a Subscribe stream of its own, which is asked for the next part once the one before has
//          been handed on, and closed after the last: the changes come to the bridge's window. A
//          stream that breaks before that is opened again, and the snapshot begins anew.
// Threads: the link's alone.
// Owns:    its stream, and at most one part.
// Errors:  what the hub refuses for good, and a client that is too slow for the hub, is the last
//          message's status.
#pragma once

#include <functional>
#include <memory>

#include "bridge/snapshots.h"
#include "bridge/upstream/snapshot_part.h"
#include "core/rpc/hub_stream.h"

namespace tocsin::bridge {

class SnapshotStream final : rpc::HubStream::Owner {
 public:
  using Answer = std::function<void(SnapshotMessage)>;

  // The link outlives this.
  SnapshotStream(rpc::HubLink& link, const Filter& filter, SnapshotFormPtr form, Answer answer);

  // Answers with the next message when there is one; at most one is wanted at a time.
  void Want();

 private:
  absl::Status OnResponse(const grpc::ByteBuffer& response) override;
  bool OnEnd(const grpc::Status& status) override;
  absl::Status AnswerNext();
  void Fail(absl::Status status);

  const SnapshotFormPtr form_;
  const Answer answer_;
  rpc::HubStream stream_;
  SnapshotPart part_;
  bool first_ = true;  // the next message is the first
  bool over_ = false;
};

}  // namespace tocsin::bridge
