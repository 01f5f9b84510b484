#include "tests/simulation/sim_bridge.h"

#include <algorithm>
#include <utility>

namespace tocsin::simulation {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(500);
constexpr absl::Duration kOneWay = absl::Milliseconds(2);

}  // namespace

// ---- a socket ----

void SimSocket::Serve(bridge::ws::SessionContext& context) {
  shard_ = &context.shard;
  session_ = std::make_unique<bridge::ws::Session>(context, Subject::Anyone(), *this);
  session_->Start(/*deflate=*/false);
}

void SimSocket::Tick() {
  if (session_ != nullptr) {
    session_->Tick();
  }
}

void SimSocket::OnHubState(bool connected) {
  if (session_ != nullptr) {
    session_->OnHubState(connected);
  }
}

void SimSocket::Kill() {
  session_.reset();
  Break();
}

// The session may be on the stack.
void SimSocket::Break() {
  Later(absl::ZeroDuration(), [this] {
    session_.reset();
    if (SocketClient* client = std::exchange(client_, nullptr); client != nullptr) {
      client->OnClosed(close_code_);
    }
  });
}

void SimSocket::Send(std::string text, bool pong) {
  Later(world_.UpTo(kOneWay), [this, text = std::move(text), pong] {
    if (session_ == nullptr || close_code_ != 0) {
      return;
    }
    session_->OnSignOfLife();
    pong ? session_->OnPong() : session_->OnText(text);
  });
}

void SimSocket::Leave(absl::Duration after) {
  client_ = nullptr;
  Later(after, [this] { session_.reset(); });
}

bool SimSocket::SendBatch(std::string_view frames) {
  Send(frames);
  batch_waits_ = unread_.size() > speed_.room;
  return !batch_waits_;
}

void SimSocket::Send(std::string_view frames) {
  unread_ += frames;
  replies_wait_ = replies_wait_ || BytesWaiting() > 0;
  ReadSome();
}

void SimSocket::Close(uint16_t code, std::string_view) {
  close_code_ = code;
  ReadSome();
}

void SimSocket::ReadSome() {
  if (std::exchange(reading_, true)) {
    return;
  }
  Later(world_.UpTo(kOneWay) + speed_.pause, [this] {
    reading_ = false;
    if (client_ == nullptr) {
      return;
    }
    const std::string bytes = unread_.substr(0, speed_.read_bytes);
    unread_.erase(0, bytes.size());
    taken_ += bytes.size();
    client_->OnBytes(bytes);
    Room();
    if (!unread_.empty()) {
      ReadSome();
    } else if (close_code_ != 0) {
      Break();
    }
  });
}

void SimSocket::Room() {
  if (session_ == nullptr || unread_.size() > speed_.room) {
    return;
  }
  if (std::exchange(batch_waits_, false)) {
    shard_->Written(session_->subscriber());
  }
  if (std::exchange(replies_wait_, false)) {
    session_->OnRepliesSent();
  }
}

void SimSocket::Later(absl::Duration wait, World::Task task) {
  world_.After(wait, [self = shared_from_this(), task = std::move(task)] { task(); });
}

// ---- the bridge ----

SimBridge::SimBridge(World& world, HubPlace& place, const ShardOptions& options,
                     WindowBounds window)
    : world_(world),
      shard_turns_(world, [this] { return shard_.RunOnce(); }),
      link_(world, place, kOneWay),
      window_(window),
      replay_(link_, window_),
      snapshots_(link_),
      shard_(window_, replay_, world.clock(), options),
      context_{.shard = shard_,
               .window = window_,
               .clock = world.clock(),
               .options = session_options_,
               .metrics = metrics_,
               .snapshots = snapshots_,
               .hub_connected = false,
               .random = std::minstd_rand(static_cast<uint32_t>(1 + world.Below(1 << 30)))},
      upstream_(link_, window_, window.max_events, metrics_,
                {.on_news = [this] { shard_.Ring(); },
                 .on_state = [this](bool connected) { OnHubState(connected); }}) {
  shard_.SetBell([this] { shard_turns_.Ring(); });
  link_.Post([this] { upstream_.Start(); });
  Tick();
}

SimBridge::~SimBridge() {
  for (const auto& socket : sockets_) {
    socket->Kill();
  }
}

void SimBridge::Accept(std::shared_ptr<SimSocket> socket) {
  socket->Serve(context_);
  sockets_.push_back(std::move(socket));
}

void SimBridge::OnHubState(bool connected) {
  context_.hub_connected = connected;
  open_ = true;
  for (const auto& socket : sockets_) {
    socket->OnHubState(connected);
  }
}

void SimBridge::Tick() {
  for (const auto& socket : std::vector(sockets_)) {
    socket->Tick();
  }
  std::erase_if(sockets_, [](const auto& socket) { return socket->over(); });
  world_.After(kTick, life_.Guard([this] { Tick(); }));
}

}  // namespace tocsin::simulation
