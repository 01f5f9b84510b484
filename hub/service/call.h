// call.h: one call of a method on a shard's completion queue, from waiting for it to its end.
//
// Shape:   Listen waits until a client calls or the queue is shut down. Who calls is known then, and
//          whether they may, before anything of a request is read: Begin serves the call, or Deny
//          ends it. The method decides when it has ended. Most methods have one request
//          (request_call.h).
// Threads: its shard's.
// Owns:    the call. The shard owns it and deletes it when over().
#pragma once

#include <grpcpp/server_context.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/auth/subject.h"
#include "hub/service/event_hub_rpc.h"
#include "hub/service/method_access.h"

namespace tocsin::hub {

class HubShard;

class Call {
 public:
  // What a tag of the completion queue points to.
  struct Completion {
    Call* call;
    void (Call::*done)(bool ok);
  };

  virtual ~Call() = default;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // Asks gRPC for the next call of the method.
  void Listen();
  // True until a client has called.
  bool listening() const { return listening_; }
  // True when every tag given to gRPC has come back and no other will be given.
  bool over() const { return refused_ || (!listening_ && ended()); }

  // A new object that waits for the method's next call.
  virtual std::unique_ptr<Call> Another() const = 0;
  // The hub is shutting down: a long-lived call tells its client and ends. Not while listening.
  virtual void Drain() {}
  // The health state has changed. Not while listening.
  virtual void OnServing(bool /*serving*/) {}

  // Who calls; once the call has begun.
  const SubjectPtr& subject() const { return subject_; }
  const Permission& permission() const { return subject_->permission; }

 protected:
  // `method` as the service's schema names it; it outlives the call.
  Call(HubShard& shard, RawService& service, const char* method)
      : shard_(shard),
        service_(service),
        method_(method),
        stream_(&context_),
        access_(AccessOf(service.full_name(), method)) {}

  template <class Derived>
  Completion Tag(void (Derived::*done)(bool ok)) {
    return {this, static_cast<void (Call::*)(bool)>(done)};
  }

  // When the token runs out, on the monotonic clock, as it was when the call came: the wall clock
  // may be set meanwhile.
  absl::Duration token_ends() const { return token_ends_; }
  bool token_ended() const;
  // One publish more of the caller's; its error where that is too many.
  absl::Status CountPublish() const;

  HubShard& shard_;
  RawService& service_;
  const char* const method_;
  grpc::ServerContext context_;
  RpcStream stream_;

 private:
  // Before Listen: what gRPC is to be told of the call.
  virtual void Prepare() {}
  // A client has called.
  virtual void Begin() = 0;
  // A client has called that may not: ends the call with `error`.
  virtual void Deny(const absl::Status& error) = 0;
  // over(), for a call that a client has made.
  virtual bool ended() const = 0;

  void OnRequested(bool ok);
  absl::Status Admit();

  Completion requested_ = Tag(&Call::OnRequested);
  const Access access_;
  SubjectPtr subject_ = Subject::Anyone();
  absl::Duration token_ends_ = absl::InfiniteDuration();
  bool listening_ = true;
  bool refused_ = false;  // the queue was shut down before a call came: no other tag will come
};

}  // namespace tocsin::hub
