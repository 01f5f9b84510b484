// Who reaches whom:
//
//   upstream ── window ──▶ shards (one a worker) ── sessions ── sockets
//      └── rings ─────────▶   └── catch-up streams, snapshots ──▶ hub
//
// Ended in this order: upstream, replays and snapshots first, so that nothing is posted to a shard
// any more; then the workers' threads, the listener, and the workers with their sessions; the
// window last.
#include "bridge/bridge.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/alerts/alert_intake.h"
#include "bridge/http/routes.h"
#include "bridge/metrics.h"
#include "bridge/upstream/hub_calls.h"
#include "bridge/upstream/hub_replay.h"
#include "bridge/upstream/hub_snapshots.h"
#include "bridge/upstream/upstream.h"
#include "bridge/worker.h"
#include "core/admin/closed_sessions.h"
#include "core/auth/authenticator.h"
#include "core/auth/https/open_authenticator.h"
#include "core/base/listen_sockets.h"
#include "core/base/log.h"
#include "core/base/reserved_places.h"
#include "core/base/stand_back.h"
#include "core/base/status_macros.h"
#include "core/http/connection_limits.h"
#include "core/http/listener.h"
#include "core/http/server_connection.h"
#include "core/http/tls_server.h"
#include "core/rpc/hub_channel.h"
#include "core/rpc/hub_thread.h"
#include "core/tls/certificate_watch.h"

namespace tocsin::bridge {
namespace {

// Clients come back one after the other: a thousand of them within ten seconds, twenty thousand
// within forty.
constexpr absl::Duration kSlot = absl::Milliseconds(10);
constexpr absl::Duration kLastSlot = absl::Seconds(40);

http::ConnectionBounds BoundsOf(const BridgeConfig& config) {
  return {.connections = config.max_connections,
          .reserved = ReservedOf(config.max_connections),
          .per_address = config.max_connections_per_address,
          .unauthenticated =
              config.auth.on() ? config.max_unauthenticated : http::ConnectionBounds::kNone};
}

std::vector<http::Field> FieldsOfAnswers(const BridgeConfig& config) {
  if (!config.tls.on() || config.hsts == absl::ZeroDuration()) {
    return {};
  }
  return {
      {"Strict-Transport-Security", absl::StrCat("max-age=", absl::ToInt64Seconds(config.hsts))}};
}

}  // namespace

class Bridge::Impl {
 public:
  Impl(const BridgeConfig& config, std::unique_ptr<Authenticator> authenticator,
       const rpc::HubTokenPtr& token)
      : config_(config),
        authenticator_(std::move(authenticator)),
        limits_(BoundsOf(config), config.proxies.trusted),
        window_(config.window),
        channel_(rpc::MakeHubChannel(config.hub, rpc::Connection::kShared, config.hub_tls)),
        replay_thread_(channel_, token),
        log_(replay_thread_.link(), window_),
        snapshot_thread_(
            rpc::MakeHubChannel(config.hub, rpc::Connection::kOwnForBulk, config.hub_tls), token),
        snapshots_(snapshot_thread_.link()),
        calls_(std::make_unique<HubCalls>(channel_, token)),
        alerts_(std::make_unique<AlertIntake>(*calls_)),
        upstream_thread_(channel_, token),
        upstream_(
            upstream_thread_.link(), window_, config.window.max_events, metrics_,
            {.on_news = [this] { OnNews(); },
             .on_state = [this](bool up) { OnHubState(up); },
             .on_token_refused = [this](bool refused) { state_.hub_refuses_token = refused; }}) {
    const RouteSources sources{
        .state = state_,
        .calls = *calls_,
        .alerts = *alerts_,
        .authenticator = *authenticator_,
        .alert_mapping = config_.alert_mapping,
        .metrics = [this] { return MetricsText(); },
        .explain_session = [this](const std::string& id, const SubjectPtr& caller,
                                  SessionTold told) { AskWorkers(0, id, caller, std::move(told)); },
        .playground = config_.playground};
    http::ProxyRules proxies = config.proxies;
    proxies.on_bad_header = [this] { metrics_.proxy_header_failures.Increment(); };
    for (size_t i = 0; i < config.threads; ++i) {
      workers_.push_back(std::make_unique<Worker>(window_, log_, snapshots_, Clock::Real(),
                                                  config_.shard, config_.session, metrics_,
                                                  *authenticator_));
      workers_.back()->shard().sessions().TellEnds(&closed_);
      services_.push_back(std::make_unique<http::Service>(
          http::Service{.routes = BridgeRoutes(sources, *workers_.back()),
                        .origins = http::OriginPolicy(config.allowed_origins),
                        .fields = FieldsOfAnswers(config),
                        .proxies = proxies,
                        .max_bodies_bytes = limits::kRequestBodiesBytes / config.threads}));
    }
  }

