// load.h: the publisher of a run: a thread that sends batches when they are due, or when there is
// room.
//
// Shape:   closed loop: a batch as soon as there is room. Open loop: a batch when it is due; one
//          that finds no room waits, and its wait counts as latency.
// Threads: Start, Wait and Join from main's; the load's own sends.
// Owns:    the thread, and the sender.
// Errors:  Join says why it ended early, when the sender failed.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "absl/time/time.h"
#include "cli/bench/in_flight.h"
#include "cli/bench/publish_tally.h"
#include "cli/bench/sender.h"
#include "core/base/clock.h"

namespace tocsin::cli::bench {

struct LoadOptions {
  double rate = 0;  // events a second; 0: closed loop
  uint64_t batch = 1;
  uint64_t events = 0;  // 0: no bound
  absl::Duration duration;
};

class Load {
 public:
  // All outlive the load. It stops when `in_flight` is stopped.
  Load(const LoadOptions& options, InFlight& in_flight, PublishTally& tally, Clock& clock);
  ~Load();

  void Start(std::unique_ptr<Sender> sender);
  // True when everything is sent and answered; waits for that at most so long.
  bool Wait(absl::Duration most);
  // False once nothing more will be sent.
  bool sending();
  // Cuts what is still under way.
  grpc::Status Join();

 private:
  void Run();
  void SendAll();
  bool SendNext(uint64_t number, absl::Duration start, absl::Duration end);
  // Events whose time came in between, sent or not.
  uint64_t DueBefore(absl::Duration start, absl::Duration end) const;

  const LoadOptions options_;
  InFlight& in_flight_;
  PublishTally& tally_;
  Clock& clock_;
  std::unique_ptr<Sender> sender_;
  uint64_t sent_ = 0;  // events; the load's thread's

  Mutex mutex_;
  CondVar changed_;
  bool sending_ ABSL_GUARDED_BY(mutex_) = true;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tocsin::cli::bench
