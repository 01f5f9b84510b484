#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

#include "core/event/stored_record.h"
#include "core/event/wire.h"
#include "core/event/wire_scanner.h"
#include "tests/core/event_samples.h"
#include "tests/core/filter_oracle.h"
#include "tests/core/rounds.h"

namespace tocsin {
namespace {

std::string Described(const TermSet& terms) {
  std::string text;
  for (const TermSet::Term& term : terms) {
    text += " " + std::to_string(static_cast<int>(term.field)) + ":" + std::to_string(term.hash) +
            ":" + std::string(terms.key(term)) + "=" + std::string(terms.value(term));
  }
  return text;
}

std::string Described(const EventRecord& record) {
  std::string text = FormatCursor(record.cursor) + " " + absl::FormatTime(record.time) + " " +
                     (record.urgent ? "urgent " : "") + std::to_string(record.facts.type()) + "/" +
                     std::to_string(record.facts.severity()) + "/" +
                     std::to_string(record.facts.state()) + Described(record.facts.terms());
  if (const EventFacts::Before* before = record.facts.before()) {
    text += "; before: " + std::to_string(before->severity) + "/" + std::to_string(before->state) +
            Described(record.facts.terms_before());
  }
  return text;
}

// What the incident was before: each field is changed by some of the events.
v1::IncidentBefore RandomBefore(std::mt19937& random) {
  v1::IncidentBefore before;
  const v1::Event other = RandomEvent(random);
  if (random() % 2 == 0) before.set_severity(static_cast<v1::Severity>(random() % 7));
  if (random() % 2 == 0) before.set_state(static_cast<v1::IncidentState>(random() % 8));
  if (random() % 3 == 0) before.set_source(other.incident().source());
  if (random() % 3 == 0) {
    *before.mutable_affected_resources()->mutable_values() = other.incident().affected_resources();
  }
  if (random() % 3 == 0) *before.mutable_labels()->mutable_values() = other.incident().labels();
  return before;
}

TEST(StoredRecordTest, HasTheFactsBeforeTheEvent) {
  std::mt19937 random(3);
  int with_before = 0;
  for (int round = 0; round < 5'000; ++round) {
    v1::Event event = RandomEvent(random);
    *event.mutable_before() = RandomBefore(random);
    const std::string bytes = EncodeEventField(event);
    const absl::StatusOr<EventPtr> stored = MakeStoredRecord(bytes);
    ASSERT_TRUE(stored.ok()) << stored.status();
    ASSERT_EQ(Described(**stored), Described(*MakeWireRecord(event))) << event.ShortDebugString();
    const FilterPtr filter = Filter::TellingLeaves(Filter::Compile(RandomFilter(random)).value());
    const auto judged = MakeStoredRecordIf(*filter, bytes);
    ASSERT_TRUE(judged.ok());
    ASSERT_EQ(*judged != nullptr, filter->Judge((*stored)->facts) != Verdict::kNone);
    if (*judged != nullptr) {
      ASSERT_EQ(Described(**judged), Described(**stored));
    }
    with_before += (*stored)->facts.before() != nullptr ? 1 : 0;
  }
  EXPECT_GT(with_before, 1'000);
}

// An incident leaves the set of several filters when it leaves any of theirs: by the facts that who
// is live or behind is judged by, and by the stored bytes that a replay is.
TEST(StoredRecordTest, SeveralFiltersAreLeftTogetherAsTheOracleSays) {
  std::mt19937 random(5);
  std::array<int, 4> leaves = {};  // by the number of filters
  for (int round = 0; round < 30'000; ++round) {
    v1::Event event = RandomEvent(random);
    if (!event.has_incident() || event.incident().state() == v1::INCIDENT_STATE_UNSPECIFIED)
      continue;
    *event.mutable_before() = RandomBefore(random);
    event.mutable_before()->set_state(static_cast<v1::IncidentState>(1 + random() % 6));
    std::vector<v1::Filter> filters(1 + random() % 3);
    std::vector<FilterPtr> compiled;
    for (v1::Filter& filter : filters) {
      filter = RandomFilter(random);
      filter.clear_incident_ids();  // nearly none would match
      compiled.push_back(Filter::Compile(filter).value());
    }
    const FilterPtr all = Filter::TellingLeaves(Filter::AllOf(compiled));
    const Verdict expected = testing::OracleMatches(filters, event)  ? Verdict::kMatches
                             : testing::OracleLeaves(filters, event) ? Verdict::kLeaves
                                                                     : Verdict::kNone;
    ASSERT_EQ(all->Judge(EventFacts::Of(event)), expected) << event.ShortDebugString();
    const auto stored = MakeStoredRecordIf(*all, EncodeEventField(event));
    ASSERT_TRUE(stored.ok());
    ASSERT_EQ(*stored != nullptr, expected != Verdict::kNone) << event.ShortDebugString();
    leaves[filters.size()] += expected == Verdict::kLeaves ? 1 : 0;
  }
  EXPECT_GT(leaves[1], 100);
  EXPECT_GT(leaves[2], 30);
  EXPECT_GT(leaves[3], 10);
}

TEST(StoredRecordTest, IsTheRecordOfTheWholeEventForEveryType) {
  for (int type = 1; type < v1::EventType_ARRAYSIZE; ++type) {
    const v1::Event event = SampleEvent(static_cast<v1::EventType>(type));
    const std::string bytes = EncodeEventField(event);
    const absl::StatusOr<EventPtr> stored = MakeStoredRecord(bytes);
    ASSERT_TRUE(stored.ok()) << stored.status();
    EXPECT_EQ(Described(**stored), Described(*MakeWireRecord(event))) << event.ShortDebugString();
    EXPECT_EQ((*stored)->payload, bytes);
  }
}

// What no publisher may send, and an older hub may have written.
TEST(StoredRecordTest, IsTheRecordOfTheWholeEventWhereTheFormIsUnusual) {
  std::vector<v1::Event> events(6);
  events[0].set_type(v1::EVENT_TYPE_COMMENT_ADDED);
  events[0].mutable_comment_added()->set_incident_id("only here");
  events[1].set_type(v1::EVENT_TYPE_ALERT_CONVERTED);
  events[1].mutable_alert_converted()->mutable_alert()->set_source("s");
  events[2].set_type(v1::EVENT_TYPE_INCIDENT_CREATED);
  events[2].mutable_incident()->set_severity(static_cast<v1::Severity>(99));
  events[2].mutable_incident()->set_state(static_cast<v1::IncidentState>(-1));
  events[3].set_type(v1::EVENT_TYPE_SYSTEM_EVENT);
  events[3].mutable_incident()->set_id("has no place here");
  events[4].set_type(static_cast<v1::EventType>(1'000));
  (*events[5].mutable_incident()->mutable_labels())["empty"] = "";
  for (const v1::Event& event : events) {
    const absl::StatusOr<EventPtr> stored = MakeStoredRecord(EncodeEventField(event));
    ASSERT_TRUE(stored.ok());
    EXPECT_EQ(Described(**stored), Described(*MakeWireRecord(event))) << event.ShortDebugString();
  }
}

// The same filter, asked about an event's bytes and about the facts of the event.
void ExpectAsByItsFacts(const v1::Event& event, const v1::Filter& proto) {
  const FilterPtr filter = Filter::Compile(proto).value();
  const EventPtr whole = MakeWireRecord(event);
  const absl::StatusOr<EventPtr> stored = MakeStoredRecordIf(*filter, whole->payload);
  ASSERT_TRUE(stored.ok()) << stored.status();
  ASSERT_EQ(*stored != nullptr, filter->Matches(whole->facts)) << proto.ShortDebugString() << "\n"
                                                               << event.ShortDebugString();
  if (*stored != nullptr) {
    EXPECT_EQ((*stored)->cursor, whole->cursor);
    EXPECT_EQ((*stored)->time, whole->time);
    EXPECT_EQ((*stored)->payload, whole->payload);
  }
}

TEST(StoredRecordTest, AnIncidentIsInTheSetOfAFilterAsItsEventIsWhateverItsType) {
  std::mt19937 random(8);
  int inside = 0;
  for (int round = 0; round < 20'000; ++round) {
    const v1::Event event = RandomEvent(random);
    if (!event.has_incident()) {
      continue;
    }
    v1::Filter any_type = RandomFilter(random);
    const FilterPtr filter = Filter::Compile(any_type).value();
    any_type.clear_event_types();
    const std::string bytes = event.incident().SerializeAsString();
    FactTexts texts;
    ASSERT_TRUE(ScanIncident(bytes, texts));
    const bool expected = Filter::Compile(any_type).value()->Matches(EventFacts::Of(event));
    ASSERT_EQ(filter->MatchesIncident(texts), expected)
        << filter->clauses().front().proto().ShortDebugString() << event.ShortDebugString();
    inside += expected ? 1 : 0;
  }
  EXPECT_GT(inside, 500);
  FactTexts texts;
  EXPECT_FALSE(ScanIncident("\x0a\x7f", texts));
}

TEST(StoredRecordTest, IsMadeOfWhatAFilterMatchesOnly) {
  std::mt19937 random(7);
  int matched = 0;
  constexpr int kRounds = testing::Rounds(20'000);
  for (int round = 0; round < kRounds; ++round) {
    const v1::Event event = RandomEvent(random);
    const v1::Filter filter = RandomFilter(random);
    ExpectAsByItsFacts(event, filter);
    matched += Filter::Compile(filter).value()->Matches(EventFacts::Of(event)) ? 1 : 0;
  }
  EXPECT_GT(matched, kRounds / 20);
  EXPECT_LT(matched, kRounds * 19 / 20);
  for (const v1::EventType type : AllEventTypes()) {
    ExpectAsByItsFacts(SampleEvent(type), v1::Filter());
  }
}

TEST(StoredRecordTest, AFilterSeesWhatAnUnusualFormMeans) {
  v1::Event comment;
  comment.set_type(v1::EVENT_TYPE_COMMENT_ADDED);
  comment.mutable_comment_added()->set_incident_id(kIncidentId);
  v1::Filter filter;
  filter.add_incident_ids(kIncidentId);
  ExpectAsByItsFacts(comment, filter);
  filter.set_incident_ids(0, kOtherIncidentId);
  ExpectAsByItsFacts(comment, filter);
}

TEST(StoredRecordTest, DamagedBytesAreDataLossWhateverTheFilter) {
  const std::string good = EncodeEventField(SampleEvent(v1::EVENT_TYPE_COMMENT_ADDED));
  v1::Filter sources;
  sources.add_sources("nobody");
  for (const v1::Filter& proto : {v1::Filter(), sources}) {
    const FilterPtr filter = Filter::Compile(proto).value();
    for (size_t length = 0; length < good.size(); ++length) {
      EXPECT_EQ(MakeStoredRecordIf(*filter, good.substr(0, length)).status().code(),
                absl::StatusCode::kDataLoss);
    }
  }
}

TEST(StoredRecordTest, DamageInsideTheIncidentIsDataLossWhateverTheFilter) {
  std::string bytes = EncodeEventField(SampleEvent(v1::EVENT_TYPE_INCIDENT_CREATED));
  const auto incident = static_cast<size_t>(IncidentBytesOf(bytes).data() - bytes.data());
  bytes[incident] = '\x0b';  // a wire type that no field of the schema has
  v1::Filter sources;
  sources.add_sources("nobody");
  for (const v1::Filter& proto : {v1::Filter(), sources}) {
    EXPECT_EQ(MakeStoredRecordIf(*Filter::Compile(proto).value(), bytes).status().code(),
              absl::StatusCode::kDataLoss);
  }
}

TEST(StoredRecordTest, AnIncidentThatComesTwiceIsOneMerged) {
  const std::string once = EncodeEventField(SampleEvent(v1::EVENT_TYPE_ESCALATED));
  std::string body(UnwrapEventField(once).value());
  body += std::string("\x52\x03\x3a\x01x", 5);  // incident { source: "x" }
  std::string twice = "\x0a";
  twice += static_cast<char>((body.size() & 0x7f) | 0x80);
  twice += static_cast<char>(body.size() >> 7);
  twice += body;
  const absl::StatusOr<EventPtr> stored = MakeStoredRecord(twice);
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(Described(**stored), Described(**MakeWireRecord(twice)));
}

TEST(StoredRecordTest, DamagedBytesAreDataLossAndNeverReadBeyond) {
  const std::string good = EncodeEventField(SampleEvent(v1::EVENT_TYPE_COMMENT_ADDED));
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_EQ(MakeStoredRecord(good.substr(0, length)).status().code(),
              absl::StatusCode::kDataLoss);
  }
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    bytes[random() % bytes.size()] = static_cast<char>(random());
    const bool ok = MakeStoredRecord(bytes).ok();
    EXPECT_TRUE(ok || !MakeWireRecord(bytes).ok());
  }
}

TEST(WireScannerTest, GoesThroughFieldsOfEveryType) {
  // 1: 300; 2: "ab"; 3: eight bytes; 4: four bytes; 5: ""
  const std::string bytes(
      "\x08\xac\x02\x12\x02"
      "ab\x19"
      "12345678\x25"
      "1234\x2a\x00",
      23);
  WireScanner scan(bytes);
  ASSERT_TRUE(scan.Next());
  EXPECT_EQ(scan.number(), 1u);
  EXPECT_EQ(scan.varint(), 300u);
  ASSERT_TRUE(scan.Next());
  EXPECT_EQ(scan.bytes(), "ab");
  ASSERT_TRUE(scan.Next());
  ASSERT_TRUE(scan.Next());
  EXPECT_EQ(scan.number(), 4u);
  ASSERT_TRUE(scan.Next());
  EXPECT_TRUE(scan.is_bytes() && scan.bytes().empty());
  EXPECT_FALSE(scan.Next());
  EXPECT_TRUE(scan.ok());
}

TEST(WireScannerTest, WhatIsNoMessageIsNotOk) {
  for (const char* text : {"\x08", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x12\x05 abc",
                           "\x0b", "\x0f", "\x19 1234", "\x02"}) {
    WireScanner scan{std::string_view(text)};
    while (scan.Next()) {
    }
    EXPECT_FALSE(scan.ok()) << text;
  }
}

}  // namespace
}  // namespace tocsin
