// Start builds from the inside out, so that nothing is called before what it needs is there: log,
// window, sequencer, log readers, server with its queues, shards, operations port. Drain goes the
// other way: the clients are told, the sequencer commits and answers what was let in, the server
// ends what is left, then the shards, the log readers and the log.
#include "hub/service/hub.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/auth/https/open_authenticator.h"
#include "core/base/descriptors.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/base/version.h"
#include "core/event/time_proto.h"
#include "hub/log/memory_log.h"
#include "hub/log/rocksdb_log.h"
#include "hub/service/metered_log.h"
#include "hub/service/window_fill.h"

namespace tocsin::hub {
namespace {

// Of the drain's time, what is kept for gRPC to end what is left (health watches).
constexpr absl::Duration kServerGrace = absl::Milliseconds(500);

void Tell(const LogReport& report, const std::string& dir) {
  const auto tell = report.level() == LogReport::Level::kError     ? LogError
                    : report.level() == LogReport::Level::kWarning ? LogWarning
                                                                   : LogInfo;
  tell("log opened", {{"dir", dir}, {"found", report.Text()}});
}

// One that the hub makes is its user's alone; one that was there before may be open to others.
void WarnOfReaders(const std::string& dir) {
  struct stat found = {};
  if (stat(dir.c_str(), &found) == 0 && (found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    LogWarning("other users of this machine may read the events",
               {{"dir", dir},
                {"mode", absl::StrFormat("%04o", found.st_mode & 07777)},
                {"advice", absl::StrCat("chmod 700 ", dir)}});
  }
}

absl::StatusOr<std::unique_ptr<Log>> OpenStore(const HubConfig& config) {
  if (config.store == "memory") {
    return std::make_unique<MemoryLog>();
  }
  RocksDbOptions options;
  options.dir = config.data_dir;
  options.durability = config.durability;
  ASSIGN_OR_RETURN(std::unique_ptr<RocksDbLog> log, RocksDbLog::Open(std::move(options)));
  Tell(log->report(), config.data_dir);
  WarnOfReaders(config.data_dir);
  return log;
}

}  // namespace

Hub::Hub(HubConfig config)
    : config_(std::move(config)),
      started_at_(clock_.Now()),
      started_(clock_.Monotonic()),
      admission_(config_.max_subscriptions),
      window_(config_.window),
      rpc_("tocsin.v1.EventHub"),
      health_rpc_("grpc.health.v1.Health"),
      reflection_rpc_("grpc.reflection.v1alpha.ServerReflection"),
      admin_rpc_("tocsin.v1.Admin"),
      services_{rpc_.full_name(), health_rpc_.full_name(), reflection_rpc_.full_name()} {
  if (config_.auth.on()) {
    services_.push_back(admin_rpc_.full_name());  // where nobody has a token it serves nobody
  }
}

Hub::~Hub() { Halt(absl::ZeroDuration()); }

absl::StatusOr<std::unique_ptr<Hub>> Hub::Start(HubConfig config) {
  auto hub = std::unique_ptr<Hub>(new Hub(std::move(config)));
  RETURN_IF_ERROR(hub->OpenLog());
  hub->OpenEngine();
  if (absl::Status serves = hub->Serve(); !serves.ok()) {
    hub->Halt(absl::ZeroDuration());
    serves.Update(hub->log_->Close());
    return serves;
  }
  return hub;
}

absl::Status Hub::OpenLog() {
  ASSIGN_OR_RETURN(std::unique_ptr<Log> store, OpenStore(config_));
  log_ = std::make_unique<MeteredLog>(std::move(store), metrics_, clock_);
  FillWindow(*log_, config_.window, window_);
  SequencerOptions options;
  options.retention = config_.retention;
  options.durability = config_.durability;
  options.sync_interval = config_.sync_interval;
  options.alerts = config_.alerts;
  sequencer_ = std::make_unique<Sequencer>(*log_, window_, clock_, options);
  sequencer_->SetOnAlertEnded([this](const AlertAnswer& answer) { metrics_.AlertEnded(answer); });
  sequencer_->SetOnAppended([this] {
    for (const auto& shard : shards_) {
      shard->engine().Ring();
    }
  });
  queries_ = std::make_unique<QueryService>(*log_);
  queries_->incidents().Begin();
  sequencer_->SetNextFollower(&queries_->incidents());
  return sequencer_->Open();
}

void Hub::Reload() {
  if (certificates_ != nullptr) {
    certificates_->Reload();
  }
  authenticator_->Reload();
}

ServedSessions Hub::served() {
  ServedSessions served{.shards = {}, .closed = &closed_};
  for (const auto& shard : shards_) {
    served.shards.push_back(&shard->engine());
  }
  return served;
}

void Hub::Apply(const HubConfig& config) {
  admission_.SetMaxSubscriptions(config.max_subscriptions);
  authenticator_->limits().SetBounds(config.auth.subjects);
}

void Hub::OpenEngine() {
  log_reader_ = std::make_unique<StoreReader>(*log_, window_, clock_);
  snapshots_ = std::make_unique<SnapshotReader>(*log_, clock_, config_.shard.stuck_after);
  publisher_ = std::make_unique<Publisher>(*sequencer_, admission_, metrics_);
  explanations_ = std::make_unique<Explanations>(*log_, window_, admission_, clock_);
  alert_intake_ = std::make_unique<AlertIntake>(*sequencer_, admission_, metrics_);
}

// Calls that come before the sequencer's thread runs wait in its queue.
absl::Status Hub::Serve() {
  // A subscriber has a connection of its own at most.
  const AcceptorBounds bounds{.connections = config_.max_subscriptions + OtherDescriptors(),
                              .per_address = config_.max_connections_per_address,
                              .exempt = config_.trusted_proxies};
  ASSIGN_OR_RETURN(authenticator_,
                   OpenAuthenticator(config_.auth, clock_, config_.trusted_proxies));
  if (config_.tls.on()) {
    ASSIGN_OR_RETURN(certificates_, tls::CertificateWatch::Open(config_.tls.files()));
    certificates_->Start();
  }
  ASSIGN_OR_RETURN(server_, GrpcServer::Start(config_.listen,
                                              {&rpc_, &health_rpc_, &reflection_rpc_, &admin_rpc_},
                                              config_.shards, bounds, certificates_.get()));
  const HubParts parts{
      .rpc = rpc_,
      .health_rpc = health_rpc_,
      .reflection_rpc = reflection_rpc_,
      .admin_rpc = admin_rpc_,
      .services = services_,
      .publisher = *publisher_,
      .explanations = *explanations_,
      .admin_calls = admin_calls_,
      .queries = *queries_,
      .alert_intake = *alert_intake_,
      .admission = admission_,
      .metrics = metrics_,
      .window = window_,
      .log = *log_reader_,
      .snapshots = *snapshots_,
      .clock = clock_,
      .resets = resets_,
      .authenticator = *authenticator_,
      .fill_status = [this](v1::GetStatusResponse& response) { FillStatus(response); }};
  for (auto& queue : server_->TakeQueues()) {
    shards_.push_back(std::make_unique<HubShard>(parts, std::move(queue), config_.shard));
    shards_.back()->engine().sessions().TellEnds(&closed_);
  }
  if (config_.serve_ops) {
    http::RouteTable routes(http::OpsRoutes(
        {.ready_means = "Whether the hub takes events.",
         .health = [this] { return Health(); },
         .metrics = [this] { return metrics_.Render(Gauges(), window_, *authenticator_); }}));
    ASSIGN_OR_RETURN(ops_, http::Server::Start(config_.ops_listen, std::move(routes)));
  }
  log_reader_->Start();
  queries_->Start();
  snapshots_->Start();
  sequencer_->Start();
  std::vector<HubShard*> shards;
  for (const auto& shard : shards_) {
    shards.push_back(shard.get());
  }
  explanations_->Start(std::move(shards));
  admin_calls_.Start();
  size_t number = 0;
  for (const auto& shard : shards_) {
    pulse_.Watch(absl::StrCat("shard ", number++),
                 [&engine = shard->engine()](Pulse::Task task) { engine.Post(std::move(task)); });
    shard->Start();
  }
  pulse_.Start();
  health_ = std::make_unique<HealthKeeper>([this] { return Health().ready; },
                                           [this](bool serving) { SetServing(serving); });
  return absl::OkStatus();
}

std::vector<Service::Port> Hub::ports() const {
  std::vector<Port> ports = {{address().ToString(), "grpc"}};
  if (config_.serve_ops) {
    ListenAddress ops = config_.ops_listen;
    ops.port = ops_port();
    ports.push_back({ops.ToString(), "operations"});
  }
  return ports;
}

absl::Status Hub::Drain() {
  const absl::Duration deadline = clock_.Monotonic() + config_.drain_timeout;
  admission_.BeginDrain();
  health_->Stop();
  for (const auto& shard : shards_) {
    shard->Drain();
  }
  if (!admission_.WaitEmpty(deadline - kServerGrace - clock_.Monotonic())) {
    LogWarning("some streams did not end in time and are cut",
               {{"subscriptions", admission_.subscriptions()}});
  }
  Halt(std::clamp(deadline - clock_.Monotonic(), absl::ZeroDuration(), kServerGrace));
  return log_->Close();
}

void Hub::SetServing(bool serving) {
  for (const auto& shard : shards_) {
    shard->SetServing(serving);
  }
}

void Hub::Halt(absl::Duration grace) {
  if (halted_) {
    return;
  }
  halted_ = true;
  if (health_ != nullptr) {
    health_->Stop();
  }
  pulse_.Stop();
  // Before the server, which waits for the answers of its calls.
  if (sequencer_ != nullptr) {
    sequencer_->Stop();
  }
  // Before the shards, which these may wait for.
  admin_calls_.Stop();
  if (explanations_ != nullptr) {
    explanations_->Stop();
  }
  if (queries_ != nullptr) {
    queries_->Stop();
  }
  if (server_ != nullptr) {
    server_->Shutdown(grace);
  }
  for (const auto& shard : shards_) {
    shard->Stop();
  }
  if (log_reader_ != nullptr) {
    log_reader_->Stop();
    snapshots_->Stop();
  }
  if (ops_ != nullptr) {
    ops_->Stop();
  }
}

void Hub::FillStatus(v1::GetStatusResponse& response) const {
  const LogExtent extent = log_->extent();
  const SequencerState state = sequencer_->state();
  response.set_version(std::string(Version()));
  SetTimestamp(*response.mutable_started_at(), started_at_);
  response.set_latest(FormatCursor(extent.latest));
  response.set_earliest(FormatCursor(extent.earliest));
  response.set_first_sequence(extent.events > 0 ? extent.earliest.sequence + 1 : 0);
  response.set_last_sequence(extent.latest.sequence);
  response.set_epoch(log_->epochs().present());
  response.set_store(std::string(log_->name()));
  response.set_durability(std::string(DurabilityName(config_.durability)));
  response.set_events_held(extent.events);
  response.set_bytes_held(extent.bytes);
  response.set_subscriptions(admission_.subscriptions());
  response.set_accepts_publish(state.accepts_publish && !admission_.draining());
  response.set_publish_error(state.publish_error);
  response.set_draining(admission_.draining());
  if (const LogReport report = log_->report(); report.level() == LogReport::Level::kError) {
    response.set_log_damage(report.Text());
  }
}

http::Health Hub::Health() const {
  const absl::Duration uptime = clock_.Monotonic() - started_;
  const SequencerState state = sequencer_->state();
  if (admission_.draining()) {
    return {.ready = false, .status = "draining", .uptime = uptime};
  }
  if (!state.healthy()) {
    return {.ready = false,
            .status = "read-only",
            .uptime = uptime,
            .details = {{"reason", state.publish_error}}};
  }
  if (std::string late = pulse_.Late(); !late.empty()) {
    return {.ready = false,
            .status = "stuck",
            .uptime = uptime,
            .details = {{"reason", std::move(late)}}};
  }
  return {.uptime = uptime};
}

HubGauges Hub::Gauges() const {
  HubGauges gauges;
  gauges.uptime_seconds = absl::ToDoubleSeconds(clock_.Monotonic() - started_);
  gauges.accepts_publish = sequencer_->state().accepts_publish;
  gauges.draining = admission_.draining();
  gauges.connections_refused = server_->refused();
  gauges.connections_dropped = resets_.dropped();
  gauges.open_alerts = sequencer_->open_alerts();
  gauges.subscriptions = admission_.subscriptions();
  gauges.snapshots_running = snapshots_->running();
  gauges.snapshots_waiting = snapshots_->waiting();
  gauges.snapshots_begun = snapshots_->begun();
  const LogExtent extent = log_->extent();
  gauges.log_events = extent.events;
  gauges.log_bytes = extent.bytes;
  gauges.log_last_sequence = extent.latest.sequence;
  gauges.log_damaged = log_->report().level() == LogReport::Level::kError;
  const IncidentCounts incidents = queries_->incidents().counts();
  gauges.incidents_active = incidents.active;
  gauges.incidents_over = incidents.over;
  gauges.incident_index_bytes = incidents.index_bytes;
  gauges.incident_bytes = log_->incident_bytes();
  for (const auto& shard : shards_) {
    const ShardStats& stats = shard->engine().stats();
    gauges.subscriptions_live += stats.live.load();
    gauges.delivered += stats.delivered.load();
    gauges.writes += stats.writes.load();
    gauges.fell_behind += stats.fell_behind.load();
    gauges.stuck += stats.stuck.load();
    gauges.memory += shard->engine().memory();
  }
  return gauges;
}

}  // namespace tocsin::hub
