// call.h: one call of a method, from waiting for it to its end, on a shard's completion queue.
//
// Shape:   Listen → listening, until a call comes or the queue is shut down → Begin, which serves
//          it → ended, which is the method's to say.
// Threads: its shard's.
// Owns:    the call. The shard owns it and deletes it when over().
#pragma once

#include <grpcpp/server_context.h>

#include <memory>

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

  // Takes the next call of its method.
  void Listen() { Request(&requested_); }
  // No call has come yet.
  bool listening() const { return listening_; }
  // Every tag that gRPC was given has come back, and no other will be given.
  bool over() const { return refused_ || (!listening_ && ended()); }

  // One that waits for the call after it.
  virtual std::unique_ptr<Call> Another() const = 0;
  // The hub stops: a call that may last ends, and its client is told. Not while listening.
  virtual void Drain() {}
  // What health says has changed. Not while listening.
  virtual void OnServing(bool /*serving*/) {}

 protected:
  explicit Call(HubShard& shard) : shard_(shard) {}

  template <class Derived>
  Completion Tag(void (Derived::*done)(bool ok)) {
    return {this, static_cast<void (Call::*)(bool)>(done)};
  }

  HubShard& shard_;
  grpc::ServerContext context_;

 private:
  // Asks gRPC for the next call, with `tag`.
  virtual void Request(void* tag) = 0;
  // A call has come.
  virtual void Begin() = 0;
  // Of a call that has come: as over().
  virtual bool ended() const = 0;

  void OnRequested(bool ok);

  Completion requested_ = Tag(&Call::OnRequested);
  bool listening_ = true;
  bool refused_ = false;  // the queue was shut down before a call came: no other tag will come
};

}  // namespace tocsin::hub
