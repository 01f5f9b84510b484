// scripted_hub.h: a hub that follows a script, for what the bridge reads from one.
#pragma once

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "core/event/cursor.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/bridge/session_fixture.h"
#include "tocsin/v1/hub.grpc.pb.h"

namespace tocsin::bridge::testing {

inline Cursor At(Sequence sequence) { return {kEpoch, sequence}; }

inline v1::SubscribeResponse Response(Sequence first, Sequence last) {
  v1::SubscribeResponse response;
  for (Sequence next = first; next <= last; ++next) {
    *response.add_events() = SampleEvent(next);
  }
  response.set_cursor(FormatCursor(At(last)));
  return response;
}

// As the hub's first: nothing more is to come before what is new.
inline v1::SubscribeResponse Bookmark(Sequence at) {
  v1::SubscribeResponse response = Response(at + 1, at);
  response.set_caught_up(true);
  return response;
}

// A refusal as the hub makes it.
inline grpc::Status Expired() {
  google::rpc::ErrorInfo info;
  info.set_reason("CURSOR_EXPIRED");
  info.set_domain("tocsin");
  (*info.mutable_metadata())["earliest"] = FormatCursor(At(5));
  (*info.mutable_metadata())["latest"] = FormatCursor(At(9));
  google::rpc::Status rich;
  rich.set_code(grpc::StatusCode::OUT_OF_RANGE);
  rich.add_details()->PackFrom(info);
  return {grpc::StatusCode::OUT_OF_RANGE, "too old", rich.SerializeAsString()};
}

// Each Subscribe follows the next scene; when there are none left, it says nothing until it is
// cancelled.
class ScriptedHub : public v1::EventHub::Service {
 public:
  using Writer = grpc::ServerWriter<v1::SubscribeResponse>;
  using Scene = std::function<grpc::Status(Writer&)>;

  ScriptedHub() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~ScriptedHub() override { server_->Shutdown(std::chrono::system_clock::now()); }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  void Add(Scene scene) {
    MutexLock lock(mutex_);
    scenes_.push_back(std::move(scene));
  }
  std::vector<v1::SubscribeRequest> requests() {
    MutexLock lock(mutex_);
    return requests_;
  }

  // When the scenes are at an end.
  std::function<grpc::Status(const v1::SubscribeRequest&, Writer&)> always;

  grpc::Status Subscribe(grpc::ServerContext* context, const v1::SubscribeRequest* request,
                         Writer* writer) override {
    Scene scene;
    {
      MutexLock lock(mutex_);
      requests_.push_back(*request);
      if (!scenes_.empty()) {
        scene = std::move(scenes_.front());
        scenes_.pop_front();
      }
    }
    const grpc::Status status = scene    ? scene(*writer)
                                : always ? always(*request, *writer)
                                         : grpc::Status::OK;
    if (status.ok()) {
      while (!context->IsCancelled()) {
        MutexLock lock(mutex_);
        never_.WaitFor(mutex_, absl::Milliseconds(5));
      }
    }
    return status;
  }

 private:
  Mutex mutex_;
  CondVar never_;
  std::deque<Scene> scenes_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::SubscribeRequest> requests_ ABSL_GUARDED_BY(mutex_);
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

inline const grpc::Status kGone(grpc::StatusCode::UNAVAILABLE, "going down");

// Waits for other threads; fails when it takes unreasonably long.
inline void Until(const std::function<bool()>& condition) {
  Mutex mutex;
  CondVar never;
  for (int tries = 0; tries < 20'000; ++tries) {
    if (condition()) {
      return;
    }
    MutexLock lock(mutex);
    never.WaitFor(mutex, absl::Milliseconds(1));
  }
  FAIL() << "it does not come";
}

}  // namespace tocsin::bridge::testing
