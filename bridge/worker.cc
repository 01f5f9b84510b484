#include "bridge/worker.h"

#include <utility>

#include "core/base/log.h"

namespace tocsin::bridge {
namespace asio = boost::asio;
namespace {

constexpr absl::Duration kSweepInterval = absl::Milliseconds(250);

template <class Call>
void Guarded(const char* what, Call call) {
  try {
    call();
  } catch (const std::exception& error) {
    LogError("a handler failed", {{"handler", what}, {"error", error.what()}});
  }
}

}  // namespace

Worker::Worker(const Window& window, LogReader& log, Clock& clock,
               const ShardOptions& shard_options, const ws::SessionOptions& session_options,
               Metrics& metrics)
    : clock_(clock),
      shard_(window, log, clock, shard_options),
      sessions_{.shard = shard_,
                .window = window,
                .clock = clock,
                .options = session_options,
                .metrics = metrics,
                .hub_connected = false},
      work_(asio::make_work_guard(io_)),
      engine_timer_(io_),
      sweep_timer_(io_) {
  if (session_options.compression) {
    sessions_.compression = std::make_unique<ws::Compression>();
  }
  shard_.SetBell([this] { asio::post(io_, [this] { RunEngine(); }); });
}

Worker::~Worker() { Stop(); }

void Worker::Start() {
  ArmSweep();
  thread_ = std::thread([this] { Run(); });
}

void Worker::Stop() {
  work_.reset();
  io_.stop();
  if (thread_.joinable()) {
    thread_.join();
  }
  // What the connections still wait for ends here, while shard and sockets are there.
  ForEach([](Connection& connection) { connection.Abort(); });
  connections_.clear();
  io_.restart();
  Guarded("stop", [this] { io_.poll(); });
}

void Worker::Post(absl::AnyInvocable<void()> task) {
  asio::post(io_, [task = std::move(task)]() mutable { Guarded("task", [&] { task(); }); });
}

void Worker::Run() {
  while (!io_.stopped()) {
    Guarded("connection", [this] { io_.run(); });
  }
}

// ---- the engine ----

void Worker::RunEngine() {
  absl::Duration next = absl::InfiniteDuration();
  Guarded("engine", [&] { next = shard_.RunOnce(); });
  served_.store(shard_.position().sequence, std::memory_order_relaxed);
  ArmTimer(next);
}

// A timer that is early costs one turn; only one that is late is set anew.
void Worker::ArmTimer(absl::Duration at) {
  if (at >= engine_armed_) {
    return;
  }
  engine_armed_ = at;
  engine_timer_.expires_after(absl::ToChronoMicroseconds(at - clock_.Monotonic()));
  engine_timer_.async_wait([this](boost::system::error_code error) {
    if (!error) {
      engine_armed_ = absl::InfiniteDuration();
      RunEngine();
    }
  });
}

// ---- the connections ----

void Worker::Add(std::shared_ptr<Connection> connection) {
  connection->index_ = connections_.size();
  connections_.push_back(std::move(connection));
}

void Worker::Remove(Connection& connection) {
  const size_t index = connection.index_;
  if (index >= connections_.size() || connections_[index].get() != &connection) {
    return;
  }
  std::swap(connections_[index], connections_.back());
  connections_[index]->index_ = index;
  const std::shared_ptr<Connection> last = std::move(connections_.back());
  connections_.pop_back();
}

template <class Call>
void Worker::ForEach(Call call) {
  for (size_t i = 0; i < connections_.size(); ++i) {
    const std::shared_ptr<Connection> connection = connections_[i];
    Guarded("connection", [&] { call(*connection); });
  }
}

void Worker::ArmSweep() {
  sweep_timer_.expires_after(absl::ToChronoMicroseconds(kSweepInterval));
  sweep_timer_.async_wait([this](boost::system::error_code error) {
    if (!error) {
      Sweep();
      ArmSweep();
    }
  });
}

void Worker::Sweep() {
  size_t bytes = 0;
  ForEach([&](Connection& connection) {
    connection.Tick();
    bytes += connection.MemoryBytes();
  });
  connection_count_.store(connections_.size(), std::memory_order_relaxed);
  connection_bytes_.store(bytes, std::memory_order_relaxed);
}

ConnectionUse Worker::connection_use() const {
  return {.connections = connection_count_.load(std::memory_order_relaxed),
          .bytes = connection_bytes_.load(std::memory_order_relaxed)};
}

void Worker::SetHubState(bool connected) {
  sessions_.hub_connected = connected;
  ForEach([connected](Connection& connection) { connection.OnHubState(connected); });
}

void Worker::Drain(std::atomic<uint32_t>& slots, absl::Duration step) {
  draining_ = true;
  ForEach([&](Connection& connection) { connection.Drain(step * slots.fetch_add(1)); });
}

}  // namespace tocsin::bridge
