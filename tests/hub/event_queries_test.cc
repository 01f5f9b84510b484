// What lists of events answer, beside an oracle: a plain loop over all events with the filter on
// messages. Over both stores, forwards and backwards, by range, and by the incident's own events.
#include "hub/query/event_queries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "core/event/error.h"
#include "core/event/time_proto.h"
#include "core/event/validate.h"
#include "core/event/wire.h"
#include "hub/log/memory_log.h"
#include "hub/query/incident_queries.h"
#include "hub/sequencer.h"
#include "tests/core/filter_oracle.h"
#include "tests/core/rounds.h"
#include "tests/hub/hub_fixtures.h"

namespace tocsin::hub {
namespace {

using tocsin::testing::OracleMatches;

class EventQueriesTest : public ::testing::TestWithParam<std::string> {
 protected:
  EventQueriesTest() {
    log_ = GetParam() == "memory" ? std::unique_ptr<Log>(std::make_unique<MemoryLog>(
                                        MemoryLogOptions{.retention = {.max_events = 1'000'000}}))
                                  : OpenRocks(RocksIn(dir_, Durability::kMemory));
    Open({});
  }
  void Open(Retention retention) {
    sequencer_ = nullptr;
    window_ = std::make_unique<Window>(WindowBounds{100'000, 1 << 30});
    sequencer_ = std::make_unique<Sequencer>(*log_, *window_, clock_,
                                             SequencerOptions{.retention = retention});
    ASSERT_EQ(sequencer_->Open(), absl::OkStatus());
  }

  void Publish(std::vector<v1::Event> events) {
    const size_t count = events.size();
    for (v1::Event& event : events) {
      ASSERT_EQ(NormalizeEvent(event, "event"), absl::OkStatus());
    }
    clock_.Advance(absl::Milliseconds(5));
    PublishOutcome outcome = absl::UnknownError("not answered");
    sequencer_->Publish({std::move(events), {}}, [&](PublishOutcome o) { outcome = std::move(o); });
    sequencer_->RunOnce();
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    const auto read = log_->Read(all_.size(), count, 1 << 30);
    ASSERT_TRUE(read.ok());
    for (const EventPtr& event : *read) {
      all_.push_back(*DecodeEventField(event->payload));
    }
  }
  v1::Event RandomEvent(uint64_t incidents) {
    const std::string id = TestUuid(random_() % incidents);
    switch (random_() % 4) {
      case 0:
        return SystemEvent("s");
      case 1:
        return created_.contains(id) ? CommentOn(id, "looking") : SystemEvent("t");
      default: {
        v1::Event event = IncidentCreated(id, static_cast<v1::Severity>(1 + random_() % 5));
        if (!created_.insert(id).second) {
          event.set_type(v1::EVENT_TYPE_INCIDENT_UPDATED);
        }
        return event;
      }
    }
  }
  void PublishRandom(size_t requests, uint64_t incidents) {
    for (size_t i = 0; i < requests; ++i) {
      std::vector<v1::Event> events;
      for (size_t n = 1 + random_() % 6; n > 0; --n) {
        events.push_back(RandomEvent(incidents));
      }
      Publish(std::move(events));
    }
  }
  v1::Filter RandomFilter(uint64_t incidents) {
    v1::Filter filter;
    const auto one_in = [&](uint64_t n) { return random_() % n == 0; };
    if (one_in(4)) filter.add_event_types(v1::EVENT_TYPE_COMMENT_ADDED);
    if (one_in(4)) filter.add_severities(static_cast<v1::Severity>(1 + random_() % 5));
    for (uint64_t i = random_() % 4; one_in(2) && i > 0; --i) {
      filter.add_incident_ids(TestUuid(random_() % (incidents + 1)));
    }
    return filter;
  }

  std::vector<uint64_t> Pages(EventListing listing) {
    std::vector<uint64_t> sequences;
    int pages = 0;
    do {
      const auto page = queries().List(listing);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok() || ++pages > 10'000) break;
      EXPECT_LE(page->events_size(), static_cast<int>(listing.limit));
      for (const v1::Event& event : page->events()) {
        sequences.push_back(event.sequence());
      }
      listing.page_token = page->next_page_token();
    } while (!listing.page_token.empty());
    return sequences;
  }
  std::vector<uint64_t> Oracle(const v1::Filter& filter, uint64_t after, uint64_t last,
                               bool newest_first) {
    std::vector<uint64_t> sequences;
    for (const v1::Event& event : all_) {
      if (event.sequence() > after && event.sequence() <= last && OracleMatches(filter, event)) {
        sequences.push_back(event.sequence());
      }
    }
    if (newest_first) {
      std::reverse(sequences.begin(), sequences.end());
    }
    return sequences;
  }
  Cursor At(uint64_t sequence) { return log_->epochs().PlaceAfter(sequence); }
  EventQueries queries() { return EventQueries(*log_); }

  TempDir dir_;
  ManualClock clock_{kStart};
  std::mt19937_64 random_{7};
  std::unique_ptr<Log> log_;
  std::unique_ptr<Window> window_;
  std::unique_ptr<Sequencer> sequencer_;
  std::set<std::string> created_;
  std::vector<v1::Event> all_;
};

INSTANTIATE_TEST_SUITE_P(Stores, EventQueriesTest, ::testing::Values("memory", "rocksdb"),
                         [](const auto& store) { return store.param; });

TEST_P(EventQueriesTest, ListsAreWhatTheOracleSays) {
  for (int round = 0; round < testing::Rounds(30); ++round) {
    PublishRandom(10, 8);
    const v1::Filter filter = RandomFilter(8);
    const uint64_t after = random_() % all_.size();
    const uint64_t last = after + random_() % (all_.size() - after + 1);
    EventListing listing{.filter = *Filter::Compile(filter),
                         .from = At(after),
                         .to = At(last),
                         .limit = 1 + random_() % 30,
                         .newest_first = random_() % 2 != 0};
    EXPECT_EQ(Pages(listing), Oracle(filter, after, last, listing.newest_first));
    listing.from = Earliest{};
    listing.to = Latest{};
    EXPECT_EQ(Pages(listing), Oracle(filter, 0, all_.size(), listing.newest_first));
  }
}

TEST_P(EventQueriesTest, ThePagesEndWhereTheFirstOneSaw) {
  PublishRandom(40, 5);
  const uint64_t last = all_.size();
  for (const bool newest_first : {false, true}) {
    EventListing listing{.filter = Filter::MatchAll(), .limit = 7, .newest_first = newest_first};
    std::vector<uint64_t> sequences;
    do {
      const auto page = queries().List(listing);
      ASSERT_TRUE(page.ok());
      EXPECT_EQ(page->cursor(), FormatCursor(At(newest_first ? all_.size() : last)))
          << "only the first page's";
      for (const v1::Event& event : page->events()) sequences.push_back(event.sequence());
      listing.page_token = page->next_page_token();
      if (!newest_first) Publish({SystemEvent("more")});
    } while (!listing.page_token.empty());
    EXPECT_EQ(sequences.size(), newest_first ? all_.size() : last);
    EXPECT_TRUE(newest_first ? std::is_sorted(sequences.rbegin(), sequences.rend())
                             : std::is_sorted(sequences.begin(), sequences.end()));
  }
}

TEST_P(EventQueriesTest, ATimeIsARangesEndWithItsOwnEvents) {
  PublishRandom(20, 5);
  const absl::Time middle = ToTime(all_[all_.size() / 2].time());
  std::vector<uint64_t> until;
  std::vector<uint64_t> from;
  for (const v1::Event& event : all_) {
    if (ToTime(event.time()) <= middle) until.push_back(event.sequence());
    if (ToTime(event.time()) >= middle) from.push_back(event.sequence());
  }
  EXPECT_EQ(Pages({.filter = Filter::MatchAll(), .to = middle}), until);
  EXPECT_EQ(Pages({.filter = Filter::MatchAll(), .from = middle}), from);
}

// A log that counts what is read of it.
TEST_P(EventQueriesTest, AnIncidentsEventsAreFoundWithoutAScan) {
  const std::string rare = TestUuid(999);
  Publish({IncidentCreated(rare)});
  for (int i = 0; i < 30; ++i) {
    std::vector<v1::Event> noise;
    for (int n = 0; n < 1'000; ++n) noise.push_back(SystemEvent("noise"));
    Publish(std::move(noise));
  }
  Publish({CommentOn(rare, "one"), SystemEvent("x"), CommentOn(rare, "two")});
  v1::Filter filter;
  filter.add_incident_ids(rare);
  for (const bool newest_first : {false, true}) {
    // A scan would need several pages for 30,000 events.
    const auto page =
        queries().List({.filter = *Filter::Compile(filter), .newest_first = newest_first});
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_TRUE(page->next_page_token().empty());
    EXPECT_EQ(page->events_size(), 3);
  }
  // What no link leads to is scanned for, a bounded part a call.
  v1::Filter nobody;
  nobody.add_incident_ids(TestUuid(1'000));
  const auto page = queries().List({.filter = *Filter::Compile(nobody)});
  ASSERT_TRUE(page.ok());
  EXPECT_FALSE(page->next_page_token().empty());
  EXPECT_EQ(page->events_size(), 0);
}

TEST_P(EventQueriesTest, WhatRetentionHasTakenIsSaid) {
  PublishRandom(30, 5);
  EventListing from_start{.filter = Filter::MatchAll(), .from = At(0), .limit = 5};
  EventListing whatever{.filter = Filter::MatchAll(), .limit = 5};
  EventListing newest{.filter = Filter::MatchAll(), .limit = 5, .newest_first = true};
  from_start.page_token = queries().List(from_start)->next_page_token();
  whatever.page_token = queries().List(whatever)->next_page_token();
  newest.page_token = queries().List(newest)->next_page_token();
  const uint64_t last = all_.size();
  Open({.max_events = 20});
  clock_.Advance(absl::Seconds(10));
  sequencer_->RunOnce();
  ASSERT_EQ(log_->extent().events, 20u);

  EXPECT_EQ(ErrorCodeOf(queries().List(from_start).status()), ErrorCode::kCursorExpired);
  from_start.page_token.clear();
  const absl::Status expired = queries().List(from_start).status();
  EXPECT_EQ(ErrorCodeOf(expired), ErrorCode::kCursorExpired);
  EXPECT_EQ(ErrorDetailsOf(expired).earliest, FormatCursor(log_->extent().earliest));
  // Who asked for what is held goes on with what is held.
  EXPECT_EQ(Pages(whatever), Oracle({}, last - 20, last, false));
  EXPECT_EQ(Pages(newest), Oracle({}, last - 20, last - 5, true));
  v1::Filter incident;
  incident.add_incident_ids(TestUuid(1));
  EXPECT_EQ(Pages({.filter = *Filter::Compile(incident)}),
            Oracle(incident, last - 20, last, false));
}

TEST_P(EventQueriesTest, ATokenAndAnEndAreChecked) {
  PublishRandom(20, 5);
  EventListing listing{.filter = Filter::MatchAll(), .limit = 2};
  const std::string token = queries().List(listing)->next_page_token();
  ASSERT_FALSE(token.empty());
  EventListing other = listing;
  other.page_token = token;
  other.newest_first = true;
  EXPECT_EQ(ErrorDetailsOf(queries().List(other).status()).field, "page_token");
  other = listing;
  other.page_token = token;
  other.to = At(3);
  EXPECT_EQ(ErrorDetailsOf(queries().List(other).status()).field, "page_token");
  other = listing;
  other.page_token = token;
  other.from = At(1);
  EXPECT_EQ(ErrorDetailsOf(queries().List(other).status()).field, "page_token");
  v1::Filter comments;
  comments.add_event_types(v1::EVENT_TYPE_COMMENT_ADDED);
  other = listing;
  other.page_token = token;
  other.filter = *Filter::Compile(comments);
  EXPECT_EQ(ErrorDetailsOf(queries().List(other).status()).field, "page_token");
  other.page_token = "x";
  EXPECT_EQ(ErrorDetailsOf(queries().List(other).status()).field, "page_token");
  for (const Cursor& unknown : {Cursor{log_->epochs().present(), 10'000}, Cursor{12345, 1}}) {
    other = listing;
    other.to = unknown;
    const absl::Status status = queries().List(other).status();
    EXPECT_EQ(ErrorCodeOf(status), ErrorCode::kCursorExpired);
    EXPECT_EQ(ErrorDetailsOf(status).field, "to");
  }
}

TEST_P(EventQueriesTest, LargeEventsMakeShortPages) {
  for (int i = 0; i < 12; ++i) {
    Publish({SystemEvent(std::string(700 * limits::kKiB, 'x'))});
  }
  for (const bool newest_first : {false, true}) {
    EventListing listing{.filter = Filter::MatchAll(), .newest_first = newest_first};
    size_t events = 0;
    do {
      const auto page = queries().List(listing);
      ASSERT_TRUE(page.ok()) << page.status();
      EXPECT_LT(page->ByteSizeLong(), 4 * limits::kMiB);
      events += static_cast<size_t>(page->events_size());
      listing.page_token = page->next_page_token();
    } while (!listing.page_token.empty());
    EXPECT_EQ(events, 12u);
  }
}

TEST_P(EventQueriesTest, TheTimelineTellsWhatHappened) {
  const std::string id = TestUuid(5);
  v1::Event raised;
  raised.mutable_escalated()->set_incident_id(id);
  raised.mutable_escalated()->set_to_severity(v1::SEVERITY_P0);
  raised.mutable_escalated()->set_reason("customers call");
  raised.set_actor("ann");
  v1::Event triaged;
  triaged.set_type(v1::EVENT_TYPE_INCIDENT_UPDATED);
  *triaged.mutable_incident() = IncidentCreated(id, v1::SEVERITY_P1).incident();
  triaged.mutable_incident()->set_state(v1::INCIDENT_STATE_TRIAGED);
  v1::Event assigned;
  assigned.mutable_assignment_changed()->set_incident_id(id);
  assigned.mutable_assignment_changed()->add_assignees("ann");
  assigned.mutable_assignment_changed()->add_assignees("bob");
  v1::Event resolved;
  resolved.set_type(v1::EVENT_TYPE_INCIDENT_RESOLVED);
  resolved.mutable_incident()->set_id(id);
  resolved.mutable_incident()->mutable_resolution()->set_root_cause("a full disk");
  // Two events of one publish are two entries.
  Publish({IncidentCreated(id, v1::SEVERITY_P2), raised});
  Publish({triaged});
  Publish({assigned});
  Publish({CommentOn(id, "looking")});
  Publish({resolved});

  IncidentQueries incidents(*log_);
  const auto got = incidents.Get({.id = id, .require = Filter::MatchAll()});
  ASSERT_TRUE(got.ok()) << got.status();
  const std::vector<std::string> expected = {
      "created with severity P2: disk full",
      "severity raised from P2 to P0: customers call",
      "state changed from Detected to Triaged, severity lowered from P0 to P1",
      "assigned: ann, bob",
      "commented: looking",
      "resolved: a full disk"};
  ASSERT_EQ(got->incident().timeline_size(), 6);
  for (int i = 0; i < 6; ++i) {
    const v1::TimelineEntry& entry = got->incident().timeline(i);
    EXPECT_EQ(entry.description(), expected[i]);
    EXPECT_EQ(entry.metadata().at("cursor"), all_[i].cursor());
    EXPECT_EQ(ToTime(entry.timestamp()), ToTime(all_[i].time()));
  }
  EXPECT_EQ(got->incident().timeline(0).event_type(), "incident_created");
  EXPECT_EQ(got->incident().timeline(1).actor(), "ann");
  EXPECT_EQ(got->incident().timeline(4).actor(), "ann");
}

TEST_P(EventQueriesTest, TheTimelineHasTheNewestEntries) {
  const std::string id = TestUuid(5);
  Publish({IncidentCreated(id)});
  for (int i = 0; i < 150; ++i) {
    Publish({CommentOn(id, absl::StrCat(i))});
  }
  IncidentQueries incidents(*log_);
  const auto got = incidents.Get({.id = id, .require = Filter::MatchAll()});
  ASSERT_TRUE(got.ok()) << got.status();
  ASSERT_EQ(got->incident().timeline_size(), static_cast<int>(kHistoryRows));
  EXPECT_EQ(got->incident().timeline(0).description(), "commented: 50");
  EXPECT_EQ(got->incident().timeline(99).description(), "commented: 149");
  // All of its events are found, the oldest too.
  v1::Filter filter;
  filter.add_incident_ids(id);
  EXPECT_EQ(Pages({.filter = *Filter::Compile(filter)}).size(), 151u);
}

}  // namespace
}  // namespace tocsin::hub