  ~Impl() {
    state_.pulse.Stop();
    upstream_thread_.Stop();
    replay_thread_.Stop();
    snapshot_thread_.Stop();
    for (const auto& worker : workers_) {
      worker->Stop();
    }
    if (certificates_ != nullptr) {
      certificates_->Stop();
    }
    listener_.reset();
    calls_.reset();  // its answers are posted to the workers
    for (const auto& worker : workers_) {
      worker->shard().DropTasks();  // some of them answer requests of other workers
    }
    alerts_.reset();
    workers_.clear();
  }

  absl::Status Start() {
    RETURN_IF_ERROR(StartTls());
    ASSIGN_OR_RETURN(ListenSockets sockets, ListenSockets::Open(config_.listen));
    bound_ = sockets.address();
    std::vector<http::Listener::Place> places;
    for (size_t i = 0; i < workers_.size(); ++i) {
      places.push_back({&workers_[i]->io(), services_[i].get()});
    }
    listener_ = std::make_unique<http::Listener>(std::move(sockets), std::move(places), limits_,
                                                 http::Listener::WhenFull::kRefuse, tls_.get());
    listener_->Start();
    for (size_t i = 0; i < workers_.size(); ++i) {
      Worker& worker = *workers_[i];
      state_.pulse.Watch(absl::StrCat("worker ", i),
                         [&worker](Pulse::Task task) { worker.Post(std::move(task)); });
      worker.Start();
    }
    state_.pulse.Start();
    replay_thread_.Start();
    snapshot_thread_.Start([] {
      pthread_setname_np(pthread_self(), "snapshots");
      StandBack();
    });
    upstream_thread_.Start([this] { upstream_.Start(); });
    return absl::OkStatus();
  }

  void Drain() {
    state_.draining = true;
    listener_->Stop();
    const size_t clients = limits_.connections();
    const absl::Duration step =
        std::min(kSlot, kLastSlot / static_cast<int64_t>(std::max<size_t>(clients, 1)));
    LogInfo("draining", {{"connections", clients}});
    for (const auto& worker : workers_) {
      worker->Post([this, &worker = *worker, step] {
        worker.Drain(slots_, std::max(step, absl::Milliseconds(1)));
      });
    }
    if (!limits_.WaitForNone(config_.drain_timeout)) {
      LogWarning("not all connections ended in time", {{"left", limits_.connections()}});
    }
  }

  void Reload() {
    if (certificates_ != nullptr) {
      certificates_->Reload();
    }
    authenticator_->Reload();
  }

  void Apply(const BridgeConfig& config) {
    limits_.SetBounds(BoundsOf(config));
    authenticator_->limits().SetBounds(config.auth.subjects);
    for (size_t i = 0; i < workers_.size(); ++i) {
      workers_[i]->Post([&worker = *workers_[i], &service = *services_[i], session = config.session,
                         origins = config.allowed_origins] {
        worker.SetSessionOptions(session);
        service.origins = http::OriginPolicy(origins);
      });
    }
  }

  ServedSessions served() {
    ServedSessions served{.shards = {}, .closed = &closed_};
    for (const auto& worker : workers_) {
      served.shards.push_back(&worker->shard());
    }
    return served;
  }

  const ListenAddress& bound() const { return bound_; }
  const http::ConnectionLimits& limits() const { return limits_; }
  const BridgeState& state() const { return state_; }
  bool encrypted() const { return tls_ != nullptr; }

 private:
  absl::Status StartTls() {
    if (!config_.tls.on()) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(certificates_, tls::CertificateWatch::Open(config_.tls.files()));
    ASSIGN_OR_RETURN(tls_, http::TlsServer::Make(*certificates_->current(), Clock::Real(), [this] {
                       metrics_.tls_handshake_failures.Increment();
                     }));
    certificates_->Start([this](const tls::Certificate& next) { return tls_->Use(next); });
    return absl::OkStatus();
  }

  // The upstream's thread.
  void OnNews() {
    for (const auto& worker : workers_) {
      worker->shard().Ring();
    }
  }
  void OnHubState(bool connected) {
    state_.hub_connected = connected;
    for (const auto& worker : workers_) {
      worker->Post([&worker = *worker, connected] { worker.SetHubState(connected); });
    }
    // Last: who is let in from here on finds the window open and the state told.
    state_.window_open = true;
  }

