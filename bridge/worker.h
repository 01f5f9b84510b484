// worker.h: one thread that serves clients: its IoThread with the connections, and its shard.
//
// Shape:   the shard's bell is a post, its next time a timer.
// Threads: the constructor, Start, Stop and Post from outside; all else on the worker's own thread.
// Owns:    thread, shard, connections. Stop ends the connections without ceremony: drain before.
// Errors:  a handler that throws is logged; what it worked for ends, the worker goes on.
#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "bridge/events/event_stream.h"
#include "bridge/events/start_checks.h"
#include "bridge/graphql/event_messages.h"
#include "bridge/graphql/http/parts_form.h"
#include "bridge/metrics.h"
#include "bridge/ws/session.h"
#include "core/auth/authenticator.h"
#include "core/base/clock.h"
#include "core/http/io_thread.h"
#include "core/stream/shard.h"

namespace tocsin::bridge {

class Worker {
 public:
  Worker(const Window& window, LogReader& log, Snapshots& snapshots, Clock& clock,
         const ShardOptions& shard_options, const ws::SessionOptions& session_options,
         Metrics& metrics, const Authenticator& authenticator = Authenticator::None());
  ~Worker();

  void Start();
  void Stop();
  void Post(absl::AnyInvocable<void()> task) { io_.Post(std::move(task)); }

  http::IoThread& io() { return io_; }
  Shard& shard() { return shard_; }
  ws::SessionContext& sessions() { return sessions_; }
  const ws::SessionContext& sessions() const { return sessions_; }
  EventStreams& streams() { return streams_; }
  // Of the events that GraphQL tells.
  graphql::EventMessages& messages() { return messages_; }
  graphql::PartsShared& parts() { return parts_; }
  StartChecks& start_checks() { return start_checks_; }
  Clock& clock() { return io_.clock(); }
  // From any thread: the place up to which live subscriptions have been served.
  Sequence served() const { return served_.load(std::memory_order_relaxed); }

  void SetHubState(bool connected);
  // For sessions that begin from now on, in so far as a session keeps its own.
  void SetSessionOptions(const ws::SessionOptions& options) { session_options_ = options; }
  // `slots` is shared by the workers: each client gets the next one.
  void Drain(std::atomic<uint32_t>& slots, absl::Duration step);

 private:
  void RunEngine();
  void ArmTimer(absl::Duration at);

  http::IoThread io_;
  Shard shard_;
  ws::SessionOptions session_options_;
  ws::SessionContext sessions_;
  EventStreams streams_;
  graphql::EventMessages messages_;
  graphql::PartsShared parts_;
  StartChecks start_checks_;
  boost::asio::steady_timer engine_timer_;
  absl::Duration engine_armed_ = absl::InfiniteDuration();
  std::atomic<Sequence> served_{0};
};

}  // namespace tocsin::bridge
