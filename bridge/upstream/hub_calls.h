// hub_calls.h: the bridge's unary calls to the hub, without a thread that waits for one.
//
// Shape:   a call is tried until it is answered or its time is over: UNAVAILABLE (nobody there, a
//          hub that starts or drains, a connection that broke) is tried again after a wait, with
//          the same request. So a request that must not happen twice carries its own ids. So is one
//          whose token the hub refuses: it is the bridge's, which is renewed beside it.
// Threads: Call, Run and RunApart from any. `done` and tasks run on a thread of this one's, one at a
//          time; those of RunApart on another.
// Owns:    the threads and the calls under way, at most kMaxCalls and kMaxBytes of requests. The
//          destructor ends both; what is not done then is destroyed and never called.
// Errors:  the hub's own, as FromGrpcStatus gives them; SERVICE_UNAVAILABLE when the time is over,
//          too much is under way, or the bridge's own token does not suffice, which is not its
//          client's fault.
#pragma once

#include <google/protobuf/message.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/task_thread.h"
#include "core/event/limits.h"
#include "core/rpc/hub_loop.h"
#include "core/rpc/hub_token.h"

namespace grpc {
class ByteBuffer;
class Channel;
class Status;
}  // namespace grpc

namespace tocsin::bridge {

class HubCalls {
 public:
  // A hub takes some ten thousand publishes a second: past this it is not the bridge that is slow.
  static constexpr size_t kMaxCalls = 4096;
  static constexpr size_t kMaxBytes = 64 * limits::kMiB;
  // Some seconds of work, so that the last of them is still answered in time.
  static constexpr size_t kMaxApart = 16;

  explicit HubCalls(std::shared_ptr<grpc::Channel> channel, rpc::HubTokenPtr token = nullptr);
  ~HubCalls();

  // `method` is "/tocsin.v1.EventHub/Publish" and the like; `done` is called once.
  template <class Response>
  void Call(std::string method, const google::protobuf::Message& request, absl::Duration timeout,
            absl::AnyInvocable<void(absl::StatusOr<Response>)> done) {
    Begin(std::move(method), request, timeout,
          [done = std::move(done)](absl::Status status, const grpc::ByteBuffer* bytes) mutable {
            Response response;
            if (status.ok()) {
              status = Parse(*bytes, response);
            }
            status.ok() ? done(std::move(response)) : done(std::move(status));
          });
  }
  // Runs the task on the calls' thread: for work that would keep a worker from its clients.
  void Run(absl::AnyInvocable<void()> task);
  // Runs the task on a thread beside the calls', in order: for work that would keep calls waiting,
  // such as a large body. Where kMaxApart wait already, the task is called at once, with the error.
  void RunApart(absl::AnyInvocable<void(absl::Status)> task);

  size_t calls() const { return calls_.load(); }

 private:
  class Try;
  struct Pending;
  using Done = absl::AnyInvocable<void(absl::Status, const grpc::ByteBuffer*)>;

  static absl::Status Parse(const grpc::ByteBuffer& bytes, google::protobuf::Message& message);
  void Begin(std::string method, const google::protobuf::Message& request, absl::Duration timeout,
             Done done);
  bool Admit(size_t bytes);
  void Start(std::shared_ptr<Pending> pending);
  void OnEnd(const std::shared_ptr<Pending>& pending, const grpc::Status& status,
             const grpc::ByteBuffer& response);
  static absl::Status WhyLate(const Pending& pending, std::string_view otherwise);
  static absl::Status ForClient(const grpc::Status& status);
  void OnTimeout(const std::shared_ptr<Pending>& pending);
  void Finish(const std::shared_ptr<Pending>& pending, absl::Status status,
              const grpc::ByteBuffer* response);

  const std::shared_ptr<grpc::Channel> channel_;
  const rpc::HubTokenPtr token_;
  std::atomic<size_t> calls_{0};
  std::atomic<size_t> bytes_{0};
  rpc::HubLoop loop_;
  std::thread thread_;
  TaskThread apart_{kMaxApart};
};

}  // namespace tocsin::bridge
