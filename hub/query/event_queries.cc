#include "hub/query/event_queries.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/wire.h"
#include "hub/log/log_codec.h"
#include "hub/query/incident_queries.h"
#include "hub/query/page_token.h"
#include "hub/start_resolver.h"

namespace tocsin::hub {
namespace {

// Read at a time.
constexpr size_t kSliceEvents = 512;
constexpr size_t kReadBytes = 4 * limits::kMiB;

std::string QueryText(const EventListing& listing) {
  return absl::StrCat("events ", FormatStartPoint(listing.from), " ", FormatStartPoint(listing.to),
                      listing.newest_first ? " newest " : " oldest ", listing.filter->key());
}

absl::Status NotHeld(std::string_view field, const Cursor& cursor, const LogExtent& extent) {
  ErrorDetails details;
  details.field = std::string(field);
  details.earliest = FormatCursor(extent.earliest);
  details.latest = FormatCursor(extent.latest);
  return MakeError(ErrorCode::kCursorExpired,
                   absl::StrCat(ToAbsl(field), ": not all events from ", FormatCursor(cursor),
                                " on are held; the earliest cursor is ", details.earliest),
                   details);
}

// The incidents that every event which matches is about; none where the filter does not name a few.
std::vector<std::string> NamedIncidents(const Filter& filter) {
  std::vector<std::string> named;
  for (const Clause& clause : filter.clauses()) {
    const auto& ids = clause.proto().incident_ids();
    const auto count = static_cast<size_t>(ids.size());
    if (count > 0 && count <= kLinkedIncidents && (named.empty() || count < named.size())) {
      named.assign(ids.begin(), ids.end());
    }
  }
  return named;
}

}  // namespace

// What is gathered, and how far it has been looked.
class EventQueries::Page {
 public:
  Page(const EventListing& listing, const Range& range) : listing_(listing), range_(range) {}

  const Filter& filter() const { return *listing_.filter; }
  const Range& range() const { return range_; }
  size_t room() const { return kLookedAtEvents - looked_at_; }
  // Whether nothing more is to be looked at for this page.
  bool full() const {
    return range_.after >= range_.last || looked_at_ >= kLookedAtEvents ||
           looked_at_bytes_ >= kLookedAtBytes || response_.events_size() >= Limit() ||
           bytes_ >= kPageBytes;
  }
  // Of one that matches. False when it is left to the next page.
  absl::StatusOr<bool> Add(const EventRecord& event) {
    if (response_.events_size() >= Limit() || bytes_ >= kPageBytes) {
      return false;
    }
    ASSIGN_OR_RETURN(*response_.add_events(), DecodeEventField(event.payload));
    bytes_ += event.payload.size();
    LookedAtUpTo(event.cursor.sequence);
    return true;
  }
  // All of the range up to it, from the side where the page begins.
  void LookedAtUpTo(Sequence sequence) {
    if (listing_.newest_first) {
      range_.last = std::min(range_.last, sequence - 1);
    } else {
      range_.after = std::max(range_.after, std::min(sequence, range_.last));
    }
  }
  void Count(size_t events, size_t bytes) {
    looked_at_ += events;
    looked_at_bytes_ += bytes;
  }
  v1::ListEventsResponse Finish() {
    response_.set_cursor(FormatCursor(range_.end));
    if (range_.after < range_.last) {
      std::string place;
      for (const uint64_t number :
           {range_.after, range_.last, range_.end.epoch, range_.end.sequence}) {
        PutU64(place, number);
      }
      response_.set_next_page_token(SealPageToken(place, QueryText(listing_)));
    }
    return std::move(response_);
  }

 private:
  int Limit() const { return static_cast<int>(listing_.limit); }

