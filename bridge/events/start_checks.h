// start_checks.h: asks the engine whether a start can be given whole, before a response has begun.
//
// Shape:   for a GET /v1/events that would rather be refused than be told of a gap: subscribes, and
//          drops the subscription again once the engine has accepted or refused its start.
// Threads: a worker's.
// Owns:    the checks that are under way: at most kMaxChecks, and each at most for the time that a
//          handler has; after that its connection has answered, and the check is dropped.
// Errors:  what the engine refuses the start with.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "bridge/events/event_query.h"
#include "core/base/clock.h"
#include "core/stream/shard.h"

namespace tocsin::bridge {

class StartChecks {
 public:
  static constexpr size_t kMaxChecks = 1'000;  // each has a stream from the hub, or waits for one

  // `post` runs a task on the worker's thread, later.
  using Post = std::function<void(absl::AnyInvocable<void()> task)>;
  using Done = absl::AnyInvocable<void(const absl::Status&)>;

  StartChecks(Shard& shard, Clock& clock, Post post);
  ~StartChecks();
  StartChecks(const StartChecks&) = delete;
  StartChecks& operator=(const StartChecks&) = delete;

  // `done` is called later, once, or dropped. False when there are too many.
  bool Begin(const EventQuery& query, Done done);

 private:
  class Check;

  void DropOld();
  void Finish(uint64_t number);

  Shard& shard_;
  Clock& clock_;
  const Post post_;
  std::vector<std::unique_ptr<Check>> checks_;
  uint64_t next_number_ = 1;
};

}  // namespace tocsin::bridge