  // On the workers' threads, one after the other.
  void AskWorkers(size_t index, const std::string& id, const SubjectPtr& caller, SessionTold told) {
    if (index == workers_.size()) {
      return told(std::nullopt);
    }
    Shard& shard = workers_[index]->shard();
    shard.Post([this, &shard, index, id, caller, told = std::move(told)] {
      auto session = ExplainOwn(shard.sessions(), id, caller);
      session ? told(std::move(session)) : AskWorkers(index + 1, id, caller, told);
    });
  }

  std::string MetricsText() {
    const Window::View view = window_.view();
    Sequence slowest = view.head.sequence;
    for (const auto& worker : workers_) {
      slowest = std::min(slowest, std::max(worker->served(), view.base.sequence));
    }
    SetMemory();
    SetRefused();
    const double behind = static_cast<double>(view.head.sequence - slowest);
    metrics_.broadcast_channel_usage_ratio.Set(
        std::min(1.0, behind / static_cast<double>(config_.window.max_events)));
    return metrics_.Text();
  }

  void SetRefused() {
    const http::ConnectionLimits::Refused refused = limits_.refused();
    metrics_.refused.Set("connections", refused.full);
    metrics_.refused.Set("newcomers", refused.newcomers);
    metrics_.refused.Set("address_connections", refused.address);
    metrics_.refused.Set("unauthenticated_connections", refused.unauthenticated);
    metrics_.refused.Set("refused_tokens", authenticator_->failures().refused());
    metrics_.auth.Set(*authenticator_);
    metrics_.unauthenticated_connections.Set(static_cast<double>(limits_.unauthenticated()));
  }

  void SetMemory() {
    MemoryUse engines;
    http::ConnectionUse connections;
    for (const auto& worker : workers_) {
      engines += worker->shard().memory();
      connections.connections += worker->io().use().connections;
      connections.bytes += worker->io().use().bytes;
    }
    metrics_.connections.Set(static_cast<double>(connections.connections));
    metrics_.connection_memory_bytes.Set(static_cast<double>(connections.bytes));
    metrics_.snapshots_running.Set(static_cast<double>(snapshots_.running()));
    metrics_.snapshots_waiting.Set(static_cast<double>(snapshots_.waiting()));
    metrics_.subscriptions.Set(static_cast<double>(engines.subscriptions));
    metrics_.memory.Set(engines, window_);
  }

  const BridgeConfig config_;
  const std::unique_ptr<Authenticator> authenticator_;
  BridgeState state_;
  Metrics metrics_;
  ClosedSessions closed_{Clock::Real()};
  http::ConnectionLimits limits_;
  Window window_;
  const std::shared_ptr<grpc::Channel> channel_;
  rpc::HubThread replay_thread_;
  HubReplay log_;
  // On a connection of its own: live events do not wait behind the parts of snapshots.
  rpc::HubThread snapshot_thread_;
  HubSnapshots snapshots_;
  std::unique_ptr<HubCalls> calls_;
  std::unique_ptr<AlertIntake> alerts_;
  std::vector<std::unique_ptr<http::Service>> services_;  // one a worker; its connections use it
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<tls::CertificateWatch> certificates_;  // null without TLS, as tls_
  std::unique_ptr<http::TlsServer> tls_;
  std::unique_ptr<http::Listener> listener_;
  rpc::HubThread upstream_thread_;
  Upstream upstream_;
  ListenAddress bound_;
  std::atomic<uint32_t> slots_{1};
};

Bridge::Bridge(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Bridge::~Bridge() = default;

absl::StatusOr<std::unique_ptr<Bridge>> Bridge::Start(const BridgeConfig& config) {
  ASSIGN_OR_RETURN(std::unique_ptr<Authenticator> authenticator,
                   OpenAuthenticator(config.auth, Clock::Real(), config.proxies.trusted));
  ASSIGN_OR_RETURN(const rpc::HubTokenPtr token, config.OpenHubToken());
  auto impl = std::make_unique<Impl>(config, std::move(authenticator), token);
  RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<Bridge>(new Bridge(std::move(impl)));
}

std::string Bridge::address() const { return impl_->bound().ToString(); }
uint16_t Bridge::port() const { return impl_->bound().port; }
bool Bridge::hub_connected() const { return impl_->state().hub_connected; }
size_t Bridge::connections() const { return impl_->limits().connections(); }
std::vector<Service::Port> Bridge::ports() const {
  return {{address(), impl_->encrypted() ? "https" : "http"}};
}
void Bridge::Reload() { impl_->Reload(); }
void Bridge::Apply(const BridgeConfig& config) { impl_->Apply(config); }
ServedSessions Bridge::served() { return impl_->served(); }
absl::Status Bridge::Drain() {
  impl_->Drain();
  return absl::OkStatus();
}

}  // namespace tocsin::bridge
