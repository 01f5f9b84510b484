// rpc_scripted_hub.h: a hub that follows a script, for tests of everything that reads from one.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "tocsin/v1/hub.grpc.pb.h"

namespace tocsin::testing {

// Each Subscribe follows the next scene of the script, and after it waits for its cancellation.
class ScriptedHub : public v1::EventHub::Service {
 public:
  using Writer = grpc::ServerWriter<v1::SubscribeResponse>;
  using Scene = std::function<grpc::Status(Writer&)>;

  explicit ScriptedHub(int port = 0) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(),
                             &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~ScriptedHub() override { server_->Shutdown(std::chrono::system_clock::now()); }

  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  void Add(Scene scene) {
    MutexLock lock(mutex_);
    scenes_.push_back(std::move(scene));
  }
  std::vector<v1::SubscribeRequest> requests() {
    MutexLock lock(mutex_);
    return requests_;
  }

  // Serves the calls for which no scene is left.
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

// Waits for other threads; fails when that takes unreasonably long.
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

}  // namespace tocsin::testing
