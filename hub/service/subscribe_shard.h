// subscribe_shard.h: one completion queue, the one thread that drains it, and the engine's shard
// of the streams it serves.
//
// Shape:   turn = engine.RunOnce(), then what the queue has; the wait ends at the time that the
//          engine asked for. The engine's bell is an alarm on the queue, so one wait serves both.
// Threads: Start, Drain and Stop from the hub's; the bell from any; all else on the shard's own
//          thread.
// Owns:    queue, thread, streams, and the engine's shard.
// Errors:  none: a call's errors end that call.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include <atomic>
#include <memory>
#include <thread>

#include "absl/container/flat_hash_map.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/stream/shard.h"
#include "hub/service/admission.h"
#include "hub/service/event_hub_rpc.h"
#include "hub/service/metrics.h"
#include "hub/service/subscribe_stream.h"

namespace tocsin::hub {

class SubscribeShard {
 public:
  SubscribeShard(EventHubRpc& service, std::unique_ptr<grpc::ServerCompletionQueue> queue,
                 Admission& admission, HubMetrics& metrics, const Window& window, LogReader& log,
                 Clock& clock, const ShardOptions& options);
  ~SubscribeShard();
  SubscribeShard(const SubscribeShard&) = delete;
  SubscribeShard& operator=(const SubscribeShard&) = delete;

  // The server must be running.
  void Start();
  // Ends every stream with `closing` and UNAVAILABLE; streams() falls to 0 as they go.
  void Drain();
  // After the server's Shutdown has returned: drains the queue and joins the thread.
  void Stop();
  size_t streams() const { return open_streams_.load(); }
  size_t pending_bytes() const { return pending_bytes_.load(); }

  Shard& engine() { return engine_; }
  const Shard& engine() const { return engine_; }

  // For its streams.
  EventHubRpc& service() { return service_; }
  grpc::ServerCompletionQueue& queue() { return *queue_; }
  Admission& admission() { return admission_; }
  HubMetrics& metrics() { return metrics_; }
  // The one response of an engine's run: encoded for the first stream that is given it.
  const grpc::ByteBuffer& EncodedRun(const WriteView& view);
  // A call has come: another stream waits for the next one. `ok` is false when the server takes no
  // more.
  void Listened(bool ok);
  // Nothing may be started on the queue any more.
  bool closed() const { return closed_; }

 private:
  void Run();
  // False when the queue has been shut down and is empty.
  bool TakeCompletions(absl::Duration due);
  void Complete(void* tag, bool ok);
  void Listen();
  void Close();
  void RingBell();

  EventHubRpc& service_;
  Admission& admission_;
  HubMetrics& metrics_;
  Clock& clock_;
  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  Shard engine_;
  std::thread thread_;
  std::atomic<std::thread::id> owner_{};
  std::atomic<size_t> open_streams_{0};
  std::atomic<size_t> pending_bytes_{0};

  // The thread's own.
  absl::flat_hash_map<SubscribeStream*, std::unique_ptr<SubscribeStream>> streams_;
  size_t listening_ = 0;
  bool closed_ = false;
  uint64_t encoded_run_ = 0;
  grpc::ByteBuffer encoded_;  // of encoded_run_
  bool again_ = false;  // the bell rang on this thread: no need to go through the queue

  Mutex bell_mutex_;  // the queue must not be shut down while the alarm is being set
  grpc::Alarm alarm_ ABSL_GUARDED_BY(bell_mutex_);
  bool armed_ ABSL_GUARDED_BY(bell_mutex_) = false;
  bool silent_ ABSL_GUARDED_BY(bell_mutex_) = false;
};

}  // namespace tocsin::hub
