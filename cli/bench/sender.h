// sender.h: sends the load's events to the hub: over one PublishStream, or by a call for each batch.
//
// Threads: Send and Drain from one thread; answers come on others; Cancel from any.
// Errors:  a refused batch is an answer. When the stream or the connection itself fails, the sender
//          ends: Send returns false from then on, and status() says why.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "cli/bench/publish_tally.h"
#include "core/rpc/hub_token.h"
#include "tocsin/v1/hub.grpc.pb.h"

namespace tocsin::cli::bench {

class Sender {
 public:
  // `error` is empty when the batch was acknowledged, else the error's name.
  using OnAnswer = std::function<void(const Batch& batch, const std::string& error)>;
  // The sender has ended, by itself or in Drain. May be called more than once.
  using OnEnd = std::function<void()>;

  virtual ~Sender() = default;
  virtual bool Send(const Batch& batch) = 0;
  // Waits until all that was sent is answered, or the sender has ended.
  virtual void Drain() = 0;
  // Ends every wait; what is unanswered stays so.
  virtual void Cancel() = 0;
  // OK unless it broke; the Cancel above is no break. After Drain.
  virtual grpc::Status status() = 0;
};

// A request of as many events as `batch` has, from a template, stamped for each batch anew.
class RequestMaker {
 public:
  explicit RequestMaker(v1::Event event) : event_(std::move(event)) {}
  void Fill(const Batch& batch, v1::PublishRequest& request) const;

 private:
  const v1::Event event_;
};

std::unique_ptr<Sender> MakeStreamSender(v1::EventHub::Stub& hub, const rpc::HubTokenPtr& token,
                                         RequestMaker maker, Sender::OnAnswer on_answer,
                                         Sender::OnEnd on_end);
// Each call may take `timeout`.
std::unique_ptr<Sender> MakeUnarySender(v1::EventHub::Stub& hub, rpc::HubTokenPtr token,
                                        RequestMaker maker, absl::Duration timeout,
                                        Sender::OnAnswer on_answer, Sender::OnEnd on_end);

// "RATE_LIMIT_EXCEEDED" where the hub named it, else gRPC's "UNAVAILABLE".
std::string ErrorName(const grpc::Status& status);
std::string ErrorName(grpc::StatusCode code, const std::string& reason);

}  // namespace tocsin::cli::bench
