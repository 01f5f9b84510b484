// catch_up.h: what the bridge's window no longer holds, read from the hub: one filtered stream a
// subscription that catches up.
//
// Shape:   a stream is opened at the first Next and read one response a Next; one that breaks is
//          opened again at the place it came to, unseen by the shard. At most kMaxStreams are open;
//          others wait their turn, in order, and a stream of which nothing is asked makes room.
// Threads: Open, Next and the destruction of a CatchUp on the shard's thread; gRPC's threads read
//          and post to the shard.
// Owns:    the streams. Every CatchUp is destroyed before it; the destructor waits until the last
//          stream has ended.
// Errors:  a start that the hub refuses is LogSlice::status; a hub that is away is waited for.
#pragma once

#include <memory>
#include <string>

#include "core/stream/log_reader.h"
#include "core/stream/window.h"

namespace grpc {
class Channel;
}

namespace tocsin::bridge {

class CatchUpSlots;

class HubLogReader : public LogReader {
 public:
  static constexpr size_t kMaxStreams = 256;

  HubLogReader(const std::shared_ptr<grpc::Channel>& channel, const Window& window,
               size_t max_streams = kMaxStreams);
  ~HubLogReader() override;

  std::unique_ptr<CatchUp> Open(Shard& shard, const StartPoint& start, FilterPtr filter,
                                Deliver deliver) override;

 private:
  struct Hub;

  const std::unique_ptr<Hub> hub_;
  const Window& window_;
  const std::shared_ptr<CatchUpSlots> slots_;
};

}  // namespace tocsin::bridge
