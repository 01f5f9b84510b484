// Cohorts that read the log: a bounded number at a time, each for a party of those that wait.
#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/event/error.h"
#include "core/stream/cohorts.h"

namespace tocsin {

absl::Duration Cohorts::StartReadings() {
  while (!queue_.empty()) {
    if (readings_.size() >= options_.log_readings) {
      if (const absl::Duration when = MakeRoomForReading(); when > writer_.now()) {
        return when;
      }
    }
    std::optional<LogQueue::Party> party =
        queue_.Next([this](const Cursor& place) { return WillPass(place); });
    if (!party.has_value()) {
      break;
    }
    StartReading(*std::move(party));
  }
  return absl::InfiniteDuration();
}

// One that has made progress, and whose members have taken nothing for a while, lets others read.
absl::Duration Cohorts::MakeRoomForReading() {
  absl::Duration first = absl::InfiniteDuration();
  for (Cohort* cohort : readings_) {
    if (!cohort->rests_since.has_value() || cohort->reading->slices == 0) {
      continue;
    }
    const absl::Duration until = *cohort->rests_since + options_.wait_for_slower;
    if (until <= writer_.now()) {
      FallBehind(cohort->members(), cohort->place);
      return until;
    }
    first = std::min(first, until);
  }
  return first;
}

// A reading of everything that begins at or shortly before the place.
bool Cohorts::WillPass(const Cursor& place) const {
  return std::any_of(readings_.begin(), readings_.end(), [&](const Cohort* cohort) {
    return cohort->reading->filter == nullptr && IsShortlyAfter(cohort->place, place);
  });
}

void Cohorts::StartReading(LogQueue::Party party) {
  const Cursor* const cursor = std::get_if<Cursor>(&party.start);
  Cohort& cohort = AddCohort(cursor != nullptr ? *cursor : Cursor{});
  for (Subscription* member : party.members) {
    cohort.Add(*member);
  }
  const bool alone = party.members.size() == 1 && !party.others_follow;
  cohort.reading = std::make_unique<Reading>();
  cohort.reading->start = party.start;
  cohort.reading->filter = alone ? party.members.front()->filter : nullptr;
  readings_.push_back(&cohort);
  Guarded(cohort, [&] {
    cohort.reading->catch_up =
        log_.Open(shard_, party.start, cohort.reading->filter,
                  [this, &cohort](LogSlice slice) { OnSlice(cohort, std::move(slice)); });
    Ask(cohort);
  });
}

void Cohorts::Ask(Cohort& cohort) {
  cohort.reading->asked = true;
  cohort.reading->catch_up->Next(options_.replay_events, options_.replay_bytes);
}

// Comes only while the reading's CatchUp lives, and with it the cohort.
void Cohorts::OnSlice(Cohort& cohort, LogSlice slice) {
  TOCSIN_CHECK(cohort.reading != nullptr && cohort.reading->asked);
  cohort.reading->asked = false;
  ++cohort.reading->slices;
  Guarded(cohort, [&] { TakeSlice(cohort, slice); });
}

void Cohorts::TakeSlice(Cohort& cohort, const LogSlice& slice) {
  if (!slice.status.ok()) {
    while (!cohort.empty()) {
      End(*cohort.members().back(), slice.status);
    }
    return;
  }
  if (!cohort.reading->resolved || slice.gap.has_value()) {
    Resolve(cohort, slice);
  }
  HandOut(cohort, slice.events, slice.to, Pass::Pace::kBehind);
  GoOn(cohort);
}

// The log has said where the start is, or that something is missing.
void Cohorts::Resolve(Cohort& cohort, const LogSlice& slice) {
  const bool first = !cohort.reading->resolved;
  const Cursor before = cohort.place;
  cohort.reading->resolved = true;
  MoveTo(cohort, slice.from);
  const std::vector<Subscription*> members = cohort.members();
  for (Subscription* member : members) {
    if (first) {
      member->place = slice.from;
    }
    if (slice.gap.has_value()) {
      TellGap(*member, before, slice);
    } else if (!member->announced) {
      notices_.Subscribed(*member, slice.from, /*recovered=*/true);
    }
  }
}

// Of a member that joined on the way, the part of the gap that lies after its own place.
void Cohorts::TellGap(Subscription& member, const Cursor& before, const LogSlice& slice) {
  if (member.place.sequence > slice.gap->to.sequence) {
    return;
  }
  if (!member.notify_on_gap) {
    return End(member, GapError(*slice.gap, slice.earliest, slice.latest));
  }
  if (!member.announced) {
    notices_.Subscribed(member, slice.from, /*recovered=*/false);
  }
  Gap gap = *slice.gap;
  const bool joined_later = member.place != slice.from && member.place.epoch == before.epoch &&
                            member.place.sequence > gap.from.sequence;
  if (joined_later) {
    gap.from = member.place;
  }
  notices_.HasGap(member, gap);
  member.place = slice.from;
}

void Cohorts::GoOn(Cohort& cohort) {
  const bool has_had_its_turn = cohort.reading->slices >= options_.slices_per_reading;
  if (!queue_.empty() && has_had_its_turn && !window_.Holds(cohort.place)) {
    FallBehind(cohort.members(), cohort.place);
  } else {
    MakeReady(cohort);
  }
}

}  // namespace tocsin
