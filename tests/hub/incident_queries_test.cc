// What lists of incidents answer, beside an oracle: a plain loop over all incidents with the filter
// on messages, a sort and a cut. Over both stores, with changes between pages, and over a restart.
#include "hub/query/incident_queries.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/event/error.h"
#include "core/event/time_proto.h"
#include "core/event/validate.h"
#include "core/event/wire.h"
#include "hub/incident_states.h"
#include "hub/log/memory_log.h"
#include "hub/sequencer.h"
#include "tests/core/filter_oracle.h"
#include "tests/hub/hub_fixtures.h"
#include "tests/hub/wrapped_log.h"

namespace tocsin::hub {
namespace {

using tocsin::testing::OracleMatches;

struct Known {
  v1::Incident incident;
  Sequence last = 0;
};

// The order of docs/protocol.md, on the messages.
bool Before(const Known& a, const Known& b, v1::IncidentOrder order, bool ascending) {
  const auto key = [&](const Known& known) {
    const v1::Incident& incident = known.incident;
    const int64_t updated = absl::ToUnixMicros(ToTime(incident.updated_at()));
    const int64_t created = absl::ToUnixMicros(ToTime(incident.created_at()));
    return order == v1::INCIDENT_ORDER_SEVERITY
               ? std::tuple<int64_t, int64_t, std::string>(-int64_t{incident.severity()}, updated,
                                                           incident.id())
               : std::tuple<int64_t, int64_t, std::string>(
                     order == v1::INCIDENT_ORDER_CREATED_AT ? created : updated, 0, incident.id());
  };
  return ascending ? key(a) < key(b) : key(a) > key(b);
}

class IncidentQueriesTest : public ::testing::TestWithParam<std::string> {
 protected:
  IncidentQueriesTest() { Open(); }

