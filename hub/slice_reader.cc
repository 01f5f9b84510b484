#include "hub/slice_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/text.h"

namespace tocsin::hub {
namespace {

constexpr Sequence kProbeOneByOne = 4'096;

// How far a client's clock may be ahead of the hub's: a start so little in the future is now.
constexpr absl::Duration kClockSkew = absl::Minutes(1);

// The log cannot tell which of the events to come will be the first one then.
absl::Status CheckTime(absl::Time start, absl::Time now) {
  if (start <= now + kClockSkew) {
    return absl::OkStatus();
  }
  return FieldError(ErrorCode::kInvalidMessage, "",
                    absl::StrCat("a stream cannot begin in the future, at ",
                                 FormatStartPoint(start), ": it is ", FormatStartPoint(now)),
                    {"a time up to now", "\"latest\""});
}

// DATA_LOSS and CURSOR_EXPIRED are about the place; all else is about the log.
absl::StatusOr<bool> CanReadAfter(const Log& log, Sequence place) {
  const auto read = log.Read(place, 1, 1);
  if (read.ok()) {
    return true;
  }
  return absl::IsDataLoss(read.status()) || absl::IsOutOfRange(read.status())
             ? absl::StatusOr<bool>(false)
             : read.status();
}

// Moves the reading on past a gap, which grows when there is one already.
void Skip(SliceReader::Reading& reading, GapReason reason, const Cursor& to, LogSlice& slice) {
  if (!slice.gap) {
    slice.gap = Gap{reason, reading.place, to};
  }
  slice.gap->to = to;
  reading.place = slice.from = to;
  if (Planted("gap-not-told")) slice.gap.reset();
}

}  // namespace

absl::StatusOr<Sequence> NextReadable(const Log& log, Sequence place) {
  const Sequence end = log.extent().latest.sequence;
  Sequence bad = place;
  Sequence good = place;
  bool found = false;
  for (Sequence step = 1; !found && good < end;
       step = good - place < kProbeOneByOne ? 1 : step * 2) {
    bad = good;
    good = std::min(good + step, end);
    ASSIGN_OR_RETURN(found, CanReadAfter(log, good));
  }
  while (good - bad > 1) {
    const Sequence middle = bad + (good - bad) / 2;
    ASSIGN_OR_RETURN(const bool readable, CanReadAfter(log, middle));
    (readable ? good : bad) = middle;
  }
  return good;
}

LogSlice SliceReader::Read(Reading& reading, size_t max_events, size_t max_bytes) const {
  LogSlice slice;
  const LogExtent extent = log_.extent();
  const Cursor end = End(extent);
  slice.earliest = extent.earliest;
  slice.latest = end;
  slice.status = Begin(reading, extent, slice);
  if (!slice.status.ok()) {
    return slice;
  }
  const absl::StatusOr<Sequence> looked_at = Fill(reading, max_events, max_bytes, slice);
  slice.status = looked_at.status();
  if (looked_at.ok()) {
    Finish(reading, *looked_at, end, slice);
  }
  return slice;
}

Cursor SliceReader::End(const LogExtent& extent) const {
  const Window::View view = window_.view();
  return view.open && view.head.sequence < extent.latest.sequence ? view.head : extent.latest;
}

absl::StatusOr<ResolvedStart> SliceReader::Resolve(const StartPoint& start, LogExtent extent,
                                                   LogSlice& slice) const {
  Sequence place = 0;
  if (const auto* const time = std::get_if<absl::Time>(&start)) {
    RETURN_IF_ERROR(CheckTime(*time, clock_.Now()));
    ASSIGN_OR_RETURN(place, log_.PlaceAt(*time));
    extent = log_.extent();  // only now: what was trimmed before the place was found is a gap
    slice.earliest = extent.earliest;
  }
  const bool from_end = std::holds_alternative<Latest>(start);
  return ResolveStart(from_end ? StartPoint(End(extent)) : start, extent, log_.epochs(),
                      [place](absl::Time) { return place; });
}

absl::Status SliceReader::Begin(Reading& reading, const LogExtent& extent, LogSlice& slice) const {
  if (!reading.begun) {
    ASSIGN_OR_RETURN(ResolvedStart resolved, Resolve(reading.start, extent, slice));
    reading.begun = true;
    reading.place = resolved.from;
    slice.gap = std::move(resolved.gap);
  }
  slice.from = reading.place;
  return absl::OkStatus();
}

absl::StatusOr<LogMatches> SliceReader::ReadFrom(const Reading& reading, size_t max_events,
                                                 size_t max_bytes) const {
  const Sequence after = reading.place.sequence;
  if (reading.filter != nullptr) {
    return log_.ReadMatching(after, max_events, max_bytes, *reading.filter);
  }
  ASSIGN_OR_RETURN(std::vector<EventPtr> events, log_.Read(after, max_events, max_bytes));
  const Sequence looked_at = events.empty() ? after : events.back()->cursor.sequence;
  return LogMatches{std::move(events), looked_at};
}

absl::StatusOr<Sequence> SliceReader::Fill(Reading& reading, size_t max_events, size_t max_bytes,
                                           LogSlice& slice) const {
  while (true) {
    auto read = ReadFrom(reading, max_events, max_bytes);
    if (read.ok()) {
      slice.events = std::move(read->events);
      return read->looked_at;
    }
    if (absl::IsOutOfRange(read.status())) {
      slice.earliest = log_.extent().earliest;
      Skip(reading, GapReason::kExpired, slice.earliest, slice);
    } else if (absl::IsDataLoss(read.status()) && !slice.gap) {
      ASSIGN_OR_RETURN(const Sequence next, NextReadable(log_, reading.place.sequence));
      Skip(reading, GapReason::kDamaged, log_.epochs().PlaceAfter(next), slice);
    } else if (absl::IsDataLoss(read.status())) {
      return reading.place.sequence;  // a gap of its own, in the next slice
    } else {
      return read.status();
    }
  }
}

void SliceReader::Finish(Reading& reading, Sequence looked_at, const Cursor& end,
                         LogSlice& slice) const {
  std::vector<EventPtr>& events = slice.events;
  while (!events.empty() && events.back()->cursor.sequence > end.sequence) {
    events.pop_back();
  }
  reading.place =
      log_.epochs().PlaceAfter(std::max(reading.place.sequence, std::min(looked_at, end.sequence)));
  slice.to = reading.place;
}

}  // namespace tocsin::hub
