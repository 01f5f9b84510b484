// A window that is filled through a filter which changes, as a bridge's is: nobody loses anything,
// gets anything twice, or waits for ever.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "core/stream/filter_needs.h"
#include "tests/core/stream_fixture.h"

namespace tocsin {
namespace {

using testing::kEpoch;
using testing::MakeEvent;
using testing::RecordingSink;

constexpr const char* kSources[] = {"cpu", "disk", "net", "mail", "door"};

FilterPtr SourceFilter(std::initializer_list<int> sources) {
  v1::Filter filter;
  for (const int source : sources) filter.add_sources(kSources[source]);
  return Filter::Compile(filter).value();
}

// The hub: has everything, feeds the window through the intake, and answers catch-ups when there is
// something to tell.
class Hub : public LogReader {
 public:
  Hub() : window({50, 1 << 30}) { window.Start({kEpoch, 0}); }

  void Publish(int source) {
    const EventPtr event = MakeEvent(all.size() + 1, v1::SEVERITY_P2, kSources[source]);
    all.push_back(event);
    if (intake->Matches(event->facts)) {
      window.Append(std::span(&event, 1));
    }
  }
  // The stream's bookmark: what came through is complete up to here.
  void Bookmark() { window.Advance(latest()); }
  // Ends the stream and opens another with the intake that the needs have been given.
  void Change(FilterPtr next) {
    window.Cover(next);
    intake = std::move(next);
    for (size_t i = window.view().head.sequence; i < all.size(); ++i) {
      if (intake->Matches(all[i]->facts)) window.Append(std::span(&all[i], 1));
    }
  }
  // Those that wait are told what is new.
  void Poke() {
    for (Reading* reading : std::exchange(waiting_, {})) reading->Answer();
  }
  Cursor latest() const { return {kEpoch, all.size()}; }

  std::unique_ptr<CatchUp> Open(Shard& shard, const StartPoint& start, FilterPtr filter,
                                Deliver deliver) override {
    ++opened;
    const Cursor* const cursor = std::get_if<Cursor>(&start);
    return std::make_unique<Reading>(*this, shard, cursor != nullptr ? *cursor : latest(),
                                     std::move(filter), std::move(deliver));
  }

  Window window;
  std::vector<EventPtr> all;
  FilterPtr intake = Filter::MatchAll();
  int opened = 0;

 private:
  class Reading : public CatchUp {
   public:
    Reading(Hub& hub, Shard& shard, Cursor place, FilterPtr filter, Deliver deliver)
        : hub_(hub),
          shard_(shard),
          place_(place),
          filter_(std::move(filter)),
          deliver_(std::move(deliver)) {}
    ~Reading() override { std::erase(hub_.waiting_, this); }

    void Next(size_t, size_t) override {
      if (told_ && place_ == hub_.latest()) {
        hub_.waiting_.push_back(this);
      } else {
        Answer();
      }
    }
    void Answer() {
      told_ = true;
      shard_.Post([this, alive = std::weak_ptr<int>(alive_)] {
        if (alive.expired()) return;
        LogSlice slice;
        slice.from = place_;
        for (size_t i = place_.sequence; i < hub_.all.size() && slice.events.size() < 7; ++i) {
          if (filter_->Matches(hub_.all[i]->facts)) slice.events.push_back(hub_.all[i]);
          place_ = hub_.all[i]->cursor;
        }
        slice.to = place_;
        deliver_(std::move(slice));
      });
    }

   private:
    Hub& hub_;
    Shard& shard_;
    Cursor place_;
    FilterPtr filter_;
    Deliver deliver_;
    bool told_ = false;
    std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  };

  std::vector<Reading*> waiting_;
};

class IntakeTest : public ::testing::Test {
 protected:
  struct Client {
    RecordingSink sink;
    SubscriberId id = 0;
    FilterPtr filter;
    Sequence from = 0;
  };

  IntakeTest() : shard(hub.window, hub, clock, Options()) {
    shard.SetBell([this] { rung = true; });
    needs.SetOnUncovered([this] { uncovered = true; });
    Settle();
  }
  ShardOptions Options() {
    ShardOptions options;
    options.needs = &needs;
    return options;
  }

  // `from`: resumes after it; nothing: the present end.
  Client& Join(FilterPtr filter, std::optional<Sequence> from = std::nullopt) {
    clients.push_back(std::make_unique<Client>());
    Client& client = *clients.back();
    client.sink.sends_at_once = true;
    client.id = shard.Add(&client.sink, absl::ZeroDuration());
    client.filter = filter;
    client.from = from.value_or(hub.all.size());
    const std::optional<StartPoint> start =
        from ? std::optional<StartPoint>(Cursor{kEpoch, *from}) : std::nullopt;
    shard.Subscribe(client.id, {.tag = 1, .filter = std::move(filter), .start = start});
    return client;
  }
  void Leave(size_t index) {
    shard.Remove(clients[index]->id);
    clients.erase(clients.begin() + static_cast<ptrdiff_t>(index));
  }
  void Settle() {
    hub.Poke();
    shard.Ring();
    for (int turn = 0; turn < 1'000; ++turn) {
      clock.Advance(limits::kHotTick);
      rung = false;
      shard.RunOnce();
      if (!rung && turn > 1) return;
    }
    FAIL() << "the shard never comes to rest";
  }
  void Narrow() { hub.Change(needs.TakeHull()); }
  void Widen() {
    uncovered = false;
    hub.Change(needs.TakeEverything());
  }
  void ExpectAllHasCome(const Client& client) {
    std::vector<Sequence> wanted;
    for (size_t i = client.from; i < hub.all.size(); ++i) {
      if (client.filter->Matches(hub.all[i]->facts)) wanted.push_back(i + 1);
    }
    EXPECT_EQ(client.sink.Events(), wanted);
  }

