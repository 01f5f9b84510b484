// follower.h: one chain of resumes: a subscription that is cut off again and again, and goes on from
// the last cursor that it was given, until it has come to the end of the run.
//
// Shape:   everything that it is told goes to the recorder in the order in which it came.
// Threads: Run blocks; the rest may be asked for once it has returned.
// Errors:  Run: UNAVAILABLE when no connection told anything for the patience; INVALID_ARGUMENT when
//          the server refuses the subscription or sends what this program does not understand;
//          NOT_FOUND when it does not know the place at which the run began: it is not of this log.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "cli/verify/feed.h"
#include "cli/verify/recorder.h"

namespace tocsin::cli::verify {

// What the run tells its followers.
struct RunState {
  std::atomic<uint64_t> end{0};       // the sequence of the last event; 0: not published yet
  std::atomic<bool> settling{false};  // nothing is cut any more
  std::atomic<bool> ended{false};     // to end, wherever one is
  absl::Duration patience;
};

struct FollowerPlan {
  std::string name;
  Ask ask;              // its `from` is the start; with a snapshot there is none
  absl::Duration wait;  // before the first connection
  std::function<std::unique_ptr<Feed>()> connect;
};

class Follower {
 public:
  Follower(FollowerPlan plan, RunState& state, Recorder& recorder);

  absl::Status Run();
  uint64_t connections() const { return connections_; }
  const std::string& name() const { return plan_.name; }

 private:
  bool Reached() const;
  // Until it is cut off, by itself or by others.
  absl::Status FollowOnce();
  bool IsAnotherHubs(const history::Record& record) const;
  void Take(history::Record& record);

  FollowerPlan plan_;
  RunState& state_;
  Recorder& recorder_;
  std::mt19937 random_;
  std::optional<Place> place_;  // the last that it was given
  uint64_t connections_ = 0;
  absl::Time heard_;  // when the last message came
};

}  // namespace tocsin::cli::verify
