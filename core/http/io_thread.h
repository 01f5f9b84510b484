// io_thread.h: one thread, its io_context, and the connections that live on it.
//
// Shape:   connections are looked at a few times a second, all together. Tests do not Start it:
//          they call RunOnce and Sweep, with a clock of theirs.
// Threads: the constructor, Start, Stop, Post and the numbers from outside; all else on the thread
//          itself.
// Owns:    thread and connections. Stop ends the connections without ceremony: drain before.
// Errors:  a handler that throws is logged; what it worked for ends, the thread goes on.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "core/base/clock.h"
#include "core/event/limits.h"

namespace tocsin::http {

// Something with a byte stream that an IoThread looks after. It lives as long as the thread's list
// or a handler of its own holds it.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  virtual ~Connection() = default;
  // A few times a second: deadlines.
  virtual void Tick() = 0;
  // What the program serves from has changed (in the bridge: its link to the hub).
  virtual void OnSourceChange() {}
  // The program goes; `slot` is when this client may come back.
  virtual void Drain(absl::Duration slot) = 0;
  virtual void Abort() = 0;
  // Since when it has waited for a request of which nothing has come; InfiniteDuration otherwise.
  virtual absl::Duration IdleSince() const { return absl::InfiniteDuration(); }
  // For one that is idle: ends now, and gives its ticket back at once.
  virtual void GiveWay() {}
  // What it holds: itself, what has been read and what is not sent yet. Not what the engine and the
  // kernel hold for it. Called a few times a second: a sum of what is known.
  virtual size_t MemoryBytes() const = 0;

 private:
  friend class IoThread;
  size_t index_ = 0;
};

struct ConnectionUse {
  uint64_t connections = 0;
  uint64_t bytes = 0;
};

// Runs `call`; what it throws is logged under that name, and false returned.
bool Guarded(const char* what, absl::FunctionRef<void()> call);

class IoThread {
 public:
  static constexpr size_t kReadBytes = 32 * limits::kKiB;

  explicit IoThread(Clock& clock);
  ~IoThread();

  void Start();
  // Ends the thread and then the connections. Tasks that are posted later never run.
  void Stop();
  void Post(absl::AnyInvocable<void()> task);
  // True on the thread that runs the handlers.
  bool IsCurrent() const;
  // As of the last Sweep.
  ConnectionUse use() const;

  boost::asio::io_context& io() { return io_; }
  Clock& clock() { return clock_; }
  // For bytes that are looked at before the handler that read them returns.
  std::span<char> read_buffer() { return {read_buffer_.get(), kReadBytes}; }

  void Add(std::shared_ptr<Connection> connection);
  void Remove(Connection& connection);
  void ForEach(absl::FunctionRef<void(Connection&)> call);
  // Ends the connection that has been idle for longest; false when none is. Looks at all of them.
  bool EndOneIdle();
  // Drains all; what comes later asks draining().
  void Drain(absl::FunctionRef<absl::Duration()> next_slot);
  bool draining() const { return draining_; }

  // For tests: runs what is ready, on the caller's thread.
  void RunOnce();
  void Sweep();

 private:
  void Run();
  void ArmSweep();

  Clock& clock_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer sweep_timer_;
  const std::unique_ptr<char[]> read_buffer_ = std::make_unique<char[]>(kReadBytes);
  std::vector<std::shared_ptr<Connection>> connections_;
  bool draining_ = false;
  std::atomic<uint64_t> connection_count_{0};
  std::atomic<uint64_t> connection_bytes_{0};
  std::atomic<std::thread::id> running_{};
  std::thread thread_;
};

}  // namespace tocsin::http
