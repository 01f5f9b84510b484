// hub_link.h: what streams from the hub stand on: the tasks and timers of one thread, and calls to
// the hub.
//
// Shape:   gRPC's is grpc_link.h. A test may have another, with a hub, a clock and a network of its
//          own.
// Threads: Post from any. The rest, and whatever is called back, on the link's thread.
// Owns:    the calls, until they have ended.
// Errors:  a call's end has the gRPC status.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <cstdint>
#include <functional>
#include <utility>

#include "absl/time/time.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::rpc {

class HubLink {
 public:
  using Task = std::function<void()>;
  using TimerKey = std::pair<absl::Duration, uint64_t>;

  // One Subscribe call.
  class Call {
   public:
    // Asks for one response; at most one is asked for at a time.
    virtual void Read() = 0;
    // Cancels the call. Its owner is not called any more, and does not call it.
    virtual void Abandon() = 0;

   protected:
    ~Call() = default;
  };
  class CallOwner {
   public:
    virtual void OnResponse(const grpc::ByteBuffer& response) = 0;
    // The call has ended, and is gone when this returns.
    virtual void OnCallEnd(const grpc::Status& status) = 0;

   protected:
    ~CallOwner() = default;
  };

  virtual ~HubLink() = default;

  // A task that is posted after the thread's end is destroyed without being run.
  virtual void Post(Task task) = 0;
  // Runs the task once, after the wait, unless it is cancelled by its key.
  virtual TimerKey After(absl::Duration wait, Task task) = 0;
  virtual void CancelTimer(const TimerKey& key) = 0;

  // The owner is never called from inside. A call that does not wait for the hub ends at once with
  // UNAVAILABLE where the hub cannot be reached.
  virtual Call& Open(const v1::SubscribeRequest& request, bool wait_for_hub, CallOwner& owner) = 0;
  // Calls that wait for the hub do not wait for the next try to connect, which is made now.
  virtual void ConnectNow() = 0;
  // For the waits between calls, which differ from stream to stream.
  virtual uint32_t RandomSeed() = 0;
};

}  // namespace tocsin::rpc
