// upstream.h: the bridge's one stream from the hub: everything, into the window.
//
// Shape:   subscribes from some events before the end of the log at first, so that the window is
//          full when it opens and clients that come back are served from it, and resumes by cursor
//          after every break. Each response is appended to the window as one batch, and the shards
//          are woken once. A gap resets the window.
// Threads: the link's, on which the callbacks run.
// Owns:    its stream.
// Errors:  a stream that breaks is opened again, for ever; on_state tells of it once each way. So is
//          one whose token has run out or is refused, with the token that there is then.
#pragma once

#include <atomic>
#include <functional>

#include "bridge/metrics.h"
#include "bridge/upstream/response.h"
#include "core/rpc/hub_link.h"
#include "core/rpc/hub_stream.h"
#include "core/stream/window.h"

namespace tocsin::bridge {

class Upstream final : rpc::HubStream::Owner {
 public:
  struct Callbacks {
    // The window has grown, or was reset.
    std::function<void()> on_news;
    // True when the stream is up; false when it was and is lost.
    std::function<void(bool connected)> on_state;
    // True when the hub refuses the bridge's token; false once it has taken one.
    std::function<void(bool refused)> on_token_refused = [](bool) {};
  };

  // `recent`: so many events are asked for at the start.
  Upstream(rpc::HubLink& link, Window& window, size_t recent, Metrics& metrics,
           Callbacks callbacks);

  void Start() { stream_.Next(); }
  // From any thread.
  bool connected() const { return connected_.load(std::memory_order_relaxed); }

 private:
  absl::Status OnResponse(const grpc::ByteBuffer& response) override;
  bool OnEnd(const grpc::Status& status) override;

  absl::Status Begin(const HubBatch& first);
  void Take(HubBatch batch);
  void Append(HubBatch& batch);
  void Reset(GapReason reason, Cursor to);
  void Connected();
  void Lost(const grpc::Status& status, const absl::Status& error);
  void NoteToken(const grpc::Status& status);
  void BeginAnew(const absl::Status& error);

  Window& window_;
  Metrics& metrics_;
  const Callbacks callbacks_;
  std::atomic<bool> connected_{false};

  bool started_ = false;  // the window has been
  bool open_ = false;     // the hub's present end has been reached
  bool told_waiting_ = false;
  bool token_refused_ = false;
  bool was_connected_ = false;
  Cursor place_;

  rpc::HubStream stream_;
};

}  // namespace tocsin::bridge
