// hub.h: the whole hub: log, window, sequencer, shards, gRPC server and operations port.
//
// Shape:   built from the log upwards by Start, taken down from the ports inwards by Drain.
// Threads: Start, Drain and the destructor on one thread; the numbers from any.
// Owns:    everything.
// Errors:  Start says what could not be opened or listened on, and leaves nothing behind.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/admin/closed_sessions.h"
#include "core/auth/authenticator.h"
#include "core/base/clock.h"
#include "core/base/pulse.h"
#include "core/http/ops_routes.h"
#include "core/http/server.h"
#include "core/shell/program.h"
#include "core/stream/window.h"
#include "hub/query/query_service.h"
#include "hub/sequencer.h"
#include "hub/service/admin_calls.h"
#include "hub/service/admission.h"
#include "hub/service/config.h"
#include "hub/service/explanations.h"
#include "hub/service/grpc_server.h"
#include "hub/service/health_keeper.h"
#include "hub/service/hub_shard.h"
#include "hub/service/metrics.h"
#include "hub/snapshot_reader.h"
#include "hub/store_reader.h"

namespace tocsin::hub {

class Hub final : public Service {
 public:
  static absl::StatusOr<std::unique_ptr<Hub>> Start(HubConfig config);
  // Without a Drain before it, calls are cut and the log is not closed cleanly.
  ~Hub() override;
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  const ListenAddress& address() const { return server_->address(); }
  // 0 when there is no operations port.
  uint16_t ops_port() const { return ops_ == nullptr ? 0 : ops_->port(); }

  std::vector<Port> ports() const override;

  // Health says NOT_SERVING, subscribers are told when to come back, what was published is
  // answered, the log is closed. Takes at most the configured time, as long as the disk answers.
  absl::Status Drain() override;
  void Reload() override;
  ServedSessions served() override;
  void UseAdmin(Admin* admin) override { admin_calls_.Use(admin); }
  // Of the new settings, those that may change while the hub runs.
  void Apply(const HubConfig& config);

 private:
  explicit Hub(HubConfig config);

  absl::Status OpenLog();
  void OpenEngine();
  absl::Status Serve();
  void Halt(absl::Duration grace);
  void SetServing(bool serving);
  void FillStatus(v1::GetStatusResponse& response) const;
  http::Health Health() const;
  HubGauges Gauges() const;

  const HubConfig config_;
  Clock& clock_ = Clock::Real();
  const absl::Time started_at_;
  const absl::Duration started_;
  HubMetrics metrics_;
  Admission admission_;
  ClosedSessions closed_{clock_};
  std::unique_ptr<Log> log_;
  Window window_;
  std::unique_ptr<Sequencer> sequencer_;
  std::unique_ptr<StoreReader> log_reader_;
  std::unique_ptr<QueryService> queries_;
  std::unique_ptr<SnapshotReader> snapshots_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<Explanations> explanations_;
  std::unique_ptr<AlertIntake> alert_intake_;
  AdminCalls admin_calls_;
  RawService rpc_;
  RawService health_rpc_;
  RawService reflection_rpc_;
  RawService admin_rpc_;
  std::vector<std::string> services_;  // as reflection lists them
  std::unique_ptr<Authenticator> authenticator_;
  std::unique_ptr<tls::CertificateWatch> certificates_;  // null without TLS
  std::unique_ptr<GrpcServer> server_;
  ResetGuard resets_{clock_, [this](const std::string& peer) { server_->Drop(peer); }};
  std::vector<std::unique_ptr<HubShard>> shards_;
  Pulse pulse_{clock_};
  std::unique_ptr<HealthKeeper> health_;
  std::unique_ptr<http::Server> ops_;
  bool halted_ = false;
};

}  // namespace tocsin::hub