  const EventListing& listing_;
  Range range_;  // what is left of it
  size_t looked_at_ = 0;
  size_t looked_at_bytes_ = 0;
  size_t bytes_ = 0;  // of the page's events
  v1::ListEventsResponse response_;
};

absl::StatusOr<v1::ListEventsResponse> EventQueries::List(const EventListing& listing) const {
  Range range;
  if (listing.page_token.empty()) {
    ASSIGN_OR_RETURN(range, FirstRange(listing));
  } else {
    ASSIGN_OR_RETURN(const std::string place,
                     OpenPageToken(listing.page_token, QueryText(listing)));
    std::string_view in = place;
    if (!TakeU64(in, range.after) || !TakeU64(in, range.last) || !TakeU64(in, range.end.epoch) ||
        !TakeU64(in, range.end.sequence)) {
      return PageTokenError();
    }
    RETURN_IF_ERROR(GoOn(listing, range));
  }
  Page page(listing, range);
  if (const auto named = NamedIncidents(*listing.filter); !named.empty()) {
    ASSIGN_OR_RETURN(const auto linked, LinkedEvents(named, range));
    if (linked) {
      RETURN_IF_ERROR(ReadLinked(*linked, listing.newest_first, page));
      return page.Finish();
    }
  }
  RETURN_IF_ERROR(listing.newest_first ? ReadBackward(page) : ReadForward(page));
  return page.Finish();
}

// Retention may have taken of the range. Who asked for what is held is given what is held.
absl::Status EventQueries::GoOn(const EventListing& listing, Range& range) const {
  const LogExtent extent = log_.extent();
  if (range.after >= extent.earliest.sequence) {
    return absl::OkStatus();
  }
  if (!std::holds_alternative<Earliest>(listing.from)) {
    return NotHeld("from", log_.epochs().PlaceAfter(range.after), extent);
  }
  range.after = extent.earliest.sequence;
  range.last = std::max(range.last, range.after);
  return absl::OkStatus();
}

absl::StatusOr<EventQueries::Range> EventQueries::FirstRange(const EventListing& listing) const {
  const LogExtent extent = log_.extent();
  ASSIGN_OR_RETURN(const ResolvedStart start,
                   ResolveStart(listing.from, extent, log_.epochs(),
                                [this](absl::Time time) { return log_.PlaceAt(time); }));
  if (start.gap) {
    return NotHeld("from", start.gap->from, extent);
  }
  Range range{.after = start.from.sequence};
  ASSIGN_OR_RETURN(const Sequence last, EndOf(listing.to, extent));
  range.last = std::max(range.after, last);
  range.end = log_.epochs().PlaceAfter(range.last);
  return range;
}

// A time's own events belong to the range. An end before what is held leaves nothing of it.
absl::StatusOr<Sequence> EventQueries::EndOf(const StartPoint& to, const LogExtent& extent) const {
  if (const auto* const time = std::get_if<absl::Time>(&to)) {
    return log_.PlaceAt(*time + absl::Microseconds(1));
  }
  const auto* const cursor = std::get_if<Cursor>(&to);
  if (cursor == nullptr) {
    return extent.latest.sequence;
  }
  const auto life = log_.epochs().Find(cursor->epoch, extent.latest.sequence);
  if (!life || cursor->sequence < life->before || cursor->sequence > life->last) {
    return NotHeld("to", *cursor, extent);
  }
  return cursor->sequence;
}

absl::StatusOr<std::optional<std::vector<Sequence>>> EventQueries::LinkedEvents(
    std::span<const std::string> incidents, const Range& range) const {
  std::vector<Sequence> linked;
  size_t followed = 0;
  for (const std::string& id : incidents) {
    ASSIGN_OR_RETURN(const IncidentPtr incident, log_.GetIncident(id));
    // One that is not known may have been, and its events may be held still.
    if (incident == nullptr) {
      return std::optional<std::vector<Sequence>>();
    }
    for (Sequence at = incident->last_sequence; at > range.after; ++followed) {
      if (followed >= kLookedAtEvents) {
        return std::optional<std::vector<Sequence>>();
      }
      if (at <= range.last) {
        linked.push_back(at);
      }
      ASSIGN_OR_RETURN(at, log_.PreviousOfIncident(at));
    }
  }
  std::sort(linked.begin(), linked.end());
  return std::optional(std::move(linked));
}

absl::Status EventQueries::ReadLinked(const std::vector<Sequence>& linked, bool newest_first,
                                      Page& page) const {
  for (size_t i = 0; i < linked.size() && !page.full(); ++i) {
    const Sequence at = newest_first ? linked[linked.size() - 1 - i] : linked[i];
    ASSIGN_OR_RETURN(const std::vector<EventPtr> read, log_.Read(at - 1, 1, 1));
    if (read.empty()) {
      return absl::DataLossError(absl::StrCat("event ", at, " is missing"));
    }
    page.Count(1, read.front()->payload.size());
    if (page.filter().Matches(read.front()->facts)) {
      ASSIGN_OR_RETURN(const bool added, page.Add(*read.front()));
      if (!added) {
        return absl::OkStatus();
      }
    }
    page.LookedAtUpTo(at);
  }
  if (!page.full()) {
    page.LookedAtUpTo(newest_first ? page.range().after + 1 : page.range().last);
  }
  return absl::OkStatus();
}

absl::Status EventQueries::ReadForward(Page& page) const {
  while (!page.full()) {
    const Sequence after = page.range().after;
    ASSIGN_OR_RETURN(
        const LogMatches read,
        log_.ReadMatching(after, std::min(kSliceEvents, page.room()), kReadBytes, page.filter()));
    if (read.looked_at == after) {
      return absl::DataLossError(absl::StrCat("event ", after + 1, " is missing"));
    }
    for (const EventPtr& event : read.events) {
      if (event->cursor.sequence > page.range().last) {
        break;
      }
      ASSIGN_OR_RETURN(const bool added, page.Add(*event));
      if (!added) {
        return absl::OkStatus();
      }
    }
    page.Count(read.looked_at - after, 0);
    page.LookedAtUpTo(read.looked_at);
  }
  return absl::OkStatus();
}

// In steps back, each read forward; a step of large events, which is not read whole, is made the
// shorter.
absl::Status EventQueries::ReadBackward(Page& page) const {
  size_t step = kSliceEvents;
  while (!page.full()) {
    const Sequence last = page.range().last;
    step = std::min({step, page.room(), static_cast<size_t>(last - page.range().after)});
    ASSIGN_OR_RETURN(LogMatches read,
                     log_.ReadMatching(last - step, step, kReadBytes, page.filter()));
    if (read.looked_at == last - step) {
      return absl::DataLossError(absl::StrCat("event ", last - step + 1, " is missing"));
    }
    if (read.looked_at < last) {
      step = (step + 1) / 2;
      continue;
    }
    std::reverse(read.events.begin(), read.events.end());
    for (const EventPtr& event : read.events) {
      ASSIGN_OR_RETURN(const bool added, page.Add(*event));
      if (!added) {
        return absl::OkStatus();
      }
    }
    page.Count(step, 0);
    page.LookedAtUpTo(last - step + 1);
  }
  return absl::OkStatus();
}

}  // namespace tocsin::hub
