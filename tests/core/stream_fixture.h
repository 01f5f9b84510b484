// stream_fixture.h: a log in a vector and a sink that remembers, to drive the engine by hand.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/base/clock.h"
#include "core/event/error.h"
#include "core/event/filter.h"
#include "core/stream/shard.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::testing {

inline constexpr Epoch kEpoch = 0xabcdef;

inline EventPtr MakeEvent(Sequence sequence, v1::Severity severity = v1::SEVERITY_P2,
                          std::string_view source = "monitor", size_t payload = 100) {
  v1::Event event;
  event.set_type(v1::EVENT_TYPE_INCIDENT_CREATED);
  event.mutable_incident()->set_severity(severity);
  event.mutable_incident()->set_source(std::string(source));
  auto record = std::make_shared<EventRecord>();
  record->cursor = {kEpoch, sequence};
  record->facts = EventFacts::Of(event);
  record->payload = std::string(payload, 'x');
  return record;
}

inline FilterPtr SeverityFilter(v1::Severity severity) {
  v1::Filter filter;
  filter.add_severities(severity);
  return Filter::Compile(filter).value();
}

// Everything that was ever appended, and a window over its end.
class VectorLog : public LogReader {
 public:
  explicit VectorLog(WindowBounds bounds = {100, 1 << 30}) : window(bounds) {
    window.Start({kEpoch, 0});
  }

  void Append(const EventPtr& event) {
    all.push_back(event);
    window.Append(std::span(&event, 1));
  }
  void AppendUpTo(Sequence last) {
    for (Sequence next = all.empty() ? 1 : all.back()->cursor.sequence + 1; next <= last; ++next) {
      Append(MakeEvent(next));
    }
  }
  // Retention drops everything up to here.
  void Expire(Sequence up_to) { earliest = {kEpoch, up_to}; }

  std::unique_ptr<CatchUp> Open(Shard& shard, const StartPoint& start, FilterPtr filter,
                                Deliver deliver) override {
    ++opened;
    filters.push_back(filter);
    return std::make_unique<Reading>(*this, shard, start, std::move(filter), std::move(deliver));
  }

  Cursor latest() const { return all.empty() ? earliest : all.back()->cursor; }

  Window window;
  std::vector<EventPtr> all;
  Cursor earliest{kEpoch, 0};
  int opened = 0;
  int open = 0;
  int most_open = 0;
  int slices = 0;
  std::vector<FilterPtr> filters;  // of those that were opened; nullptr: everything
  std::function<void()> before_next;

 private:
  class Reading : public CatchUp {
   public:
    Reading(VectorLog& log, Shard& shard, const StartPoint& start, FilterPtr filter,
            Deliver deliver)
        : log_(log), shard_(shard), filter_(std::move(filter)), deliver_(std::move(deliver)) {
      if (const Cursor* cursor = std::get_if<Cursor>(&start)) {
        place_ = *cursor;
      } else {
        place_ = log.earliest;
      }
      log_.most_open = std::max(log_.most_open, ++log_.open);
    }
    ~Reading() override { --log_.open; }

    void Next(size_t max_events, size_t max_bytes) override {
      (void)max_bytes;
      if (log_.before_next) log_.before_next();
      shard_.Post([this, max_events, alive = std::weak_ptr<int>(alive_)] {
        if (!alive.expired()) {
          Answer(max_events);
        }
      });
    }

   private:
    void Answer(size_t max_events) {
      ++log_.slices;
      LogSlice slice;
      slice.earliest = log_.earliest;
      slice.latest = log_.latest();
      if (place_.epoch == kEpoch && place_.sequence > slice.latest.sequence) {
        slice.status = MakeError(ErrorCode::kCursorExpired, "past the end");
      } else {
        if (place_.epoch != kEpoch) {
          slice.gap = Gap{GapReason::kEpoch, place_, log_.earliest};
        } else if (place_.sequence < log_.earliest.sequence) {
          slice.gap = Gap{GapReason::kExpired, place_, log_.earliest};
        }
        slice.from = slice.gap.has_value() ? slice.gap->to : place_;
        slice.to = slice.from;
        // Sequences start at 1 and have no holes.
        for (size_t i = slice.from.sequence; i < log_.all.size() && max_events > 0;
             ++i, --max_events) {
          if (filter_ == nullptr || filter_->Judge(log_.all[i]->facts) != Verdict::kNone)
            slice.events.push_back(log_.all[i]);
          slice.to = log_.all[i]->cursor;
        }
        place_ = slice.to;
      }
      deliver_(std::move(slice));
    }

    VectorLog& log_;
    Shard& shard_;
    FilterPtr filter_;
    Deliver deliver_;
    Cursor place_;
    std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  };
};

// Takes writes at once; the test says when they have left (or lets them leave at once).
class RecordingSink : public Sink {
 public:
  struct Seen {
    Item::Kind kind;
    std::vector<SubscriptionTag> tags;
    Cursor cursor;
    Place place;  // Item::place
    bool recovered = true;
    uint32_t passed_over = 0;
    std::optional<Gap> gap;
    FilterPtr filter;  // of kSubscribed
    std::string note;
    absl::Status status;

