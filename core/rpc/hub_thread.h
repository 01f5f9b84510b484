// hub_thread.h: a thread that reads streams from the hub: its loop, and its link.
//
// Threads: Start, Stop and the destructor on one thread.
// Owns:    thread, loop and link. Streams are destroyed before it; after Stop none is called any
//          more.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "core/rpc/grpc_link.h"
#include "core/rpc/hub_loop.h"

namespace tocsin::rpc {

class HubThread {
 public:
  explicit HubThread(std::shared_ptr<grpc::Channel> channel, HubTokenPtr token = nullptr)
      : link_(loop_, std::move(channel), std::move(token)) {}
  ~HubThread() { Stop(); }
  HubThread(const HubThread&) = delete;
  HubThread& operator=(const HubThread&) = delete;

  // `first` runs on the thread, before everything else.
  void Start(std::function<void()> first = [] {}) {
    thread_ = std::thread([this, first = std::move(first)] {
      first();
      loop_.Run();
    });
  }
  // May be called twice.
  void Stop() {
    loop_.Stop();
    if (thread_.joinable()) {
      thread_.join();
    }
  }
  HubLink& link() { return link_; }

 private:
  HubLoop loop_;
  GrpcLink link_;
  std::thread thread_;
};

}  // namespace tocsin::rpc
