// worker.h: one thread: its io_context, its shard, and the connections that live on them.
//
// Shape:   the shard's bell is a post, its next time a timer; connections are looked at a few times
//          a second, all together.
// Threads: the constructor, Start, Stop and Post from outside; all else on the worker's own thread.
// Owns:    thread, shard, connections. Stop ends the connections without ceremony: drain before.
// Errors:  a handler that throws is logged; what it worked for ends, the worker goes on.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "bridge/metrics.h"
#include "bridge/ws/session.h"
#include "core/base/clock.h"
#include "core/event/limits.h"
#include "core/stream/shard.h"

namespace tocsin::bridge {

class Worker;

// Something with a socket that a worker looks after.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  virtual ~Connection() = default;
  // A few times a second: deadlines.
  virtual void Tick() = 0;
  virtual void OnHubState(bool /*connected*/) {}
  // The bridge goes; `slot` is when this client may come back.
  virtual void Drain(absl::Duration slot) = 0;
  virtual void Abort() = 0;
  // What it holds: itself, what has been read and what is not sent yet. Not what the engine and the
  // kernel hold for it. Called a few times a second: a sum of what is known.
  virtual size_t MemoryBytes() const = 0;

 private:
  friend class Worker;
  size_t index_ = 0;
};

struct ConnectionUse {
  uint64_t connections = 0;
  uint64_t bytes = 0;
};

class Worker {
 public:
  static constexpr size_t kReadBytes = 32 * limits::kKiB;

  Worker(const Window& window, LogReader& log, Clock& clock, const ShardOptions& shard_options,
         const ws::SessionOptions& session_options, Metrics& metrics);
  ~Worker();

  void Start();
  void Stop();
  void Post(absl::AnyInvocable<void()> task);

  boost::asio::io_context& io() { return io_; }
  Shard& shard() { return shard_; }
  ws::SessionContext& sessions() { return sessions_; }
  const ws::SessionContext& sessions() const { return sessions_; }
  Clock& clock() { return clock_; }
  // For bytes that are looked at before the handler that read them returns.
  std::span<char> read_buffer() { return {read_buffer_.get(), kReadBytes}; }
  // From any thread: the place up to which live subscriptions have been served.
  Sequence served() const { return served_.load(std::memory_order_relaxed); }
  // From any thread: as of the last look at all connections.
  ConnectionUse connection_use() const;

  void Add(std::shared_ptr<Connection> connection);
  void Remove(Connection& connection);

  void SetHubState(bool connected);
  // `slots` is shared by the workers: each client gets the next one.
  void Drain(std::atomic<uint32_t>& slots, absl::Duration step);

 private:
  void Run();
  void RunEngine();
  void ArmTimer(absl::Duration at);
  void ArmSweep();
  void Sweep();
  template <class Call>
  void ForEach(Call call);

  Clock& clock_;
  Shard shard_;
  ws::SessionContext sessions_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer engine_timer_;
  boost::asio::steady_timer sweep_timer_;
  const std::unique_ptr<char[]> read_buffer_ = std::make_unique<char[]>(kReadBytes);
  absl::Duration engine_armed_ = absl::InfiniteDuration();
  std::vector<std::shared_ptr<Connection>> connections_;
  bool draining_ = false;
  std::atomic<Sequence> served_{0};
  std::atomic<uint64_t> connection_count_{0};
  std::atomic<uint64_t> connection_bytes_{0};
  std::thread thread_;
};

}  // namespace tocsin::bridge
