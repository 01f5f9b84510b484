// subscribers.h: many subscriptions at once, all with one filter, received by one thread.
//
// Threads: Open and Close from main's thread; each kind has one thread of its own for all its
//          connections, which reports to Deliveries.
// Errors:  reported to Deliveries as the end of the subscriber concerned; nothing is tried twice.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "cli/bench/bridge_url.h"
#include "cli/bench/deliveries.h"
#include "cli/command.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::cli::bench {

class Subscribers {
 public:
  virtual ~Subscribers() = default;
  // Begins to connect; Deliveries tells how far that is.
  virtual absl::Status Open() = 0;
  // Ends all, and the thread. Once.
  virtual void Close() = 0;
};

struct SubscribersOptions {
  uint64_t count = 1;
  uint64_t channels = 1;  // gRPC: connections that the streams share
  v1::Filter filter;
  bool listening = false;  // events of others, which have no stamp
  std::string run_id;
};

std::unique_ptr<Subscribers> MakeGrpcSubscribers(const Globals& globals,
                                                 const SubscribersOptions& options,
                                                 Deliveries& deliveries);

std::unique_ptr<Subscribers> MakeWsSubscribers(const Globals& globals, const BridgeUrl& bridge,
                                               const SubscribersOptions& options,
                                               Deliveries& deliveries);

}  // namespace tocsin::cli::bench
