// deliveries.h: counts what the subscribers received: how many, how late, what is missing, and who
// was disconnected.
//
// Shape:   a subscriber opens, is ready, ends. The events of the run are checked by their stamps'
//          numbers; when only listening, by the hub's sequences, which must rise.
// Threads: safe: the subscribers' thread reports, main's reads and waits.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "cli/bench/bench_event.h"
#include "cli/bench/histogram.h"
#include "cli/bench/in_flight.h"
#include "cli/bench/sequence_check.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"

namespace tocsin::cli::bench {

// One event that came to one subscriber.
struct Delivery {
  Stamp stamp;  // of an event of the run
  // Of any event, when listening.
  uint64_t sequence = 0;
  absl::Time accepted;  // by the hub's clock
};

// Why a subscriber will receive nothing more.
struct SubscriberEnd {
  std::string code;  // to count by: "UNAVAILABLE", "CLOSE_1013"
  int exit_code = 0;
  std::string text;  // for people
};

struct DeliveryFigures {
  uint64_t ready = 0;         // subscribers that got that far
  uint64_t deliveries = 0;    // each event counts once for each subscriber
  uint64_t bytes = 0;         // as received: protobuf, or JSON
  uint64_t foreign = 0;       // events that the filter should have held back
  uint64_t lost = 0;          // of subscribers that stayed to the end
  uint64_t out_of_order = 0;  // came after an event that was published later
  uint64_t duplicates = 0;
  uint64_t gaps = 0;  // told by the hub
  uint64_t disconnected = 0;
  absl::Duration last;  // when the last one came
  Histogram latency;
  std::map<std::string, uint64_t> errors;
};

struct DeliveryInterval {
  uint64_t deliveries = 0;
  Histogram latency;
};

class Deliveries {
 public:
  // What was published, as the publisher's answers tell.
  struct Published {
    uint64_t answered = 0;  // the first so many numbers are known to be in the log, or refused
    uint64_t refused = 0;   // of those
  };

  Deliveries(uint64_t subscribers, bool listening, InFlight& in_flight, Clock& clock);

  // From the subscribers' thread.
  void Ready(uint64_t subscriber);
  void Take(uint64_t subscriber, std::span<const Delivery> events, uint64_t bytes);
  void TakeForeign(uint64_t subscriber);
  void TakeGap(uint64_t subscriber);
  void Ended(uint64_t subscriber, const SubscriberEnd& end);
  // Ends of streams from now on do not count as disconnections.
  void Closing();

  // False when not all are ready or ended after that time.
  bool WaitOpened(absl::Duration most);
  // False when some are still there after that time.
  bool WaitAllEnded(absl::Duration most);
  uint64_t ready();
  uint64_t alive();
  // Of the first subscriber that ended; empty when none has.
  SubscriberEnd first_end();
  // True when every living subscriber has all of what was published; false when for `quiet` nothing
  // came, or after `most`.
  bool WaitForAll(const Published& published, absl::Duration quiet, absl::Duration most);

  DeliveryInterval TakeInterval();
  DeliveryFigures Figures(const Published& published);

 private:
  struct Subscriber {
    SequenceCheck check;
    uint64_t last_sequence = 0;
    bool ready = false;
    bool ended = false;
  };
  void Check(Subscriber& subscriber, const Delivery& event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Fold() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  uint64_t Lost(const Published& published) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const bool listening_;
  InFlight& in_flight_;
  Clock& clock_;
  Mutex mutex_;
  CondVar changed_;
  std::vector<Subscriber> subscribers_ ABSL_GUARDED_BY(mutex_);
  uint64_t ended_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  SubscriberEnd first_end_ ABSL_GUARDED_BY(mutex_);
  DeliveryFigures figures_ ABSL_GUARDED_BY(mutex_);  // without the interval's latencies
  DeliveryInterval interval_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::cli::bench
