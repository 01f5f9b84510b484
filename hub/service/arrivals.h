// arrivals.h: the calls whose request is on its way: how many are read at a time, and for how long.
//
// Shape:   gRPC holds what has come of a message until it is whole, up to 5 MiB. Of a call that is
//          not read it takes no more than HTTP/2's window. So kReading calls are read at a time; the
//          others wait in order. A request that comes with its call is there at once, so its call
//          has its place for a moment only. When all places are taken, Places says who gives one up;
//          but not before its request has had kSpared to come, so that of many calls at once, on a
//          busy machine, none is refused.
// Threads: its shard's.
// Owns:    nothing: an arrival is known here from Begin until Came or GiveUp.
// Bounds:  kReading messages, kWaiting calls, kWholeWithin for each. Time in which the process did
//          not run does not count.
// Errors:  DEADLINE_EXCEEDED for a call that does not come whole; UNAVAILABLE for one that gave its
//          place up; RATE_LIMIT_EXCEEDED when too many wait.
#pragma once

#include <list>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/running_time.h"
#include "core/event/limits.h"
#include "hub/service/places.h"

namespace tocsin::hub {

class Arrivals {
 public:
  // So many messages of the largest size are 160 MiB.
  static constexpr size_t kReading = 32;
  // Of each, gRPC holds HTTP/2's window of 64 KiB at most: 64 MiB.
  static constexpr size_t kWaiting = 1'000;
  // As a body over HTTP.
  static constexpr absl::Duration kWholeWithin = limits::kBodyReadTimeout;
  static constexpr absl::Duration kSpared = absl::Milliseconds(500);
  // How often those that wait are looked at. A turn of the shard counts as no more time.
  static constexpr absl::Duration kLook = absl::Milliseconds(250);

  class Arrival : public Places::Holder {
   public:
    // Starts to read the request. Came is called when it is there, or will not come.
    virtual void StartRead() = 0;
    // Ends the call.
    virtual void GiveUp(const absl::Status& status) = 0;

    // Places::Holder.
    absl::Duration idle_since() const final { return reads_since_; }
    void GiveWay() final;

   private:
    friend class Arrivals;
    Arrivals* arrivals_ = nullptr;
    absl::Duration begun_;
    absl::Duration reads_since_;
    bool known_ = false;
    std::list<Arrival*>::iterator at_;  // in all_
    bool waits_ = false;
    std::list<Arrival*>::iterator waits_at_;  // in waiting_
  };

  explicit Arrivals(Clock& clock) : clock_(clock), time_(clock.Monotonic(), kLook) {}

  // A call has come. It is read now or later, or given up.
  void Begin(Arrival& arrival);
  // The request has come, or will not: its call has ended. Nothing happens when it was given up
  // before.
  void Came(Arrival& arrival);
  // Gives up what is too late. Returns when to call it next.
  absl::Duration Tick();
  // The server takes no more calls: all that wait are read, so that they end with it.
  void ReadAll();

  size_t reading() const { return all_.size() - waiting_.size(); }
  size_t waiting() const { return waiting_.size(); }

 private:
  // False when there is no place for it.
  bool Read(Arrival& arrival);
  void ReadNext();
  void GiveUp(Arrival& arrival, const absl::Status& status);
  void Forget(Arrival& arrival);

  Clock& clock_;
  RunningTime time_;
  absl::Duration now_;
  Places places_{kReading, kSpared};
  std::list<Arrival*> all_;      // oldest first
  std::list<Arrival*> waiting_;  // first come, first read, where a place is free
  bool closing_ = false;
};

}  // namespace tocsin::hub