  void Open(Retention retention = {.max_over_age = absl::InfiniteDuration()}) {
    if (log_ == nullptr) {
      log_ = GetParam() == "memory" ? std::unique_ptr<Log>(std::make_unique<MemoryLog>(
                                          MemoryLogOptions{.retention = {.max_events = 1'000'000}}))
                                    : OpenRocks(RocksIn(dir_, Durability::kMemory));
    }
    window_ = std::make_unique<Window>(WindowBounds{100'000, 1 << 30});
    SequencerOptions options;
    options.retention = retention;
    sequencer_ = std::make_unique<Sequencer>(*log_, *window_, clock_, options);
    queries_ = std::make_unique<IncidentQueries>(*log_);
    queries_->Begin();
    sequencer_->SetNextFollower(queries_.get());
    ASSERT_EQ(sequencer_->Open(), absl::OkStatus());
    queries_->Load();
  }
  // A memory log is kept: what follows it begins anew.
  void Restart() {
    sequencer_ = nullptr;
    queries_ = nullptr;
    if (GetParam() == "rocksdb") {
      ASSERT_EQ(log_->Close(), absl::OkStatus());
      log_ = nullptr;
    }
    Open();
  }

  void Publish(v1::Event event) {
    ASSERT_EQ(NormalizeEvent(event, "event"), absl::OkStatus());
    clock_.Advance(absl::Microseconds(static_cast<int64_t>(random_() % 3)));
    PublishOutcome outcome = absl::UnknownError("not answered");
    sequencer_->Publish({{std::move(event)}, {}},
                        [&](PublishOutcome o) { outcome = std::move(o); });
    sequencer_->RunOnce();
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    const auto read = log_->Read((*outcome)[0].sequence() - 1, 1, 1);
    ASSERT_TRUE(read.ok());
    const auto stored = DecodeEventField((*read)[0]->payload);
    known_[stored->incident().id()] = {stored->incident(), stored->sequence()};
  }

  v1::Incident RandomIncident(uint64_t number) {
    v1::Incident incident;
    incident.set_id(TestUuid(number));
    incident.set_severity(static_cast<v1::Severity>(1 + random_() % 5));
    incident.set_state(static_cast<v1::IncidentState>(1 + random_() % 6));
    incident.set_source(absl::StrCat("source-", random_() % 4));
    incident.set_title("t");
    for (uint64_t i = 0; i < random_() % 4; ++i) {
      incident.add_affected_resources(absl::StrCat("r", random_() % 6));
    }
    (*incident.mutable_labels())["env"] = random_() % 2 != 0 ? "prod" : "test";
    if (random_() % 3 == 0) {
      (*incident.mutable_labels())["team"] = absl::StrCat("team-", random_() % 5);
    }
    (*incident.mutable_labels())["own"] = absl::StrCat(number);
    if (random_() % 5 == 0) {
      SetTimestamp(*incident.mutable_created_at(),
                   kStart - absl::Seconds(static_cast<int64_t>(random_() % 100)));
      SetTimestamp(*incident.mutable_updated_at(),
                   kStart - absl::Seconds(static_cast<int64_t>(random_() % 50)));
    }
    return incident;
  }
  void PublishRandom(uint64_t incidents) {
    v1::Event event;
    const uint64_t number = random_() % incidents;
    event.set_type(known_.contains(TestUuid(number)) ? v1::EVENT_TYPE_INCIDENT_UPDATED
                                                     : v1::EVENT_TYPE_INCIDENT_CREATED);
    *event.mutable_incident() = RandomIncident(number);
    if (const auto known = known_.find(TestUuid(number)); known != known_.end()) {
      const auto states = StatesAfter(known->second.incident.state(), event.type());
      event.mutable_incident()->set_state(states[random_() % states.size()]);
    }
    Publish(event);
  }

  v1::Filter RandomFilter() {
    v1::Filter filter;
    const auto one_in = [&](uint64_t n) { return random_() % n == 0; };
    if (one_in(4)) filter.add_severities(static_cast<v1::Severity>(1 + random_() % 5));
    if (one_in(4)) filter.add_severities(v1::SEVERITY_P1);
    if (one_in(4)) filter.add_states(static_cast<v1::IncidentState>(1 + random_() % 6));
    if (one_in(4)) filter.add_sources(absl::StrCat("source-", random_() % 5));
    if (one_in(8)) filter.add_sources("source-1");
    if (one_in(4)) filter.add_affected_resources(absl::StrCat("r", random_() % 7));
    if (one_in(8)) filter.add_affected_resources("r2");
    if (one_in(4)) (*filter.mutable_labels())["env"] = "prod";
    if (one_in(8)) (*filter.mutable_labels())["team"] = "team-2";
    if (one_in(16)) (*filter.mutable_labels())["own"] = absl::StrCat(random_() % 50);
    for (uint64_t i = 0; one_in(8) && i < 20; ++i) {
      filter.add_incident_ids(TestUuid(random_() % 60));
    }
    filter.set_active_only(one_in(4));
    return filter;
  }

  IncidentListing ListingOf(std::vector<v1::Filter> filters, v1::IncidentOrder order,
                            bool ascending, size_t page_size) {
    std::vector<FilterPtr> compiled;
    for (const v1::Filter& filter : filters) {
      compiled.push_back(*Filter::Compile(filter));
    }
    return {
        .filter = Filter::AllOf(compiled), .ordering = {order, ascending}, .page_size = page_size};
  }
  v1::ListIncidentsResponse List(const IncidentListing& listing) {
    auto page = queries_->List(listing);
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? *std::move(page) : v1::ListIncidentsResponse();
  }
  // All incidents that match, in order.
  std::vector<Known> Oracle(const std::vector<v1::Filter>& filters, v1::IncidentOrder order,
                            bool ascending) {
    std::vector<Known> matching;
    for (const auto& [id, known] : known_) {
      v1::Event event;
      *event.mutable_incident() = known.incident;
      if (OracleMatches(filters, event)) {
        matching.push_back(known);
      }
    }
    std::sort(matching.begin(), matching.end(),
              [&](const Known& a, const Known& b) { return Before(a, b, order, ascending); });
    return matching;
  }
  std::vector<std::string> IdsOf(const v1::ListIncidentsResponse& page) {
    std::vector<std::string> ids;
    for (const v1::Incident& incident : page.incidents()) {
      EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(
          incident, known_[incident.id()].incident));
      ids.push_back(incident.id());
    }
    return ids;
  }
  // Pages through one random listing, with `changes` events between pages.
  void CheckOneListing(uint64_t incidents, uint64_t changes) {
    const std::vector<v1::Filter> filters = random_() % 4 == 0
                                                ? std::vector{RandomFilter(), RandomFilter()}
                                                : std::vector{RandomFilter()};
    const auto order = static_cast<v1::IncidentOrder>(1 + random_() % 3);
    const bool ascending = random_() % 2 != 0;
    IncidentListing listing = ListingOf(filters, order, ascending, 1 + random_() % 20);
    const std::vector<Known> first = Oracle(filters, order, ascending);
    const Cursor latest = log_->extent().latest;
    const Sequence as_of = latest.sequence;
    std::vector<std::string> all;
    do {
      const v1::ListIncidentsResponse page = List(listing);
      EXPECT_EQ(page.total(), Oracle(filters, order, ascending).size());
      EXPECT_FALSE(page.total_is_at_least());
      EXPECT_EQ(page.cursor(), FormatCursor(latest));
      for (const std::string& id : IdsOf(page)) {
        all.push_back(id);
      }
      listing.page_token = page.next_page_token();
      for (uint64_t i = 0; i < random_() % (changes + 1); ++i) {
        PublishRandom(incidents);
      }
    } while (!listing.page_token.empty());
    // As it stood at the first page, but for what the events after its cursor tell.
    const std::set<std::string> given(all.begin(), all.end());
    EXPECT_EQ(given.size(), all.size()) << "an incident came twice";
    std::vector<std::string> expected;
    for (const Known& known : first) {
      const std::string& id = known.incident.id();
      if (known_[id].last <= as_of || given.contains(id)) {
        expected.push_back(id);
      }
    }
    EXPECT_EQ(all, expected);
  }

  TempDir dir_;
  ManualClock clock_{kStart};
  std::mt19937_64 random_{42};
  std::unique_ptr<Log> log_;
  std::unique_ptr<Window> window_;
  std::unique_ptr<IncidentQueries> queries_;
  std::unique_ptr<Sequencer> sequencer_;
  std::map<std::string, Known> known_;
};

INSTANTIATE_TEST_SUITE_P(Stores, IncidentQueriesTest, ::testing::Values("memory", "rocksdb"),
                         [](const auto& store) { return store.param; });

TEST_P(IncidentQueriesTest, ListsAreWhatTheOracleSays) {
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 20; ++i) {
      PublishRandom(50);
    }
    CheckOneListing(50, 0);
  }
}

TEST_P(IncidentQueriesTest, PagesStayRightWhileEventsCome) {
  for (int i = 0; i < 200; ++i) {
    PublishRandom(150);
  }
  for (int round = 0; round < 60; ++round) {
    CheckOneListing(150, 5);
  }
}

TEST_P(IncidentQueriesTest, ListsAreTheSameAfterARestart) {
  for (int round = 0; round < 8; ++round) {
    for (int i = 0; i < 30; ++i) {
      PublishRandom(60);
    }
    Restart();
    CheckOneListing(60, 0);
    CheckOneListing(60, 3);
  }
}

TEST_P(IncidentQueriesTest, ATokenGoesOnAfterARestart) {
  for (int i = 0; i < 40; ++i) {
    PublishRandom(30);
  }
  IncidentListing listing = ListingOf({{}}, v1::INCIDENT_ORDER_SEVERITY, false, 7);
  std::vector<std::string> all;
  do {
    const v1::ListIncidentsResponse page = List(listing);
    for (const std::string& id : IdsOf(page)) {
      all.push_back(id);
    }
    listing.page_token = page.next_page_token();
    Restart();
  } while (!listing.page_token.empty());
  std::vector<std::string> expected;
  for (const Known& known : Oracle({{}}, v1::INCIDENT_ORDER_SEVERITY, false)) {
    expected.push_back(known.incident.id());
  }
  EXPECT_EQ(all, expected);
}

TEST_P(IncidentQueriesTest, SkipNumbersThePages) {
  for (int i = 0; i < 60; ++i) {
    PublishRandom(40);
  }
  const std::vector<Known> all = Oracle({{}}, v1::INCIDENT_ORDER_CREATED_AT, true);
  IncidentListing listing = ListingOf({{}}, v1::INCIDENT_ORDER_CREATED_AT, true, 6);
  for (listing.skip = 0; listing.skip < all.size() + 6; listing.skip += 6) {
    const v1::ListIncidentsResponse page = List(listing);
    std::vector<std::string> expected;
    for (size_t i = listing.skip; i < std::min(listing.skip + 6, all.size()); ++i) {
      expected.push_back(all[i].incident.id());
    }
    EXPECT_EQ(IdsOf(page), expected);
    EXPECT_EQ(page.next_page_token().empty(), listing.skip + 6 >= all.size());
  }
}

TEST_P(IncidentQueriesTest, ATokenIsOfOneQuery) {
  for (int i = 0; i < 30; ++i) {
    PublishRandom(20);
  }
  v1::Filter prod;
  (*prod.mutable_labels())["env"] = "prod";
  const IncidentListing first = ListingOf({{}}, v1::INCIDENT_ORDER_UPDATED_AT, false, 3);
  const std::string token = List(first).next_page_token();
  ASSERT_FALSE(token.empty());
  IncidentListing same = first;
  same.page_size = 5;
  same.page_token = token;
  EXPECT_EQ(List(same).incidents_size(), 5);
  std::vector<IncidentListing> others = {
      ListingOf({prod}, v1::INCIDENT_ORDER_UPDATED_AT, false, 3),
      ListingOf({{}, prod}, v1::INCIDENT_ORDER_UPDATED_AT, false, 3),
      ListingOf({{}}, v1::INCIDENT_ORDER_CREATED_AT, false, 3),
      ListingOf({{}}, v1::INCIDENT_ORDER_UPDATED_AT, true, 3)};
  std::vector<std::string> tokens(others.size(), token);
  for (const std::string& broken :
       {std::string("x"), token + "A", token.substr(1), token.substr(0, token.size() - 1),
        std::string("%%%"), std::string(10'000, 'A')}) {
    others.push_back(first);
    tokens.push_back(broken);
  }
  for (size_t i = 0; i < token.size(); ++i) {
    others.push_back(first);
    tokens.push_back(token);
    tokens.back()[i] = token[i] == 'B' ? 'C' : 'B';
  }
  for (size_t i = 0; i < others.size(); ++i) {
    others[i].page_token = tokens[i];
    const auto page = queries_->List(others[i]);
    EXPECT_EQ(ErrorCodeOf(page.status()), ErrorCode::kInvalidMessage) << tokens[i];
    EXPECT_EQ(ErrorDetailsOf(page.status()).field, "page_token");
  }
}

TEST_P(IncidentQueriesTest, WhatRetentionDropsIsInNoListAndNoCount) {
  for (uint64_t number = 0; number < 20; ++number) {
    v1::Event event;
    event.set_type(v1::EVENT_TYPE_INCIDENT_CREATED);
    *event.mutable_incident() = RandomIncident(number);
    event.mutable_incident()->set_state(number % 2 == 0 ? v1::INCIDENT_STATE_RESOLVED
                                                        : v1::INCIDENT_STATE_DETECTED);
    Publish(event);
  }
  sequencer_ = nullptr;
  queries_ = nullptr;
  Open({.max_over_age = absl::Hours(1)});
  const IncidentListing all = ListingOf({{}}, v1::INCIDENT_ORDER_UPDATED_AT, false, 100);
  EXPECT_EQ(List(all).total(), 20u);
  clock_.Advance(absl::Hours(2));
  sequencer_->RunOnce();
  const v1::ListIncidentsResponse page = List(all);
  EXPECT_EQ(page.total(), 10u);
  EXPECT_EQ(page.incidents_size(), 10);
  for (const v1::Incident& incident : page.incidents()) {
    EXPECT_EQ(incident.state(), v1::INCIDENT_STATE_DETECTED);
  }
  EXPECT_EQ(queries_->counts().over, 0u);
  EXPECT_EQ(queries_->counts().active, 10u);
  // A value that only they had is gone too, and their places are used again.
  v1::Filter own;
  (*own.mutable_labels())["own"] = "4";
  EXPECT_EQ(List(ListingOf({own}, v1::INCIDENT_ORDER_UPDATED_AT, false, 10)).total(), 0u);
  v1::Event event;
  event.set_type(v1::EVENT_TYPE_INCIDENT_CREATED);
  *event.mutable_incident() = RandomIncident(4);
  Publish(event);
  EXPECT_EQ(List(ListingOf({own}, v1::INCIDENT_ORDER_UPDATED_AT, false, 10)).total(), 1u);
}

TEST_P(IncidentQueriesTest, APageEndsBeforeItIsTooLargeForAClient) {
  for (uint64_t number = 0; number < 12; ++number) {
    v1::Event event;
    event.set_type(v1::EVENT_TYPE_INCIDENT_CREATED);
    *event.mutable_incident() = RandomIncident(number);
    event.mutable_incident()->set_description(std::string(700 * limits::kKiB, 'x'));
    Publish(event);
  }
  IncidentListing listing = ListingOf({{}}, v1::INCIDENT_ORDER_UPDATED_AT, false, 100);
  size_t seen = 0;
  do {
    const v1::ListIncidentsResponse page = List(listing);
    EXPECT_LT(page.ByteSizeLong(), 4 * limits::kMiB);
    EXPECT_GT(page.incidents_size(), 0);
    seen += static_cast<size_t>(page.incidents_size());
    listing.page_token = page.next_page_token();
  } while (!listing.page_token.empty());
  EXPECT_EQ(seen, 12u);
}

TEST_P(IncidentQueriesTest, AnIncidentComesWithItsHistoryAndPlace) {
  Publish(IncidentCreated(TestUuid(7)));
  v1::Event comment = CommentOn(TestUuid(7), "looking");
  Publish(comment);
  const auto got = queries_->Get({.id = TestUuid(7), .require = Filter::MatchAll()});
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->incident().title(), "disk full");
  ASSERT_EQ(got->incident().notes_size(), 1);
  EXPECT_EQ(got->incident().notes(0).content(), "looking");
  EXPECT_EQ(got->sequence(), 2u);
  EXPECT_EQ(got->cursor(), FormatCursor({log_->epochs().present(), 2}));

  v1::Filter p0;
  p0.add_severities(v1::SEVERITY_P0);
  const auto hidden = queries_->Get({.id = TestUuid(7), .require = *Filter::Compile(p0)});
  const auto unknown = queries_->Get({.id = TestUuid(8), .require = Filter::MatchAll()});
  EXPECT_EQ(ErrorCodeOf(hidden.status()), ErrorCode::kNotFound);
  EXPECT_EQ(ErrorCodeOf(unknown.status()), ErrorCode::kNotFound);
  EXPECT_EQ(ErrorDetailsOf(unknown.status()).field, "incident_id");
  // What is hidden is not told from what is not there.
  EXPECT_EQ(absl::StrReplaceAll(hidden.status().message(), {{TestUuid(7), ""}}),
            absl::StrReplaceAll(unknown.status().message(), {{TestUuid(8), ""}}));
}

TEST_P(IncidentQueriesTest, AnIncidentWithLongHistoryIsStillOneMessage) {
  v1::Event created = IncidentCreated(TestUuid(7));
  created.mutable_incident()->set_description(std::string(900 * limits::kKiB, 'x'));
  Publish(created);
  for (int i = 0; i < 100; ++i) {
    v1::Event comment = CommentOn(TestUuid(7), absl::StrCat(i, " ", std::string(16'000, 'y')));
    Publish(comment);
  }
  const auto got = queries_->Get({.id = TestUuid(7), .require = Filter::MatchAll()});
  ASSERT_TRUE(got.ok()) << got.status();
  // Description, history, and the little that is beside them; alerts may take one MiB more.
  EXPECT_LT(got->ByteSizeLong(), (900 + 1'536 + 16) * limits::kKiB);
  const auto& notes = got->incident().notes();
  ASSERT_GT(notes.size(), 90);
  ASSERT_LT(notes.size(), 100);
  EXPECT_TRUE(notes[notes.size() - 1].content().starts_with("99 "));
  EXPECT_TRUE(notes[0].content().starts_with(absl::StrCat(100 - notes.size(), " ")));
}

TEST_P(IncidentQueriesTest, AListComesWithHistoryWhereItIsAskedFor) {
  Publish(IncidentCreated(TestUuid(7)));
  v1::Event comment = CommentOn(TestUuid(7), "looking");
  Publish(comment);
  IncidentListing listing = ListingOf({{}}, v1::INCIDENT_ORDER_UPDATED_AT, false, 10);
  EXPECT_EQ(List(listing).incidents(0).notes_size(), 0);
  listing.with_history = true;
  const v1::ListIncidentsResponse page = List(listing);
  const auto got = queries_->Get({.id = TestUuid(7), .require = Filter::MatchAll()});
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(page.incidents(0).SerializeAsString(), got->incident().SerializeAsString());
  EXPECT_EQ(page.incidents(0).notes(0).content(), "looking");
}

// Two incidents of 870 KiB leave no room for one of 1,000 KiB that has a long history.
TEST_P(IncidentQueriesTest, APageWithHistoryEndsBeforeItIsTooLargeForAClient) {
  const auto create = [&](uint64_t number, size_t kib) {
    v1::Event event = IncidentCreated(TestUuid(number));
    event.mutable_incident()->set_description(std::string(kib * limits::kKiB, 'x'));
    Publish(event);
  };
  create(1, 1'000);
  for (int i = 0; i < 100; ++i) {
    v1::Event comment = CommentOn(TestUuid(1), std::string(16'000, 'y'));
    Publish(comment);
  }
  create(2, 870);
  create(3, 870);
  IncidentListing listing = ListingOf({{}}, v1::INCIDENT_ORDER_UPDATED_AT, false, 100);
  listing.with_history = true;
  std::vector<int> sizes;
  do {
    const v1::ListIncidentsResponse page = List(listing);
    EXPECT_LT(page.ByteSizeLong(), 4 * limits::kMiB);
    sizes.push_back(page.incidents_size());
    listing.page_token = page.next_page_token();
  } while (!listing.page_token.empty());
  EXPECT_THAT(sizes, ::testing::ElementsAre(2, 1));

  listing.whole = true;
  const auto refused = queries_->List(listing);
  EXPECT_EQ(ErrorCodeOf(refused.status()), ErrorCode::kMessageTooLarge);
  EXPECT_EQ(ErrorDetailsOf(refused.status()).field, "page_size");
  EXPECT_THAT(ErrorDetailsOf(refused.status()).allowed, ::testing::ElementsAre("1 to 2 here"));
  listing.page_size = 2;
  EXPECT_EQ(List(listing).incidents_size(), 2);
}

// What another thread commits while the table is read is neither lost nor older than it should be.
TEST_P(IncidentQueriesTest, WhatComesWhileTheIndexIsLoadedCounts) {
  for (uint64_t number = 0; number < 30; ++number) {
    v1::Event event;
    event.set_type(v1::EVENT_TYPE_INCIDENT_CREATED);
    *event.mutable_incident() = RandomIncident(number);
    Publish(event);
  }
  sequencer_ = nullptr;
  queries_ = std::make_unique<IncidentQueries>(*log_);
  queries_->Begin();
  sequencer_ = std::make_unique<Sequencer>(*log_, *window_, clock_, SequencerOptions{});
  sequencer_->SetNextFollower(queries_.get());
  ASSERT_EQ(sequencer_->Open(), absl::OkStatus());
  for (int i = 0; i < 40; ++i) {
    PublishRandom(60);
  }
  queries_->Load();
  for (int round = 0; round < 10; ++round) {
    CheckOneListing(60, 0);
  }
}

}  // namespace
}  // namespace tocsin::hub
