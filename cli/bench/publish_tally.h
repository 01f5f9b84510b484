// publish_tally.h: what was published and what became of it: counts, latencies, errors by code.
//
// Shape:   a batch is sent, then acknowledged or refused, or never answered.
// Threads: safe: sent by the load's thread, answered on gRPC's, read by main's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "cli/bench/histogram.h"
#include "core/base/mutex.h"

namespace tocsin::cli::bench {

// Events that travel together: numbers first to first + events - 1, due (and stamped) at one time.
struct Batch {
  uint64_t first = 0;
  uint64_t events = 0;
  absl::Duration due;
};

struct PublishFigures {
  uint64_t due = 0;  // open loop: events whose time came, sent or not
  uint64_t sent = 0;
  uint64_t acknowledged = 0;
  uint64_t refused = 0;
  uint64_t bytes = 0;  // of acknowledged events, encoded
  absl::Duration first_sent;
  absl::Duration last_answer;
  absl::Duration sending_ended;
  Histogram latency;  // of acknowledged events
  std::map<std::string, uint64_t> errors;

  uint64_t unanswered() const { return sent - acknowledged - refused; }
  // From the first that was sent to the last answer, or the end of sending.
  absl::Duration elapsed() const {
    return sent == 0 ? absl::ZeroDuration() : std::max(last_answer, sending_ended) - first_sent;
  }
};

// What happened since the last look, for the progress line.
struct PublishInterval {
  uint64_t acknowledged = 0;
  Histogram latency;
};

class PublishTally {
 public:
  // One event's, as it is encoded in a request.
  explicit PublishTally(uint64_t event_bytes) : event_bytes_(event_bytes) {}

  void Sent(const Batch& batch, absl::Duration now);
  void Acknowledged(const Batch& batch, absl::Duration now);
  void Refused(const Batch& batch, const std::string& code, absl::Duration now);
  // The call or stream itself ended with an error.
  void Broken(const std::string& code);
  // Nothing more will be sent.
  void SendingEnded(uint64_t due, absl::Duration now);

  uint64_t Refusals();
  PublishInterval TakeInterval();
  PublishFigures Figures();

 private:
  void Fold() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const uint64_t event_bytes_;
  Mutex mutex_;
  // Its latencies are those before the present interval.
  PublishFigures figures_ ABSL_GUARDED_BY(mutex_);
  PublishInterval interval_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::cli::bench
