// health_watch.h: one call of grpc.health.v1.Health/Watch: sends the state of a service, and then
// every change of it.
//
// Shape:   one write in flight. Of the changes during a write only the last is sent, after it.
// Threads: its shard's.
// Errors:  past kMost on its shard a newcomer takes a place (places.h), whose watch ends with
//          UNAVAILABLE, or is refused with RATE_LIMIT_EXCEEDED; a drain ends it with UNAVAILABLE
//          once NOT_SERVING has been told.
// Source:  the health checking protocol of gRPC.
#pragma once

#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "grpc/health/v1/health.pb.h"
#include "hub/service/request_call.h"

namespace tocsin::hub {

using HealthServingStatus = grpc::health::v1::HealthCheckResponse::ServingStatus;

// "" for the whole server, or the hub's service.
bool IsHealthService(std::string_view name);
HealthServingStatus HealthStatus(bool serving);

class HealthWatch final : public RequestCall {
 public:
  // On one shard. Load balancers and supervisors watch health, not users.
  static constexpr size_t kMost = 1'000;

  explicit HealthWatch(HubShard& shard);
  ~HealthWatch() override;

  // Call.
  std::unique_ptr<Call> Another() const override;
  void Drain() override;
  void OnServing(bool serving) override;

 private:
  void Prepare() override { context_.AsyncNotifyWhenDone(&done_); }
  void Serve() override;
  void Refuse(const absl::Status& error) override;
  bool ended() const override { return call_over_ && !reading() && !busy_; }
  void OnWritten(bool ok);
  void OnFinished(bool ok);
  // The client has gone, or the call has ended.
  void OnDone(bool ok);
  absl::Status Watch();
  void Tell(HealthServingStatus status);
  void Step();

  Completion written_ = Tag(&HealthWatch::OnWritten);
  Completion finished_ = Tag(&HealthWatch::OnFinished);
  Completion done_ = Tag(&HealthWatch::OnDone);

  // Its place among the shard's watches.
  class Place final : public Places::Holder {
   public:
    explicit Place(HealthWatch& watch) : watch_(watch) {}
    std::string peer() const override { return PeerOf(watch_.context_.peer()); }
    absl::Duration idle_since() const override { return since; }
    void GiveWay() override;
    absl::Duration since;

   private:
    HealthWatch& watch_;
  };

  Place place_{*this};
  bool known_ = false;
  bool call_over_ = false;
  bool busy_ = false;  // a write or the finish is under way
  bool finish_called_ = false;
  std::optional<HealthServingStatus> to_tell_;
  std::optional<HealthServingStatus> told_;
  std::optional<absl::Status> end_;
};

}  // namespace tocsin::hub
