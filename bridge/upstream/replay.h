// replay.h: reads for one subscription what the bridge's window no longer holds.
//
// Shape:   a filtered stream from the hub; each Want is answered with one slice. The stream is open
//          only while the replay has a slot (replay_slots.h). With each slot it reads until it has
//          made progress, if need be one response ahead of what is wanted, so that replays that
//          take turns all get on.
// Threads: the link's alone.
// Owns:    its stream, its slot, and at most two slices that are read and not yet wanted.
// Errors:  a stream that breaks is opened again at the place it came to; what the hub refuses is
//          the last slice's status.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "bridge/upstream/replay_slots.h"
#include "bridge/upstream/response.h"
#include "core/rpc/hub_stream.h"
#include "core/stream/log_reader.h"
#include "core/stream/window.h"

namespace tocsin::bridge {

class Replay final : rpc::HubStream::Owner, ReplaySlots::Holder {
 public:
  using Answer = std::function<void(LogSlice)>;

  // Window, link and slots outlive this. Without a filter everything is read. There are facts where
  // there is no filter, or one that tells leaves.
  Replay(rpc::HubLink& link, ReplaySlots& slots, const Window& window, const StartPoint& start,
         const Filter* filter, Answer answer);
  ~Replay() override;

  // Answers with the next slice when there is one; at most one is wanted at a time.
  void Want();

 private:
  enum class Slot { kNone, kWaiting, kHeld };

  absl::Status OnResponse(const grpc::ByteBuffer& response) override;
  bool OnEnd(const grpc::Status& status) override;
  void OnSlot() override;
  void OnYield() override;

  void AddSlices(HubBatch batch);
  void AnswerNext();
  void LeaveSlots();

  ReplaySlots& slots_;
  const Window& window_;
  const RecordFacts facts_;
  const Answer answer_;
  rpc::HubStream stream_;
  bool wanted_ = false;
  bool ended_ = false;
  Slot slot_ = Slot::kNone;
  Cursor place_;  // up to which has been read; epoch 0: nothing yet
  // Since the slot was taken.
  int responses_ = 0;
  bool moved_ = false;
  std::deque<LogSlice> ready_;
};

}  // namespace tocsin::bridge
