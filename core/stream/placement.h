// placement.h: which cohort each subscription of a shard belongs to.
//
// Shape:   a subscription is a member of the live cohort or of one that is behind, or waits in the
//          log queue for a reading, or waits for room in its peer's outbox: then it belongs
//          nowhere. Only this class moves one from one state to another. One with priority is split
//          in two while it is behind: the part that gives ordinary events belongs nowhere until the
//          part that gives urgent ones is live, and again whenever that one falls behind.
// Threads: the shard's.
// Owns:    nothing.
// Errors:  a subscription that is refused or breaks ends with Item::kEnded, in order.
// Source:  docs/adr/0017-cohorts.md
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "core/stream/cohort_table.h"
#include "core/stream/log_queue.h"
#include "core/stream/notices.h"
#include "core/stream/shard_options.h"
#include "core/stream/window.h"
#include "core/stream/writer.h"

namespace tocsin {

// Where a subscription that belongs nowhere would begin again: its place, or while that is not known
// what was asked for; and up to where it was given the urgent events, where that is another place.
std::pair<StartPoint, std::optional<Cursor>> StartAgain(const Subscription& subscription);

class Placement {
 public:
  Placement(CohortTable& cohorts, LogQueue& queue, const Window& window, Writer& writer,
            Notices& notices, Bell& bell, ShardStats& stats)
      : cohorts_(cohorts),
        queue_(queue),
        window_(window),
        writer_(writer),
        notices_(notices),
        bell_(bell),
        stats_(stats) {}

  // Places a new subscription, or a known one with another filter, that belongs nowhere yet.
  // `urgent`: the start is that of the ordinary events, and urgent ones were given up to here.
  void Begin(Subscription& subscription, const StartPoint& start, std::optional<Cursor> urgent);
  // It goes on with another filter from the place that it has reached. Its subscriber is told what
  // it still has to be told, but not of this.
  void Refilter(Subscription& subscription, FilterPtr filter);
  // Places one that belongs nowhere where its own place is.
  void GoOn(Subscription& subscription);
  // Takes it out of where it is; it keeps the place that it has reached. A whole one leaves with
  // its rest.
  void Leave(Subscription& subscription);
  // Ends it, or what it is part of, and tells its subscriber why.
  void End(Subscription& part, absl::Status status);
  // Takes it out of its subscriber and destroys it.
  void Erase(Subscription& subscription);

  // Takes it out of its cohort, of whose events it has been given all up to `place`. Where its peer
  // has room, it is placed again at once.
  void Park(Subscription& subscription, Cursor place);
  // Parks all of them. Takes copies, because the cohort that they were read from may be closed.
  void FallBehind(std::vector<Subscription*> members, Cursor place);
  // The subscriber's outbox has been written.
  void OnRoom(Subscriber& subscriber);

  // Moves into the cohort, before it is given its events up to `to`, those whose places lie between
  // the two: members of other cohorts, and those that wait for the log.
  void Absorb(Cohort& cohort, const Cursor& to);
  // Moves all members from one cohort to the other.
  void MoveMembers(Cohort& from, Cohort& to);

  // Once a turn, after those behind were served: looks at split subscriptions whose urgent part is
  // live. The rest of each begins to read, or is one with it again where it has reached its place.
  void JoinParts();

 private:
  void Split(Subscription& subscription);
  void HasRoomAgain(Cohort& cohort);
  void AddJoining(Subscription& subscription);
  void JoinPart(Subscription& subscription);
  void Unite(Subscription& subscription);
  // The window holds the subscription's place.
  void Join(Subscription& subscription);
  void JoinLive(Subscription& subscription);
  void WaitForLog(Subscription& subscription, const StartPoint& start);

  CohortTable& cohorts_;
  LogQueue& queue_;
  const Window& window_;
  Writer& writer_;
  Notices& notices_;
  Bell& bell_;
  ShardStats& stats_;
  std::vector<Subscription*> joining_;
};

}  // namespace tocsin
