// The judge: nothing is wrong with a good history, and for each way to break a guarantee a history
// made by hand is broken by that guarantee and by no other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/history/judge.h"
#include "tests/core/history_fixture.h"

namespace tocsin::history {
namespace {

using namespace testing;  // NOLINT: the fixture is made for this
using ::testing::HasSubstr;

Verdict VerdictOf(const History& history) {
  absl::StatusOr<Verdict> verdict = JudgeText(history.Text());
  EXPECT_TRUE(verdict.ok()) << verdict.status();
  return verdict.ok() ? *std::move(verdict) : Verdict();
}

struct Bad {
  const char* rule;
  const char* name;
  std::function<void(History&)> change;
};

void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.name; }

class BadHistoryTest : public ::testing::TestWithParam<Bad> {};

TEST_P(BadHistoryTest, IsBrokenByItsGuaranteeAlone) {
  History history = Good();
  GetParam().change(history);
  const Verdict verdict = VerdictOf(history);
  EXPECT_EQ(BrokenOf(verdict), GetParam().rule) << VerdictText(verdict);
  for (const Finding& finding : verdict.findings()) EXPECT_FALSE(finding.offending.empty());
}

void Swap(std::vector<Record>& records, size_t a, size_t b) { std::swap(records[a], records[b]); }

const Bad kOrdered[] = {
    {"Ordered", "SwappedEvents", [](History& h) { Swap(h.of(kAll), 4, 5); }},
    {"Ordered", "SwappedAroundAResume",
     [](History& h) {
       h.of(kAll) = {Event(kAll, 0), Event(kAll, 1), ResumeRecord{kAll, 2, At(11)},
                     Event(kAll, 3), Event(kAll, 2), Event(kAll, 4),
                     Event(kAll, 5)};
     }},
    {"Ordered", "UrgentEventsOutOfOrder",
     [](History& h) {
       h.of(kPriority) = {Event(kPriority, 4, Split(9, 14)), Event(kPriority, 1, Split(9, 11))};
     }},
    {"Ordered", "TheLogGoesBack", [](History& h) { Swap(h.log, 2, 3); }},
    {"Ordered", "AnEarlierReadGoesBack", [](History& h) { Swap(h.earlier, 1, 2); }},
    // Each call begins after the one that stands behind it was acknowledged.
    {"Ordered", "AgainstRealTime",
     [](History& h) {
       for (size_t i = 0; i < 3; ++i) {
         h.call(i).invoked_us = 100 - 10 * static_cast<int64_t>(i);
         h.call(i).answered_us = h.call(i).invoked_us + 5;
       }
     }},
};

const Bad kUnique[] = {
    {"Unique", "TwiceInAStream", [](History& h) { h.Insert(kAll, 5, Event(kAll, 2)); }},
    {"Unique", "TwiceAmongTheUrgent",
     [](History& h) { h.Insert(kPriority, 2, Event(kPriority, 4, Split(9, 14))); }},
    {"Unique", "TwiceInTheLog",
     [](History& h) {
       h.log.push_back(Read(2, 5, At(20)));
       h.call(2).answers[1].cursor = At(20);
       h.of(kAll).push_back(Event(kAll, 5, At(20)));
     }},
    {"Unique", "OnePlaceWithTwoEventsInTheLog",
     [](History& h) {
       h.log.push_back(Read(2, 7, At(15)));
       h.calls.push_back(Call({7}, 15));
       h.log.push_back(Read(2, 8, At(16)));
       h.calls.push_back(Call({8}, 16));
     }},
    // A subscriber was given e3 in the place that e4 has in the log.
    {"Unique", "OnePlaceWithTwoEventsForASubscriber",
     [](History& h) { h.of(kAll).push_back(Event(kAll, 3, At(14))); }},
    // A publisher was answered that e5 stands where e4 does.
    {"Unique", "OnePlaceInTwoAnswers", [](History& h) { h.call(2).answers[1].cursor = At(14); }},
};

const Bad kReliable[] = {
    {"Reliable", "NeverDelivered", [](History& h) { h.Erase(kAll, 5); }},
    {"Reliable", "NeverDeliveredThoughABookmarkSaysSo", [](History& h) { h.Erase(kEven, 4); }},
    {"Reliable", "NeverDeliveredAmongTheOthers", [](History& h) { h.Erase(kPriority, 6); }},
    {"Reliable", "TheNewestOfAnIncidentIsMissing",
     [](History& h) {
       h.of(kNewest) = {Event(kNewest, 2), Event(kNewest, 4), BookmarkRecord{kNewest, At(15)}};
     }},
    {"Reliable", "MissingBeforeAGap",
     [](History& h) {
       h.of(kAll) = {Event(kAll, 0), GapRecord{kAll, At(12), At(15)}};
     }},
    {"Reliable", "MissingInAnEarlierRead",
     [](History& h) { h.earlier.erase(h.earlier.begin() + 1); }},
};

const Bad kAtomic[] = {
    {"Atomic", "HalfVisibleBeforeTheRetry",
     [](History& h) { h.earlier.insert(h.earlier.begin() + 4, Read(1, 4)); }},
    {"Atomic", "HalfInTheLogForEver",
     [](History& h) {
       h.calls.push_back(Call({6, 7}, 16, false));
       h.log.push_back(Read(2, 6));
     }},
    {"Atomic", "HalfKnownInTheAnswer", [](History& h) { h.call(2).answers[0].duplicate = true; }},
    {"Atomic", "AppendedInTwoLives",
     [](History& h) {
       h.read(5).cursor = At(15, 2);
       h.call(2).answers[1].cursor = At(15, 2);
       h.of(kAll).back() = Event(kAll, 5, At(15, 2));
       h.of(kNewest).back() = Event(kNewest, 5, At(15, 2));
       h.of(kPriority).back() = Event(kPriority, 5, At(15, 2));
     }},
    {"Atomic", "AnotherCallBetween",
     [](History& h) {
       h.calls.push_back(Call({6, 8}, 16));
       h.calls.push_back(Call({7}, 17));
       h.call(3).answers[1].cursor = At(18);
       for (uint64_t n : {6, 7, 8}) h.log.push_back(Read(2, n));
     }},
    {"Atomic", "AnothersEventBetween",
     [](History& h) {
       h.calls.push_back(Call({6, 8}, 16));
       h.call(3).answers[1].cursor = At(18);
       for (uint64_t n : {6, 7, 8}) h.log.push_back(Read(2, n));
       h.read(7).others = true;
     }},
};

const Bad kResumable[] = {
    {"Resumable", "AResumeRepeats", [](History& h) { h.Insert(kAll, 4, Event(kAll, 1)); }},
    {"Resumable", "AResumeRepeatsAll",
     [](History& h) {
       h.Insert(kAll, 4, Event(kAll, 1));
       h.Insert(kAll, 4, Event(kAll, 0));
     }},
    {"Resumable", "AResumeSkips", [](History& h) { h.Erase(kAll, 4); }},
    {"Resumable", "AResumeOfTheUrgentRepeats",
     [](History& h) { h.Insert(kPriority, 4, Event(kPriority, 4, Split(10, 14))); }},
    {"Resumable", "AResumeOfTheOthersSkips",
     [](History& h) {
       h.Erase(kPriority, 5);
       h.Erase(kPriority, 4);
     }},
};

const Bad kBookmarkable[] = {
    {"Bookmarkable", "ABookmarkOvertakes",
     [](History& h) {
       h.Insert(kAll, 5, BookmarkRecord{kAll, At(13)});
     }},
    {"Bookmarkable", "ABookmarkOvertakesThroughAFilter",
     [](History& h) {
       h.Insert(kEven, 1, BookmarkRecord{kEven, At(14)});
     }},
    // As if all were given up to the urgent one: whoever resumes there loses what waits.
    {"Bookmarkable", "AnUrgentEventTellsThePlaceForAll",
     [](History& h) { h.of(kPriority)[1] = Event(kPriority, 4, At(14)); }},
};

const Bad kFilterable[] = {
    {"Filterable", "NotAskedFor", [](History& h) { h.Insert(kEven, 1, Event(kEven, 1)); }},
};

const Bad kFollowed[] = {
    {"Followed", "ALeaveIsMissed", [](History& h) { h.Erase(kSet, 4); }},
    {"Followed", "TheLastLeaveIsMissedBeforeABookmark",
     [](History& h) {
       h.of(kSet).back() = BookmarkRecord{kSet, At(15)};
     }},
    {"Followed", "ALeaveIsToldTwice",
     [](History& h) {
       h.Insert(kSet, 3, LeftRecord{kSet, Incident(1), At(11)});
     }},
    {"Followed", "ALeaveIsToldLate", [](History& h) { Swap(h.of(kSet), 4, 5); }},
    {"Followed", "ALeaveOfOneThatStays",
     [](History& h) {
       h.Insert(kSet, 5, LeftRecord{kSet, Incident(1), At(14)});
     }},
    {"Followed", "ALeaveOfOneThatWasNotThere",
     [](History& h) {
       h.of(kSet)[1] = LeftRecord{kSet, Incident(2), At(11)};
     }},
    {"Followed", "ALeaveNobodyAskedFor",
     [](History& h) {
       h.Insert(kEven, 1, LeftRecord{kEven, Incident(1), At(11)});
     }},
    {"Followed", "ASnapshotWithOneTooMany",
     [](History& h) {
       h.of(kSnapshot)[0] = SnapshotRecord{kSnapshot, At(12), {Incident(1), Incident(2)}};
     }},
    {"Followed", "ASnapshotWithOneTooFew",
     [](History& h) {
       h.of(kSnapshot)[0] = SnapshotRecord{kSnapshot, At(12), {}};
     }},
};

const Bad kDurable[] = {
    {"Durable", "AcknowledgedAndLost", [](History& h) { h.calls.push_back(Call({9}, 16)); }},
    {"Durable", "SeenAndLost",
     [](History& h) {
       h.calls.push_back(Call({9}, 16, false));
       h.of(kAll).push_back(Event(kAll, 9, At(16)));
     }},
    {"Durable", "SeenByAnEarlierReadAndLost",
     [](History& h) { h.earlier.insert(h.earlier.begin() + 4, Read(1, 9, At(14))); }},
    {"Durable", "DeliveredAndNeverPublished",
     [](History& h) { h.of(kAll).push_back(Event(kAll, 99, At(13))); }},
    {"Durable", "DeliveredWithAnotherContent",
     [](History& h) { std::get<EventRecord>(h.of(kAll)[6]).content = 77; }},
    {"Durable", "StoredWithAnotherContent", [](History& h) { h.call(1).contents[1] = 77; }},
    {"Durable", "InTheLogAndNeverPublished", [](History& h) { h.log.push_back(Read(2, 6)); }},
    {"Durable", "AnsweredWithAPlaceThatIsEmpty",
     [](History& h) { h.call(2).answers[1].cursor = At(16); }},
};

#define TOCSIN_BAD(rule)                                                       \
  INSTANTIATE_TEST_SUITE_P(rule, BadHistoryTest, ::testing::ValuesIn(k##rule), \
                           [](const auto& info) { return std::string(info.param.name); })
TOCSIN_BAD(Ordered);
TOCSIN_BAD(Unique);
TOCSIN_BAD(Reliable);
TOCSIN_BAD(Atomic);
TOCSIN_BAD(Resumable);
TOCSIN_BAD(Bookmarkable);
TOCSIN_BAD(Filterable);
TOCSIN_BAD(Followed);
TOCSIN_BAD(Durable);
#undef TOCSIN_BAD

TEST(JudgeTest, NothingIsWrongWithAGoodHistory) {
  const Verdict verdict = VerdictOf(Good());
  EXPECT_TRUE(verdict.held()) << VerdictText(verdict);
  EXPECT_EQ(verdict.streams, 6u);
  EXPECT_EQ(verdict.events, 6u);
  for (size_t i = 0; i < kGuarantees; ++i) {
    EXPECT_GT(verdict.tried(static_cast<Guarantee>(i)), 0u) << i;
  }
}

TEST(JudgeTest, WhatAGapTellsIsNotOwed) {
  History history = Good();
  history.of(kAll) = {GapRecord{kAll, At(9), At(13)}, Event(kAll, 4), Event(kAll, 5)};
  const Verdict verdict = VerdictOf(history);
  EXPECT_TRUE(verdict.held()) << VerdictText(verdict);
  EXPECT_EQ(verdict.gaps, 1u);
}

TEST(JudgeTest, ACallWithoutAnAnswerMayBeInTheLogOrNot) {
  History history = Good();
  history.call(2).answers.clear();
  history.calls.push_back(Call({20, 21}, 0, false));
  EXPECT_TRUE(VerdictOf(history).held());
}

TEST(JudgeTest, ARetryOfWhatWasAcknowledgedIsADuplicateOfAll) {
  History history = Good();
  PublishRecord again = history.call(1);
  for (auto& answer : again.answers) answer.duplicate = true;
  history.calls.push_back(again);
  EXPECT_TRUE(VerdictOf(history).held());
}

// A crash under `interval` durability took 1-10 and 1-11, of which a bookmark had told.
TEST(JudgeTest, ACursorOfALostTailStandsForTheLastOfItsEpoch) {
  History history = Good();
  history.of(kAll).push_back(BookmarkRecord{kAll, At(17)});
  history.of(kAll).push_back(ResumeRecord{kAll, 3, At(17)});
  history.of(kAll).push_back(GapRecord{kAll, At(17), At(15)});
  PublishRecord call = Call({6, 7}, 16);
  for (uint64_t n : {6, 7}) {
    const Cursor cursor = At(n + 10, 2);
    call.answers[n - 6].cursor = cursor;
    history.log.push_back(Read(2, n, cursor));
    history.of(kAll).push_back(Event(kAll, n, cursor));
  }
  history.calls.push_back(call);
  const Verdict verdict = VerdictOf(history);
  EXPECT_TRUE(verdict.held()) << VerdictText(verdict);
}

TEST(JudgeTest, EventsOfOthersNeedNoPublisher) {
  History history = Good();
  history.log.push_back(Read(2, 6));
  history.read(6).others = true;
  EXPECT_TRUE(VerdictOf(history).held());
}

TEST(JudgeTest, OverlappingCallsMayStandInAnyOrder) {
  History history = Good();
  history.call(0).invoked_us = 20;
  history.call(0).answered_us = 40;
  history.call(1).invoked_us = 10;
  history.call(1).answered_us = 20;
  EXPECT_TRUE(VerdictOf(history).held());
}

TEST(JudgeTest, FindingsNameTheGuaranteeTheStreamAndTheEvents) {
  History history = Good();
  history.Insert(kAll, 5, Event(kAll, 2));
  EXPECT_THAT(VerdictText(VerdictOf(history)),
              HasSubstr("all, was given one event twice: 00000000-0000-0000-0000-000000000002 at "
                        "1-c\n"));
}

TEST(JudgeTest, OfOneFaultWithoutEndAFewAreKeptAndAllCounted) {
  History history = Good();
  for (int i = 0; i < 100; ++i) history.of(kAll).push_back(Event(kAll, 5));
  const Verdict verdict = VerdictOf(history);
  EXPECT_EQ(verdict.broken(Guarantee::kUnique), 100u);
  EXPECT_EQ(verdict.findings().size(), Verdict::kMostFindings);
  EXPECT_THAT(VerdictText(verdict), HasSubstr("and 95 more"));
}

TEST(JudgeTest, TheVerdictEndsWithASentence) {
  const std::string good = VerdictText(VerdictOf(Good()));
  EXPECT_TRUE(good.ends_with("\nVerdict: all that was tried held.\n")) << good;
  History history = Good();
  history.Insert(kAll, 5, Event(kAll, 2));
  const std::string bad = VerdictText(VerdictOf(history));
  EXPECT_TRUE(bad.ends_with("\nVerdict: BROKEN: Unique.\n")) << bad;
  EXPECT_THAT(bad, HasSubstr("\n    promised: no event comes twice, over any number of resumes\n"));
  const std::string nothing = VerdictText(Verdict());
  EXPECT_THAT(nothing,
              HasSubstr("held. Not tried: Ordered, Unique, Reliable, Atomic, Resumable, "));
}

TEST(JudgeTest, AHistoryThatWasCutOffIsNotJudged) {
  std::string text = Good().Text();
  text.resize(text.rfind("{\"record\":\"end\""));
  const auto verdict = JudgeText(text);
  ASSERT_FALSE(verdict.ok());
  EXPECT_THAT(std::string(verdict.status().message()), HasSubstr("no whole last read"));
}

TEST(JudgeTest, ALineThatIsNoRecordIsNamed) {
  const std::string good = Good().Text();
  for (const auto& [line, what] : std::vector<std::pair<std::string, std::string>>{
           {"nonsense", "history:1: is no JSON object"},
           {R"({"record":"dance"})", "history:1: record: has to be"},
           {R"({"record":"event","stream":1,"id":"x","cursor":"1-a"})", "history:1: id: has to be"},
           {R"({"record":"event","stream":9,"id":"00000000-0000-0000-0000-000000000002",)"
            R"("cursor":"1-c"})",
            "history:1: stream: there is no record of 9"}}) {
    const auto verdict = JudgeText(line + "\n" + good);
    ASSERT_FALSE(verdict.ok()) << line;
    EXPECT_THAT(std::string(verdict.status().message()), HasSubstr(what));
  }
}

}  // namespace
}  // namespace tocsin::history
