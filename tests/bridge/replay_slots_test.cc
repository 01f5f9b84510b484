#include "bridge/upstream/replay_slots.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace tocsin::bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ReplaySlotsTest : public ::testing::Test {
 protected:
  class Holder : public ReplaySlots::Holder {
   public:
    Holder(std::string name, std::vector<std::string>& said)
        : name_(std::move(name)), said_(said) {}
    void OnSlot() override { said_.push_back(name_ + " has"); }
    void OnYield() override { said_.push_back(name_ + " yields"); }

   private:
    const std::string name_;
    std::vector<std::string>& said_;
  };

  std::vector<std::string> Said() { return std::exchange(said, {}); }

  std::vector<std::string> said;
  ReplaySlots slots{2};
  Holder a{"a", said};
  Holder b{"b", said};
  Holder c{"c", said};
  Holder d{"d", said};
};

TEST_F(ReplaySlotsTest, SlotsAreTakenInTheOrderOfAsking) {
  for (Holder* each : {&a, &b, &c, &d}) slots.Take(*each);
  EXPECT_THAT(Said(), ElementsAre("a has", "b has"));
  slots.Leave(b, true);
  slots.Leave(a, true);
  EXPECT_THAT(Said(), ElementsAre("c has", "d has"));
}

TEST_F(ReplaySlotsTest, TheOneThatRestsLongestYields) {
  slots.Take(a);
  slots.Take(b);
  slots.Rest(b);
  slots.Rest(a);
  Said();
  slots.Take(c);
  EXPECT_THAT(Said(), ElementsAre("b yields", "c has"));
}

TEST_F(ReplaySlotsTest, OneThatReadsOnKeepsItsSlot) {
  slots.Take(a);
  slots.Take(b);
  slots.Rest(a);
  slots.Rouse(a);
  Said();
  slots.Take(c);
  EXPECT_THAT(Said(), IsEmpty());
}

TEST_F(ReplaySlotsTest, WhoComesToRestWhileAnotherWaitsYieldsAtOnce) {
  for (Holder* each : {&a, &b, &c}) slots.Take(*each);
  Said();
  slots.Rest(a);
  EXPECT_THAT(Said(), ElementsAre("a yields", "c has"));
}

TEST_F(ReplaySlotsTest, WhoLeavesTheLineIsPassedOverAndAFreeSlotStaysFree) {
  for (Holder* each : {&a, &b, &c, &d}) slots.Take(*each);
  slots.Leave(c, false);
  slots.Leave(a, true);
  slots.Leave(d, true);
  Said();
  slots.Take(c);
  EXPECT_THAT(Said(), ElementsAre("c has"));
}

}  // namespace
}  // namespace tocsin::bridge
