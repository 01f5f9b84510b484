// hub_shard.h: one completion queue, the one thread that drains it, the calls it serves, and the
// engine's shard of those that are subscriptions.
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
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/auth/authenticator.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/stream/shard.h"
#include "hub/query/query_service.h"
#include "hub/service/admin_calls.h"
#include "hub/service/admission.h"
#include "hub/service/alert_intake.h"
#include "hub/service/arrivals.h"
#include "hub/service/call.h"
#include "hub/service/event_hub_rpc.h"
#include "hub/service/explanations.h"
#include "hub/service/metrics.h"
#include "hub/service/places.h"
#include "hub/service/publisher.h"
#include "hub/service/reset_guard.h"
#include "hub/service/token_ends.h"
#include "hub/snapshot_reader.h"

namespace tocsin::hub {

// What the shards share; all of it outlives them.
struct HubParts {
  RawService& rpc;
  RawService& health_rpc;
  RawService& reflection_rpc;
  RawService& admin_rpc;
  const std::vector<std::string>& services;  // their full names
  Publisher& publisher;
  Explanations& explanations;
  AdminCalls& admin_calls;
  QueryService& queries;
  AlertIntake& alert_intake;
  Admission& admission;
  HubMetrics& metrics;
  const Window& window;
  LogReader& log;
  SnapshotReader& snapshots;
  Clock& clock;
  ResetGuard& resets;
  const Authenticator& authenticator;
  std::function<void(v1::GetStatusResponse& response)> fill_status;
};

class HubShard {
 public:
  HubShard(const HubParts& parts, std::unique_ptr<grpc::ServerCompletionQueue> queue,
           const ShardOptions& options);
  ~HubShard();
  HubShard(const HubShard&) = delete;
  HubShard& operator=(const HubShard&) = delete;

  // The server must be running.
  void Start();
  // What grpc.health.v1.Health answers.
  void SetServing(bool serving);
  // Ends every call that may last: subscriptions with `closing` and UNAVAILABLE, publish streams
  // once what they have read is answered.
  void Drain();
  // After the server's Shutdown has returned: drains the queue and joins the thread.
  void Stop();

  Shard& engine() { return engine_; }
  const Shard& engine() const { return engine_; }

  // For its calls.
  RawService& rpc() { return parts_.rpc; }
  RawService& health_rpc() { return parts_.health_rpc; }
  RawService& reflection_rpc() { return parts_.reflection_rpc; }
  RawService& admin_rpc() { return parts_.admin_rpc; }
  const std::vector<std::string>& services() const { return parts_.services; }
  grpc::ServerCompletionQueue& queue() { return *queue_; }
  Publisher& publisher() { return parts_.publisher; }
  Explanations& explanations() { return parts_.explanations; }
  AdminCalls& admin_calls() { return parts_.admin_calls; }
  Clock& clock() const { return parts_.clock; }
  ResetGuard& resets() { return parts_.resets; }
  const Authenticator& authenticator() const { return parts_.authenticator; }
  QueryService& queries() { return parts_.queries; }
  AlertIntake& alert_intake() { return parts_.alert_intake; }
  Admission& admission() { return parts_.admission; }
  HubMetrics& metrics() { return parts_.metrics; }
  const Window& window() const { return parts_.window; }
  SnapshotReader& snapshots() { return parts_.snapshots; }
  void FillStatus(v1::GetStatusResponse& response) const { parts_.fill_status(response); }
  bool serving() const { return serving_; }
  Arrivals& arrivals() { return arrivals_; }
  // The responses of an engine's run, encoded for the first stream that is given it.
  const std::vector<grpc::ByteBuffer>& EncodedRun(const WriteView& view);
  // `call` has come: another one waits for the next. `ok` is false when the server takes no more.
  void Listened(const Call& call, bool ok);
  // From any thread: runs `answer` on the shard's, after the turn in which it sends what is new: an
  // event's subscribers come before its publisher.
  void PostAnswer(Shard::Task answer);
  Places& publish_streams() { return publish_streams_; }
  Places& watches() { return watches_; }
  Places& reflections() { return reflections_; }
  TokenEnds& token_ends() { return token_ends_; }
  // Nothing may be started on the queue any more.
  bool closed() const { return closed_; }

 private:
  void Run();
  void ListenToAll();
  void Listen(std::unique_ptr<Call> call);
  // False when the queue has been shut down and is empty.
  bool TakeCompletions(absl::Duration due);
  void Complete(void* tag, bool ok);
  template <class Tell>
  void ForEachCall(Tell tell);
  void RunAnswers();
  void Close();
  void RingBell();

  const HubParts parts_;
  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  Shard engine_;
  std::thread thread_;
  std::atomic<std::thread::id> owner_{};

  // The thread's own.
  Arrivals arrivals_;
  Places publish_streams_;
  Places watches_;
  Places reflections_;
  TokenEnds token_ends_;
  absl::flat_hash_map<Call*, std::unique_ptr<Call>> calls_;
  bool serving_ = false;
  bool closed_ = false;
  uint64_t encoded_run_ = 0;
  std::vector<grpc::ByteBuffer> encoded_;  // of encoded_run_
  bool again_ = false;  // the bell rang on this thread: no need to go through the queue

  Mutex answers_mutex_;
  std::vector<Shard::Task> answers_ ABSL_GUARDED_BY(answers_mutex_);

  // No leaf: the queue must not be shut down while the alarm is being set.
  Mutex bell_mutex_;
  grpc::Alarm alarm_ ABSL_GUARDED_BY(bell_mutex_);
  bool armed_ ABSL_GUARDED_BY(bell_mutex_) = false;
  bool silent_ ABSL_GUARDED_BY(bell_mutex_) = false;
};

}  // namespace tocsin::hub