    bool IsFor(std::optional<SubscriptionTag> tag) const {
      return !tag || std::find(tags.begin(), tags.end(), *tag) != tags.end();
    }
  };

  bool Write(const WriteView& view) override {
    EXPECT_FALSE(in_flight);
    if (before_write) before_write();
    ++writes;
    in_flight = !sends_at_once;
    last_run = view.run;
    largest_write = std::max(largest_write, view.items.size());
    for (const Item& item : view.items) {
      const auto tags = view.TagsOf(item);
      Seen one{.kind = item.kind,
               .tags = {tags.begin(), tags.end()},
               .cursor = item.cursor,
               .place = item.place(),
               .recovered = item.recovered,
               .passed_over = item.passed_over,
               .gap = std::nullopt,
               .filter = nullptr,
               .note = "",
               .status = {}};
      if (item.kind == Item::Kind::kSubscribed) one.filter = item.extra->filter;
      if (item.kind == Item::Kind::kGap) one.gap = item.extra->gap;
      if (item.kind == Item::Kind::kBookmark && item.extra) one.note = item.extra->note.text;
      if (item.kind == Item::Kind::kEnded) one.status = item.extra->status;
      seen.push_back(std::move(one));
    }
    return sends_at_once;
  }
  uint64_t BytesTaken() override { return taken; }
  void Stuck() override { ++stuck; }
  void Failed() override { ++failed; }

  std::vector<Sequence> Events(std::optional<SubscriptionTag> tag = std::nullopt) const {
    std::vector<Sequence> events;
    for (const Seen& one : seen) {
      if (one.kind == Item::Kind::kEvent && one.IsFor(tag)) {
        events.push_back(one.cursor.sequence);
      }
    }
    return events;
  }
  // The places of events and leaves, the leaves negative.
  std::vector<int64_t> Told(std::optional<SubscriptionTag> tag = std::nullopt) const {
    std::vector<int64_t> told;
    for (const Seen& one : seen) {
      const auto place = static_cast<int64_t>(one.cursor.sequence);
      const bool is_event = one.kind == Item::Kind::kEvent;
      if ((is_event || one.kind == Item::Kind::kLeft) && one.IsFor(tag)) {
        told.push_back(is_event ? place : -place);
      }
    }
    return told;
  }
  std::vector<Item::Kind> Kinds() const {
    std::vector<Item::Kind> kinds;
    for (const Seen& one : seen) kinds.push_back(one.kind);
    return kinds;
  }
  const Seen* First(Item::Kind kind) const {
    for (const Seen& one : seen) {
      if (one.kind == kind) return &one;
    }
    return nullptr;
  }

  std::vector<Seen> seen;
  bool in_flight = false;
  bool sends_at_once = false;
  uint64_t taken = 0;
  int writes = 0;
  uint64_t last_run = 0;
  size_t largest_write = 0;
  int stuck = 0;
  int failed = 0;
  std::function<void()> before_write;  // may throw
};

inline std::vector<Sequence> Range(Sequence first, Sequence last) {
  std::vector<Sequence> range;
  for (Sequence next = first; next <= last; ++next) range.push_back(next);
  return range;
}

// A shard whose bell is looked at by hand.
class ShardTest : public ::testing::Test {
 protected:
  explicit ShardTest(ShardOptions options = {}, WindowBounds bounds = {100, 1 << 30})
      : log(bounds), shard(log.window, log, clock, options) {
    shard.SetBell([this] { rung = true; });
  }

  struct Peer {
    RecordingSink sink;
    SubscriberId id = 0;
    bool takes = true;  // writes leave at once
  };

  Peer& AddPeer(absl::Duration bookmark_interval = absl::ZeroDuration()) {
    peers.push_back(std::make_unique<Peer>());
    peers.back()->id = shard.Add(&peers.back()->sink, bookmark_interval);
    return *peers.back();
  }

  void Append(const EventPtr& event) {
    log.Append(event);
    shard.Ring();
  }
  void AppendUpTo(Sequence last) {
    log.AppendUpTo(last);
    shard.Ring();
  }

  // Lets everything happen that can without time passing beyond the tick, and the pause that the
  // quick make for the slow.
  void Settle() {
    for (int turn = 0; turn < 10'000; ++turn) {
      clock.Advance(limits::kHotTick);
      const bool due = rung || due_ <= clock.Monotonic();
      rung = false;
      if (due) due_ = shard.RunOnce();
      bool wrote = false;
      for (const auto& peer : peers) {
        if (peer->takes && peer->sink.in_flight) {
          peer->sink.in_flight = false;
          shard.Written(peer->id);
          wrote = true;
        }
      }
      if (!rung && !wrote && due_ > clock.Monotonic() + 2 * pause_) return;
    }
    FAIL() << "the shard never comes to rest";
  }

  ManualClock clock;
  VectorLog log;
  bool rung = false;
  absl::Duration due_ = absl::ZeroDuration();
  const absl::Duration pause_ = ShardOptions().wait_for_slower;
  Shard shard;
  std::vector<std::unique_ptr<Peer>> peers;
};

}  // namespace tocsin::testing
