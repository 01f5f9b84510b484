#include "core/http/io_thread.h"

#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include "core/base/log.h"

namespace tocsin::http {
namespace asio = boost::asio;
namespace {

constexpr absl::Duration kSweepInterval = absl::Milliseconds(250);

}  // namespace

bool Guarded(const char* what, absl::FunctionRef<void()> call) {
  try {
    call();
    return true;
  } catch (const std::exception& error) {
    LogError("a handler failed", {{"handler", what}, {"error", error.what()}});
    return false;
  }
}

IoThread::IoThread(Clock& clock)
    : clock_(clock), work_(asio::make_work_guard(io_)), sweep_timer_(io_) {}

IoThread::~IoThread() { Stop(); }

void IoThread::Start() {
  ArmSweep();
  thread_ = std::thread([this] { Run(); });
}

void IoThread::Stop() {
  work_.reset();
  io_.stop();
  if (thread_.joinable()) {
    thread_.join();
  }
  // The connections' last handlers run here, while everything that they use still exists.
  running_ = std::this_thread::get_id();
  ForEach([](Connection& connection) { connection.Abort(); });
  connections_.clear();
  io_.restart();
  Guarded("stop", [this] { io_.poll(); });
}

void IoThread::Post(absl::AnyInvocable<void()> task) {
  asio::post(io_, [task = std::move(task)]() mutable { Guarded("task", [&] { task(); }); });
}

void IoThread::PostLate(absl::AnyInvocable<void()> task) {
  late_.push_back(std::move(task));
  if (late_.size() == 1) {
    asio::post(io_, [this] { RunLate(); });
  }
}

// One slice. What follows is posted behind everything that is ready by then.
void IoThread::RunLate() {
  const absl::Duration end = clock_.Monotonic() + kLateSlice;
  while (!late_.empty() && clock_.Monotonic() < end) {
    auto task = std::move(late_.front());
    Guarded("task", [&] { task(); });
    late_.pop_front();  // only now, so that a task that posts another one starts no second chain
  }
  if (!late_.empty()) {
    asio::post(io_, [this] { RunLate(); });
  }
}

bool IoThread::IsCurrent() const { return running_ == std::this_thread::get_id(); }

void IoThread::Run() {
  running_ = std::this_thread::get_id();
  while (!io_.stopped()) {
    Guarded("connection", [this] { io_.run(); });
  }
}

void IoThread::RunOnce() {
  running_ = std::this_thread::get_id();
  io_.restart();
  Guarded("connection", [this] { io_.poll(); });
}

// ---- the connections ----

void IoThread::Add(std::shared_ptr<Connection> connection) {
  connection->index_ = connections_.size();
  connections_.push_back(std::move(connection));
}

void IoThread::Remove(Connection& connection) {
  const size_t index = connection.index_;
  if (index >= connections_.size() || connections_[index].get() != &connection) {
    return;
  }
  std::swap(connections_[index], connections_.back());
  connections_[index]->index_ = index;
  const std::shared_ptr<Connection> last = std::move(connections_.back());
  connections_.pop_back();
}

void IoThread::ForEach(absl::FunctionRef<void(Connection&)> call) {
  for (size_t i = 0; i < connections_.size(); ++i) {
    const std::shared_ptr<Connection> connection = connections_[i];
    Guarded("connection", [&] { call(*connection); });
  }
}

bool IoThread::EndOneIdle() {
  Connection* idlest = nullptr;
  absl::Duration since = absl::InfiniteDuration();
  for (const std::shared_ptr<Connection>& connection : connections_) {
    if (connection->IdleSince() < since) {
      since = connection->IdleSince();
      idlest = connection.get();
    }
  }
  if (idlest != nullptr) {
    idlest->GiveWay();
  }
  return idlest != nullptr;
}

void IoThread::Drain(absl::FunctionRef<absl::Duration()> next_slot) {
  draining_ = true;
  ForEach([&](Connection& connection) { connection.Drain(next_slot()); });
}

void IoThread::ArmSweep() {
  sweep_timer_.expires_after(absl::ToChronoMicroseconds(kSweepInterval));
  sweep_timer_.async_wait([this](boost::system::error_code error) {
    if (!error) {
      Sweep();
      ArmSweep();
    }
  });
}

void IoThread::Sweep() {
  size_t bytes = 0;
  ForEach([&](Connection& connection) {
    connection.Tick();
    bytes += connection.MemoryBytes();
  });
  connection_count_.store(connections_.size(), std::memory_order_relaxed);
  connection_bytes_.store(bytes, std::memory_order_relaxed);
}

ConnectionUse IoThread::use() const {
  return {.connections = connection_count_.load(std::memory_order_relaxed),
          .bytes = connection_bytes_.load(std::memory_order_relaxed)};
}

}  // namespace tocsin::http