  ManualClock clock;
  FilterNeeds needs;
  Hub hub;
  Shard shard;
  bool rung = false;
  bool uncovered = false;
  std::vector<std::unique_ptr<Client>> clients;
};

TEST_F(IntakeTest, OneThatNeedsWhatDoesNotComeIsServedFromTheLogAndThenFromTheWindow) {
  Client& disk = Join(SourceFilter({1}));
  Settle();
  Narrow();
  Client& net = Join(SourceFilter({2}));
  EXPECT_TRUE(uncovered);
  for (int i = 0; i < 10; ++i) hub.Publish(i % 5);
  Settle();
  EXPECT_EQ(hub.opened, 1);
  EXPECT_EQ(shard.stats().live, 1u);
  EXPECT_EQ(hub.window.events(), 2u);  // only the disk's came
  Widen();
  for (int i = 0; i < 10; ++i) hub.Publish(i % 5);
  hub.Bookmark();
  Settle();
  EXPECT_EQ(shard.stats().live, 2u);
  ExpectAllHasCome(disk);
  ExpectAllHasCome(net);
}

TEST_F(IntakeTest, ACursorFromBeforeTheIntakeWidenedIsReadFromTheLog) {
  Join(SourceFilter({1}));
  Settle();
  Narrow();
  for (int i = 0; i < 10; ++i) hub.Publish(i % 5);
  hub.Bookmark();
  Widen();
  for (int i = 0; i < 5; ++i) hub.Publish(i % 5);
  Settle();
  Client& resumed = Join(SourceFilter({2}), 3);  // the window reaches back to 0, but without these
  Settle();
  EXPECT_EQ(hub.opened, 1);
  ExpectAllHasCome(resumed);
  Client& covered = Join(SourceFilter({1}), 3);
  Settle();
  EXPECT_EQ(hub.opened, 1);  // for this one the window is complete
  ExpectAllHasCome(covered);
}

// The needs are told first, then the stream is opened anew: what passes in between does not come.
TEST_F(IntakeTest, BetweenTheDecisionToWidenAndTheWiderStreamNobodyBecomesLiveTooEarly) {
  Join(SourceFilter({1}));
  Settle();
  Narrow();
  Client& net = Join(SourceFilter({2}));
  Settle();
  const FilterPtr everything = needs.TakeEverything();
  Settle();
  hub.Publish(2);
  hub.Bookmark();
  Settle();
  hub.Change(everything);
  hub.Publish(2);
  Settle();
  ExpectAllHasCome(net);
  EXPECT_EQ(shard.stats().live, 2u);
}

TEST_F(IntakeTest, BetweenTheDecisionToNarrowAndTheNarrowerStreamNobodyBecomesLiveUncovered) {
  Join(SourceFilter({1}));
  hub.Publish(1);
  Settle();
  const FilterPtr hull = needs.TakeHull();
  Client& net = Join(SourceFilter({2}), 1);
  Settle();
  hub.Change(hull);
  hub.Publish(2);
  Settle();
  ExpectAllHasCome(net);
  EXPECT_EQ(shard.stats().live, 1u);
}

TEST_F(IntakeTest, WhoJoinsAtThePresentEndGetsNothingOlder) {
  Join(SourceFilter({1}));
  Settle();
  Narrow();
  hub.Publish(2);
  hub.Publish(2);  // the bridge has not heard of them
  Client& net = Join(SourceFilter({2}));
  Settle();
  hub.Publish(2);
  Settle();
  EXPECT_EQ(net.sink.Events(), std::vector<Sequence>{3});
}

TEST_F(IntakeTest, NothingIsLostOrTwiceHoweverItChanges) {
  std::mt19937 random(7);
  const auto below = [&](int bound) {
    return std::uniform_int_distribution<int>(0, bound - 1)(random);
  };
  size_t checked = 0;
  for (int step = 0; step < 5'000; ++step) {
    switch (below(12)) {
      case 0:
        if (clients.size() < 12) {
          const auto from =
              below(2) == 0 ? std::nullopt
                            : std::optional<Sequence>(below(static_cast<int>(hub.all.size()) + 1));
          Join(below(3) == 0 ? SourceFilter({below(5), below(5)}) : SourceFilter({below(5)}), from);
        }
        break;
      case 1:
        if (!clients.empty()) {
          const auto index = static_cast<size_t>(below(static_cast<int>(clients.size())));
          hub.Bookmark();
          Settle();
          ExpectAllHasCome(*clients[index]);
          ++checked;
          Leave(index);
        }
        break;
      case 2:
        Narrow();
        break;
      case 3:
        if (uncovered) Widen();
        break;
      case 4:
        hub.Bookmark();
        break;
      case 5:
        Settle();
        break;
      case 6:
        shard.RunOnce();
        break;
      default:
        hub.Publish(below(5));
        shard.Ring();
    }
    if (::testing::Test::HasFailure()) break;
  }
  EXPECT_GT(checked, 100u);
  EXPECT_GT(hub.opened, 50);
}

}  // namespace
}  // namespace tocsin
