#include "cli/verify/follower.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/event/cursor.h"
#include "core/event/json_writer.h"

namespace tocsin::cli::verify {
namespace {

// How long a connection lives before it is cut: resumes happen within bursts and within silence.
constexpr int kShortestMs = 200;
constexpr int kLongestMs = 1'500;
constexpr absl::Duration kConnectTime = absl::Seconds(5);
constexpr absl::Duration kBetweenTries = absl::Milliseconds(50);

std::optional<Place> PlaceIn(const history::Record& record) {
  if (const auto* event = std::get_if<history::EventRecord>(&record)) return event->place;
  if (const auto* left = std::get_if<history::LeftRecord>(&record)) return left->cursor;
  if (const auto* mark = std::get_if<history::BookmarkRecord>(&record)) return mark->place;
  if (const auto* gap = std::get_if<history::GapRecord>(&record)) return gap->to;
  if (const auto* set = std::get_if<history::SnapshotRecord>(&record)) return set->cursor;
  return std::nullopt;
}

}  // namespace

Follower::Follower(FollowerPlan plan, RunState& state, Recorder& recorder)
    : plan_(std::move(plan)), state_(state), recorder_(recorder), random_(plan_.ask.chain.stream) {
  history::StreamRecord record{.stream = plan_.ask.chain.stream,
                               .name = plan_.name,
                               .start = std::nullopt,
                               .filter = "",
                               .leaves = plan_.ask.leaves || plan_.ask.snapshot,
                               .latest_only = plan_.ask.latest_only,
                               .priority = plan_.ask.priority};
  AppendJsonFilter(record.filter, plan_.ask.filter);
  if (!plan_.ask.snapshot) {
    record.start = ParseCursor(plan_.ask.from).value_or(Cursor{});
    place_ = *record.start;
  }
  recorder_.Write(record);
}

bool Follower::Reached() const {
  const uint64_t end = state_.end;
  return state_.ended || (end != 0 && place_ && place_->ordinary.sequence >= end);
}

absl::Status Follower::Run() {
  heard_ = absl::Now() + plan_.wait;
  while (absl::Now() < heard_ && !state_.ended && state_.end == 0) absl::SleepFor(kBetweenTries);
  heard_ = absl::Now();
  while (!Reached()) {
    const absl::Status status = FollowOnce();
    if (absl::IsInvalidArgument(status) || absl::IsNotFound(status)) return status;
    if (absl::Now() - heard_ > state_.patience) {
      return absl::UnavailableError(absl::StrCat(
          "nothing came for ", absl::FormatDuration(state_.patience),
          place_ ? absl::StrCat(" after ", FormatPlace(*place_)) : "", ": ", status.message()));
    }
    if (!Reached()) absl::SleepFor(kBetweenTries);
  }
  return absl::OkStatus();
}

absl::Status Follower::FollowOnce() {
  const std::unique_ptr<Feed> feed = plan_.connect();
  Ask ask = plan_.ask;
  ask.chain.connection = ++connections_;
  if (place_) {
    ask.leaves = ask.leaves || ask.snapshot;
    ask.snapshot = false;
    ask.from = FormatPlace(*place_);
  }
  absl::Status status = feed->Open(ask, absl::Now() + kConnectTime);
  if (!status.ok()) return status;
  if (place_ && connections_ > 1) {
    recorder_.Write(history::ResumeRecord{ask.chain.stream, connections_, *place_});
  }
  const int life = std::uniform_int_distribution(kShortestMs, kLongestMs)(random_);
  const absl::Time cut =
      absl::Now() + (state_.settling ? state_.patience : absl::Milliseconds(life));
  std::vector<history::Record> told;
  while (status.ok() && absl::Now() < cut && !Reached()) {
    told.clear();
    status = feed->Next(cut, told);
    if (!told.empty() && IsAnotherHubs(told.front())) {
      return absl::NotFoundError("the place where it begins is not known");
    }
    for (history::Record& record : told) Take(record);
    if (!told.empty()) heard_ = absl::Now();
  }
  return status;
}

// A gap from the very place that the hub gave as its end when the run began.
bool Follower::IsAnotherHubs(const history::Record& record) const {
  const auto* const gap = std::get_if<history::GapRecord>(&record);
  return gap != nullptr && connections_ == 1 && !plan_.ask.snapshot &&
         gap->from == Place(ParseCursor(plan_.ask.from).value_or(Cursor{}));
}

// Until a snapshot is whole nothing else counts: it is asked for anew.
void Follower::Take(history::Record& record) {
  if (!place_ && !std::holds_alternative<history::SnapshotRecord>(record)) return;
  recorder_.Write(record);
  if (const auto place = PlaceIn(record)) place_ = place;
}

}  // namespace tocsin::cli::verify
