#include "core/stream/backlog.h"

#include <algorithm>

namespace tocsin {

absl::Duration Backlog::Serve() {
  absl::Duration due = readings_.Start();
  size_t slices = 0;
  // Serving one cohort may merge others into it, so the queue may become shorter meanwhile.
  for (size_t left = cohorts_.ready().size();
       left > 0 && !cohorts_.ready().empty() && slices < options_.slices_per_turn; --left) {
    Cohort& cohort = cohorts_.TakeReady();
    delivery_.Guarded(cohort, [&] { slices += ServeSlice(cohort) ? 1 : 0; });
  }
  bool all_wait = true;
  for (const Cohort* cohort : cohorts_.ready()) {
    if (cohort->wait_until.has_value()) {
      due = std::min(due, *cohort->wait_until);
    } else {
      all_wait = false;
    }
  }
  if (!all_wait) {
    bell_.Wake();
  }
  return due;
}

bool Backlog::ServeSlice(Cohort& cohort) {
  if (cohort.reading != nullptr && cohort.reading->asked) {
    return false;
  }
  if (!HasRoom(cohort)) {
    return false;
  }
  if (ReadWindow(cohort)) {
    return true;
  }
  if (cohort.reading != nullptr) {
    readings_.Ask(cohort);
  } else {
    placement_.FallBehind(cohort.members(), cohort.place);  // out of the window: to the log
  }
  return true;
}

// Members that have room wait a little for those that have none, and then leave them behind.
bool Backlog::HasRoom(Cohort& cohort) {
  const std::vector<Subscription*>& members = cohort.members();
  const auto with = static_cast<size_t>(std::count_if(
      members.begin(), members.end(),
      [&](const Subscription* member) { return writer_.HasRoom(*member->subscriber); }));
  if (with == 0 && !cohort.rests_since.has_value()) {
    cohort.rests_since = writer_.now();
  }
  if (with == members.size() || with == 0) {
    cohort.wait_until.reset();
    return with == members.size();
  }
  if (!cohort.wait_until.has_value()) {
    cohort.wait_until = writer_.now() + options_.wait_for_slower;
  }
  if (writer_.now() < *cohort.wait_until) {
    cohorts_.PutBack(cohort);
    return false;
  }
  cohort.wait_until.reset();
  LeaveThoseWithoutRoom(cohort);
  return true;
}

void Backlog::LeaveThoseWithoutRoom(Cohort& cohort) {
  const std::vector<Subscription*> members = cohort.members();
  for (Subscription* member : members) {
    if (!writer_.HasRoom(*member->subscriber)) {
      placement_.Park(*member, cohort.place);
    }
  }
}

bool Backlog::ReadWindow(Cohort& cohort) {
  if (!window_.Holds(cohort.place)) {
    return false;
  }
  if (cohort.reading != nullptr) {
    cohorts_.EndReading(cohort);
  }
  const Cohort& live = cohorts_.live();
  if (cohort.place.sequence < live.place.sequence) {
    Window::Slice slice;
    if (window_.Read(cohort.place, live.place, options_.write_events, options_.write_bytes,
                     slice) != Window::Outcome::kRead) {
      return false;
    }
    delivery_.HandOut(cohort, slice.events, slice.to, Pass::Pace::kBehind);
  }
  if (cohort.place.sequence >= live.place.sequence) {
    placement_.MoveMembers(cohort, cohorts_.live());
  } else {
    cohorts_.MakeReady(cohort);
  }
  return true;
}

}  // namespace tocsin
