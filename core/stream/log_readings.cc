#include "core/stream/log_readings.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/base/planted.h"

namespace tocsin {

absl::Duration LogReadings::Start() {
  while (!queue_.empty()) {
    if (cohorts_.readings().size() >= options_.log_readings) {
      if (const absl::Duration when = MakeRoom(); when > writer_.now()) {
        return when;
      }
    }
    std::optional<LogQueue::Party> party =
        queue_.Next([this](const Cursor& place) { return WillPass(place); });
    if (!party.has_value()) {
      break;
    }
    StartOne(*std::move(party));
  }
  return absl::InfiniteDuration();
}

// A reading that has made progress, and whose members have taken nothing for a while, gives way.
absl::Duration LogReadings::MakeRoom() {
  absl::Duration first = absl::InfiniteDuration();
  for (Cohort* cohort : cohorts_.readings()) {
    if (!cohort->rests_since.has_value() || cohort->reading->slices == 0) {
      continue;
    }
    const absl::Duration until = *cohort->rests_since + options_.wait_for_slower;
    if (until <= writer_.now()) {
      placement_.FallBehind(cohort->members(), cohort->place);
      return until;
    }
    first = std::min(first, until);
  }
  return first;
}

// True when a reading of everything begins at the place, or shortly before it.
bool LogReadings::WillPass(const Cursor& place) const {
  const auto& readings = cohorts_.readings();
  return std::any_of(readings.begin(), readings.end(), [&](const Cohort* cohort) {
    return !cohort->reads_filtered() && IsShortlyAfter(cohort->place, place);
  });
}

void LogReadings::StartOne(LogQueue::Party party) {
  const Cursor* const cursor = std::get_if<Cursor>(&party.start);
  Cohort& cohort = cohorts_.Add(cursor != nullptr ? *cursor : Cursor{});
  for (Subscription* member : party.members) {
    cohort.Add(*member);
  }
  const bool alone = party.members.size() == 1 && !party.others_follow;
  auto reading = std::make_unique<Reading>();
  reading->start = party.start;
  reading->filter = alone ? party.members.front()->filter : nullptr;
  cohorts_.BeginReading(cohort, std::move(reading));
  delivery_.Guarded(cohort, [&] {
    cohort.reading->catch_up =
        log_.Open(shard_, party.start, cohort.reading->filter,
                  [this, &cohort](LogSlice slice) { OnSlice(cohort, std::move(slice)); });
    Ask(cohort);
  });
}

void LogReadings::Ask(Cohort& cohort) {
  cohort.reading->asked = true;
  cohort.reading->catch_up->Next(options_.replay_events, options_.replay_bytes);
}

// Called only while the reading's CatchUp lives, and with it the cohort.
void LogReadings::OnSlice(Cohort& cohort, LogSlice slice) {
  TOCSIN_CHECK(cohort.reading != nullptr && cohort.reading->asked);
  cohort.reading->asked = false;
  ++cohort.reading->slices;
  delivery_.Guarded(cohort, [&] { TakeSlice(cohort, slice); });
}

void LogReadings::TakeSlice(Cohort& cohort, const LogSlice& slice) {
  if (!slice.status.ok()) {
    while (!cohort.empty()) {
      placement_.End(*cohort.members().back(), slice.status);
    }
    return;
  }
  if (!cohort.reading->resolved || slice.gap.has_value()) {
    Resolve(cohort, slice);
  }
  delivery_.HandOut(cohort, slice.events, slice.to, Pass::Pace::kBehind);
  GoOn(cohort);
}

// The log has said where the start is, or that something is missing.
void LogReadings::Resolve(Cohort& cohort, const LogSlice& slice) {
  const bool first = !cohort.reading->resolved;
  const Cursor before = cohort.place;
  cohort.reading->resolved = true;
  cohorts_.Move(cohort, slice.from);
  const std::vector<Subscription*> members = cohort.members();
  for (Subscription* member : members) {
    if (!member->announced) {
      Begin(*member, slice);
      continue;
    }
    if (first) {
      member->place = slice.from;
    }
    if (slice.gap.has_value()) {
      TellGap(*member, before, slice);
    }
  }
}

// A start is that of the ordinary events. Where the urgent ones were given up to another place, they
// go on from there, and it is for the log to say whether that place is one of its own.
void LogReadings::Begin(Subscription& member, const LogSlice& slice) {
  const Cursor urgent = member.place;
  const bool missing = slice.gap.has_value() && urgent.sequence > slice.gap->from.sequence &&
                       urgent.sequence <= slice.gap->to.sequence;
  const bool apart = member.rest != nullptr && member.rest->place != urgent && !missing;
  if (apart) {
    placement_.Leave(member);
  }
  member.place = apart ? urgent : slice.from;
  if (member.rest != nullptr) {
    member.rest->place = slice.from;
  }
  if (slice.gap.has_value() && !member.notify_on_gap) {
    return placement_.End(member, GapError(*slice.gap, slice.earliest, slice.latest));
  }
  notices_.Subscribed(member, slice.from, /*recovered=*/!slice.gap.has_value());
  if (slice.gap.has_value()) {
    notices_.HasGap(member, *slice.gap);
  }
  if (apart) {
    placement_.GoOn(member);
  }
}

// A member that joined on the way is told only the part of the gap that lies after its own place.
// Where the log now ends before the place that was read up to, no member's place is left.
void LogReadings::TellGap(Subscription& member, const Cursor& before, const LogSlice& slice) {
  const bool ends_earlier =
      slice.gap->to.sequence < slice.gap->from.sequence && !Planted("earlier-end-not-told");
  if (!ends_earlier && member.place.sequence > slice.gap->to.sequence) {
    return;
  }
  writer_.GiveStretch(member);
  if (!member.notify_on_gap) {
    return placement_.End(member, GapError(*slice.gap, slice.earliest, slice.latest));
  }
  Gap gap = *slice.gap;
  const bool joined_later = member.place != slice.from && member.place.epoch == before.epoch &&
                            member.place.sequence > gap.from.sequence;
  if (joined_later) {
    gap.from = member.place;
  }
  member.place = slice.from;
  notices_.HasGap(member, gap);
}

void LogReadings::GoOn(Cohort& cohort) {
  // The first slice may only say where the start is.
  const bool has_had_its_turn = cohort.reading->slices > options_.slices_per_reading;
  if (!queue_.empty() && has_had_its_turn && !window_.Holds(cohort.place)) {
    placement_.FallBehind(cohort.members(), cohort.place);
  } else {
    cohorts_.MakeReady(cohort);
  }
}

}  // namespace tocsin
