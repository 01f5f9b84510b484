#include "bridge/worker.h"

#include <pthread.h>

#include <boost/asio/post.hpp>
#include <utility>

#include "bridge/events/event_form.h"

namespace tocsin::bridge {
namespace asio = boost::asio;
namespace {

std::shared_ptr<StreamForm> FormOf(EventFormat format, ws::SessionContext& context) {
  return std::make_shared<EventForm>(format, context.json, context.left_json,
                                     context.hub_connected);
}

}  // namespace

Worker::Worker(const Window& window, LogReader& log, Snapshots& snapshots, Clock& clock,
               const ShardOptions& shard_options, const ws::SessionOptions& session_options,
               Metrics& metrics, const Authenticator& authenticator)
    : io_(clock),
      shard_(window, log, clock, shard_options),
      session_options_(session_options),
      sessions_{.shard = shard_,
                .window = window,
                .clock = clock,
                .options = session_options_,
                .metrics = metrics,
                .snapshots = snapshots,
                .authenticator = authenticator,
                .hub_connected = false},
      streams_{.shard = shard_,
               .clock = clock,
               .metrics = metrics,
               .snapshots = snapshots,
               .server_sent = FormOf(EventFormat::kServerSent, sessions_),
               .json_lines = FormOf(EventFormat::kJsonLines, sessions_)},
      parts_{.clock = clock, .messages = messages_},
      start_checks_(shard_, clock,
                    [this](absl::AnyInvocable<void()> task) { Post(std::move(task)); }),
      engine_timer_(io_.io()) {
  if (session_options.compression) {
    sessions_.compression = std::make_unique<ws::Compression>();
  }
  shard_.SetBell([this] { asio::post(io_.io(), [this] { RunEngine(); }); });
}

Worker::~Worker() { Stop(); }

void Worker::Start() {
  Post([] { pthread_setname_np(pthread_self(), "worker"); });
  io_.Start();
}

// What the connections still wait for ends here, while the shard is there.
void Worker::Stop() { io_.Stop(); }

void Worker::RunEngine() {
  absl::Duration next = absl::InfiniteDuration();
  http::Guarded("engine", [&] { next = shard_.RunOnce(); });
  served_.store(shard_.position().sequence, std::memory_order_relaxed);
  ArmTimer(next);
}

// A timer that is early costs one turn; only one that is late is set anew.
void Worker::ArmTimer(absl::Duration at) {
  if (at >= engine_armed_) {
    return;
  }
  engine_armed_ = at;
  engine_timer_.expires_after(absl::ToChronoMicroseconds(at - clock().Monotonic()));
  engine_timer_.async_wait([this](boost::system::error_code error) {
    if (!error) {
      engine_armed_ = absl::InfiniteDuration();
      RunEngine();
    }
  });
}

void Worker::SetHubState(bool connected) {
  sessions_.hub_connected = connected;
  io_.ForEach([](http::Connection& connection) { connection.OnSourceChange(); });
}

void Worker::Drain(std::atomic<uint32_t>& slots, absl::Duration step) {
  io_.Drain([&] { return step * slots.fetch_add(1); });
}

}  // namespace tocsin::bridge
