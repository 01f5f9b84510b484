// call.h: one call of a method, from waiting for it to its end, on a shard's completion queue.
//
// Threads: its shard's.
// Owns:    the call. The shard owns it and deletes it when over().
#pragma once

#include <memory>

namespace tocsin::hub {

class Call {
 public:
  // What a tag of the completion queue points to.
  struct Completion {
    Call* call;
    void (Call::*done)(bool ok);
  };

  virtual ~Call() = default;
  // Takes the next call of its method.
  virtual void Listen() = 0;
  // One that waits for the call after it.
  virtual std::unique_ptr<Call> Another() const = 0;
  // Every tag that gRPC was given has come back, and no other will be given.
  virtual bool over() const = 0;
  // The hub stops: a call that may last ends, and its client is told.
  virtual void Drain() {}
  // What health says has changed.
  virtual void OnServing(bool /*serving*/) {}

 protected:
  template <class Derived>
  Completion Tag(void (Derived::*done)(bool ok)) {
    return {this, static_cast<void (Call::*)(bool)>(done)};
  }
};

}  // namespace tocsin::hub
