// cohorts.h: where the subscriptions of a shard are: live, behind in a cohort, or waiting.
//
// Shape:   one cohort is live: its place is the end of what the shard has seen. Others are behind and
//          read the window, or the log, in slices, in turn. Before a cohort is given a slice, those
//          whose place lies in it are merged into it; so cohorts become fewer on the way, and one
//          that reaches the live one's place becomes live. Who has no room leaves its cohort, and
//          when it has, joins one that comes by its place, or begins one.
// Threads: the shard's.
// Owns:    the cohorts and their readings of the log: ShardOptions::log_readings at the most.
// Errors:  a subscription that is refused or breaks ends with Item::kEnded, in order.
// Source:  docs/adr/0017-cohorts.md, docs/life-of-an-event.md
#pragma once

#include <deque>
#include <span>
#include <vector>

#include "core/stream/bell.h"
#include "core/stream/cohort.h"
#include "core/stream/log_queue.h"
#include "core/stream/log_reader.h"
#include "core/stream/notices.h"
#include "core/stream/pass.h"
#include "core/stream/window.h"
#include "core/stream/writer.h"

namespace tocsin {

class Cohorts {
 public:
  // `shard` is only handed on to the log's reader.
  Cohorts(Shard& shard, const Window& window, LogReader& log, Writer& writer, Notices& notices,
          Bell& bell, const ShardOptions& options, ShardStats& stats);

  // The place up to which live subscriptions have been served.
  const Cursor& position() const { return live_.place; }

  // A new subscription, or a known one with another filter, that belongs nowhere yet.
  void Begin(Subscription& subscription, const StartPoint& start);
  // It belongs nowhere any more.
  void Leave(Subscription& subscription);
  // Ends it and tells why.
  void End(Subscription& subscription, absl::Status status);
  // Takes it out of its subscriber.
  void Erase(Subscription& subscription);

  // The window's news, to the live ones.
  void Drain();
  // Slices to those that are behind, a bounded number; answers when to be called again.
  absl::Duration Serve();
  // The subscriber's outbox has been written.
  void OnRoom(Subscriber& subscriber);

  // Everything up to here has been queued for this one, or it is live.
  Cursor PlaceOf(const Subscription& subscription) const;
  // Of the cohorts and the readings, and what a pass keeps.
  size_t index_bytes() const;
  size_t pass_bytes() const { return pass_.bytes(); }

 private:
  bool SeeOpen(const Window::View& view);
  void NoticeReset(const Window::View& view);
  // Both take copies: the cohort that they were read from may be closed.
  void FallBehind(std::vector<Subscription*> members, Cursor place);

  // Joining; the place is one that the window holds.
  void Join(Subscription& subscription);
  void JoinLive(Subscription& subscription);
  Cohort* NearBefore(Sequence place) const;
  Cohort& AddCohort(const Cursor& place);
  void Close(Cohort& cohort);
  void MoveTo(Cohort& cohort, const Cursor& place);
  void WaitForLog(Subscription& subscription, const StartPoint& start);
  // Out of its cohort, at `place`; on its way again at once when there is room.
  void Park(Subscription& subscription, Cursor place);
  void Rejoin(Subscription& subscription);

  // Merging.
  void Absorb(Cohort& cohort, const Cursor& to);
  void MoveMembers(Cohort& from, Cohort& to);

  // Serving.
  void HandOut(Cohort& cohort, std::span<const EventPtr> events, const Cursor& to, Pass::Pace pace);
  void MakeReady(Cohort& cohort);
  // Runs `serve`; what throws closes the cohort's subscribers. Closes the cohort if it is empty.
  template <class ServeIt>
  void Guarded(Cohort& cohort, ServeIt serve);
  bool ServeSlice(Cohort& cohort);
  bool HasRoom(Cohort& cohort);
  bool ReadWindow(Cohort& cohort);

  // Reading the log (cohorts_log.cc).
  // Answers when to be called again, for those that find no place now.
  absl::Duration StartReadings();
  void StartReading(LogQueue::Party party);
  // Answers when that may be; in the past: now.
  absl::Duration MakeRoomForReading();
  bool WillPass(const Cursor& place) const;
  void Ask(Cohort& cohort);
  void OnSlice(Cohort& cohort, LogSlice slice);
  void TakeSlice(Cohort& cohort, const LogSlice& slice);
  void Resolve(Cohort& cohort, const LogSlice& slice);
  void TellGap(Subscription& member, const Cursor& before, const LogSlice& slice);
  void GoOn(Cohort& cohort);

  Shard& shard_;
  const Window& window_;
  LogReader& log_;
  Writer& writer_;
  Notices& notices_;
  Bell& bell_;
  const ShardOptions& options_;
  ShardStats& stats_;

  bool open_ = false;  // the window has been started
  uint64_t resets_seen_ = 0;
  Pass pass_;
  Cohort live_{Cohort::Kind::kLive};
  CohortsByPlace behind_;
  std::deque<Cohort*> ready_;
  LogQueue queue_;
  std::vector<Cohort*> readings_;
  Cohort* served_ = nullptr;  // not to be closed now
  Window::Slice slice_;
};

template <class ServeIt>
void Cohorts::Guarded(Cohort& cohort, ServeIt serve) {
  served_ = &cohort;
  try {
    serve();
  } catch (const std::exception& error) {
    for (Subscription* member : cohort.members()) {
      writer_.Fail(*member->subscriber, error.what());
    }
  }
  served_ = nullptr;
  if (cohort.empty()) {
    Close(cohort);
  }
}

}  // namespace tocsin
