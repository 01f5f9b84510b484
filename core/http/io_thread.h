// io_thread.h: one thread, its io_context, and the connections that live on it.
//
// Shape:   a sweep a few times a second calls Tick of every connection. Tests do not Start the
//          thread; they call RunOnce and Sweep, with a clock of their own. What is done for
//          connections that take much of the thread's time (time_share.h) is done in slices of
//          kLateSlice, and between two slices everything else that is ready.
// Threads: the constructor, Start, Stop, Post and use() are for other threads; everything else runs
//          on the thread itself.
// Owns:    thread and connections. Stop cuts the connections off; to end them in order, Drain
//          first.
// Errors:  an exception that leaves a handler is logged, and the thread goes on.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
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
  // Called a few times a second: the place for deadlines.
  virtual void Tick() = 0;
  // The program's source of events has come or gone (in the bridge: its link to the hub).
  virtual void OnSourceChange() {}
  // The program goes down. This client may come back after `slot`.
  virtual void Drain(absl::Duration slot) = 0;
  virtual void Abort() = 0;
  // When the connection's last request was answered, or the connection began, if it may end for
  // another one; InfiniteDuration when it may not, since a request is being handled or a stream runs.
  virtual absl::Duration IdleSince() const { return absl::InfiniteDuration(); }
  // Ends such a connection, which gives its ticket back at once.
  virtual void GiveWay() {}
  // The bytes that the connection holds: itself, what it has read and what it has not yet sent, but
  // not what the engine and the kernel hold for it. Called a few times a second, so it must be
  // cheap.
  virtual size_t MemoryBytes() const = 0;

 private:
  friend class IoThread;
  size_t index_ = 0;
};

struct ConnectionUse {
  uint64_t connections = 0;
  uint64_t bytes = 0;
};

// Runs `call`. If it throws, logs the exception with the name `what` and returns false.
bool Guarded(const char* what, absl::FunctionRef<void()> call);

class IoThread {
 public:
  static constexpr size_t kReadBytes = 32 * limits::kKiB;
  // Little beside what a client notices, and much beside one turn of the loop.
  static constexpr absl::Duration kLateSlice = absl::Milliseconds(1);

  explicit IoThread(Clock& clock);
  ~IoThread();

  void Start();
  // Ends the thread and then the connections. Tasks that are posted later do not run.
  void Stop();
  void Post(absl::AnyInvocable<void()> task);
  // On the thread itself: runs the task after what is ready now, see above.
  void PostLate(absl::AnyInvocable<void()> task);
  // True on the thread that runs the handlers.
  bool IsCurrent() const;
  // The numbers of the last Sweep.
  ConnectionUse use() const;

  boost::asio::io_context& io() { return io_; }
  Clock& clock() { return clock_; }
  // A buffer for all connections: its bytes must be consumed before the handler that read them
  // returns.
  std::span<char> read_buffer() { return {read_buffer_.get(), kReadBytes}; }

  void Add(std::shared_ptr<Connection> connection);
  void Remove(Connection& connection);
  void ForEach(absl::FunctionRef<void(Connection&)> call);
  // Ends the connection whose last request was answered first; false when none may end. Looks at
  // all connections.
  bool EndOneIdle();
  // Drains all connections. Connections that begin later ask draining().
  void Drain(absl::FunctionRef<absl::Duration()> next_slot);
  bool draining() const { return draining_; }

  // For tests: runs the handlers that are ready, on the caller's thread.
  void RunOnce();
  void Sweep();

 private:
  void Run();
  void ArmSweep();
  void RunLate();

  Clock& clock_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer sweep_timer_;
  const std::unique_ptr<char[]> read_buffer_ = std::make_unique<char[]>(kReadBytes);
  std::vector<std::shared_ptr<Connection>> connections_;
  std::deque<absl::AnyInvocable<void()>> late_;  // at most a task a connection
  bool draining_ = false;
  std::atomic<uint64_t> connection_count_{0};
  std::atomic<uint64_t> connection_bytes_{0};
  std::atomic<std::thread::id> running_{};
  std::thread thread_;
};

}  // namespace tocsin::http
