// upstream.h: the bridge's one stream from the hub: everything, into the window.
//
// Shape:   Subscribe from the log's end at first, then resumed by cursor for as long as it runs;
//          each response is appended to the window as one batch and the shards are rung once. A gap
//          resets the window.
// Threads: one of its own. The callbacks run on it.
// Owns:    its thread and stream. Stop (and the destructor) ends both.
// Errors:  a stream that breaks or falls silent is opened again, for ever; on_state tells of it
//          once each way.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "bridge/metrics.h"
#include "bridge/upstream/backoff.h"
#include "core/base/mutex.h"
#include "core/stream/window.h"

namespace grpc {
class Channel;
class ClientContext;
class Status;
}  // namespace grpc

namespace tocsin::bridge {

struct HubBatch;

// A channel to the hub as the bridge wants it: a dead hub is noticed within 15 s.
std::shared_ptr<grpc::Channel> MakeHubChannel(const std::string& address);

class Upstream {
 public:
  struct Callbacks {
    // The window has grown, or was reset.
    std::function<void()> on_news;
    // True when the stream is up; false when it was and is lost.
    std::function<void(bool connected)> on_state;
  };

  Upstream(std::shared_ptr<grpc::Channel> channel, Window& window, Metrics& metrics,
           Callbacks callbacks);
  ~Upstream();

  void Start();
  void Stop();
  bool connected() const { return connected_.load(std::memory_order_relaxed); }

 private:
  class Stream;

  void Run();
  // One stream, until it ends.
  void Follow();
  void OnEnd(const grpc::Status& status);
  // False when the response makes no sense.
  bool Take(HubBatch batch);
  void Append(HubBatch& batch);
  void Connected();
  void Wait(absl::Duration time);
  bool stopping();

  const std::shared_ptr<grpc::Channel> channel_;
  Window& window_;
  Metrics& metrics_;
  const Callbacks callbacks_;
  std::atomic<bool> connected_{false};

  // The thread's own.
  bool started_ = false;  // the window has been
  bool told_waiting_ = false;
  bool was_connected_ = false;
  Cursor place_;
  Backoff backoff_;

  Mutex mutex_;  // no leaf: the stream is cancelled under it
  CondVar changed_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ClientContext* stream_ ABSL_GUARDED_BY(mutex_) = nullptr;  // to cancel on Stop
  std::thread thread_;
};

}  // namespace tocsin::bridge
