// What a user of `tocsin incidents watch` sees, on a terminal and in a pipe.
#include "cli/incidents/watch_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "absl/strings/str_format.h"
#include "cli/text_width.h"
#include "terminal.h"

namespace tocsin::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

const absl::Time kNow = absl::FromUnixSeconds(1'767'323'045);  // 2026-01-02T03:04:05Z

std::string Id(int number) { return absl::StrFormat("0190b6a5-7c1e-7000-8000-%012d", number); }

v1::Incident Incident(int number, v1::Severity severity, const std::string& title) {
  v1::Incident incident;
  incident.set_id(Id(number));
  incident.set_severity(severity);
  incident.set_state(v1::INCIDENT_STATE_DETECTED);
  incident.set_title(title);
  incident.set_source("prometheus");
  incident.mutable_updated_at()->set_seconds(absl::ToUnixSeconds(kNow) - 60 * number);
  return incident;
}

v1::SubscribeResponse Snapshot(const std::vector<v1::Incident>& incidents) {
  v1::SubscribeResponse response;
  response.mutable_snapshot()->set_kind(v1::SnapshotMark::KIND_LAST);
  response.mutable_snapshot()->mutable_incidents()->Add(incidents.begin(), incidents.end());
  return response;
}

v1::SubscribeResponse Left(int number) {
  v1::SubscribeResponse response;
  response.add_leaves()->set_incident_id(Id(number));
  return response;
}

ScreenSize g_size;

class TableViewTest : public ::testing::Test {
 protected:
  TableViewTest() { Resize(100, 8); }

  void Resize(size_t columns, size_t rows) {
    g_size = {columns, rows};
    terminal_.Resize(columns, rows);
  }
  void Apply(const v1::SubscribeResponse& response) { view_->Show(set_, set_.Apply(response)); }
  // What stands on the terminal afterwards.
  std::vector<std::string> Tick(absl::Duration after = absl::ZeroDuration()) {
    now_ += after;
    EXPECT_TRUE(view_->Tick(set_, status_, now_));
    terminal_.Write(out_.str());
    out_.str("");
    EXPECT_EQ(terminal_.scrolled(), 0u);
    return terminal_.Lines();
  }

  std::ostringstream out_;
  testing::Terminal terminal_{100, 8};
  IncidentSet set_;
  WatchStatus status_{.hub = "hub:50051", .connected = true, .problem = "", .since = kNow};
  absl::Time now_ = kNow;
  std::unique_ptr<WatchView> view_ =
      MakeTableView(out_, {.zone = absl::UTCTimeZone()}, [] { return g_size; });
};

TEST_F(TableViewTest, ShowsTheWorstFirst) {
  Apply(Snapshot({Incident(1, v1::SEVERITY_P3, "disk"), Incident(2, v1::SEVERITY_P0, "gateway")}));
  const auto lines = Tick();
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0], "2 incidents: 1 P0, 1 P3  2026-01-02 03:04:05.000Z  hub:50051");
  EXPECT_THAT(lines[1], StartsWith("SEV STATE         CHANGED INCIDENT"));
  EXPECT_EQ(lines[2], "P0  Detected      2m      " + Id(2) + " gateway");
  EXPECT_THAT(lines[3], StartsWith("P3  Detected      1m "));
  EXPECT_TRUE(terminal_.alternate());
  EXPECT_FALSE(terminal_.cursor_shown());
}

TEST_F(TableViewTest, ARowThatLeftIsGoneAndNothingOfItStays) {
  Apply(Snapshot({Incident(1, v1::SEVERITY_P0, "a long title that would show"),
                  Incident(2, v1::SEVERITY_P1, "x"), Incident(3, v1::SEVERITY_P2, "y")}));
  Tick();
  Apply(Left(1));
  auto lines = Tick();
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_THAT(lines[2], StartsWith("P1 "));
  EXPECT_THAT(lines[2], Not(HasSubstr("long")));
  EXPECT_THAT(lines[3], StartsWith("P2 "));
  Apply(Left(2));
  Apply(Left(3));
  lines = Tick();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], StartsWith("0 incidents "));
}

TEST_F(TableViewTest, IsDrawnWhenSomethingChangedAndOnceASecond) {
  Apply(Snapshot({Incident(0, v1::SEVERITY_P0, "x")}));
  Tick();
  view_->Tick(set_, status_, now_ + absl::Milliseconds(900));
  EXPECT_EQ(out_.str(), "");
  EXPECT_THAT(Tick(absl::Seconds(1))[2], HasSubstr(" 1s "));  // its age has changed
  Apply(Snapshot({Incident(0, v1::SEVERITY_P1, "x")}));
  EXPECT_THAT(Tick(absl::Milliseconds(100))[2], StartsWith("P1 "));
}

TEST_F(TableViewTest, FollowsTheWindowsSize) {
  Apply(Snapshot(
      {Incident(1, v1::SEVERITY_P0, "the API gateway is down in every region of the world"),
       Incident(2, v1::SEVERITY_P1, "地域-東京 地域-東京 地域-東京 地域-東京")}));
  for (const size_t columns : {200, 121, 120, 100, 80, 60, 20, 7}) {
    Resize(columns, 8);
    const auto lines = Tick();
    EXPECT_EQ(lines.size(), 4u) << columns;
    for (const std::string& line : lines) EXPECT_LT(WidthOf(line), columns) << line;
  }
  Resize(200, 8);
  EXPECT_THAT(Tick()[2],
              HasSubstr("prometheus     the API gateway is down in every region of the world"));
  Resize(80, 8);
  EXPECT_THAT(Tick()[2], HasSubstr(Id(1) + " the API ga"));
}

TEST_F(TableViewTest, WhatDoesNotFitIsCounted) {
  std::vector<v1::Incident> many;
  for (int i = 0; i < 20; ++i) many.push_back(Incident(i, v1::SEVERITY_P2, "x"));
  Apply(Snapshot(many));
  auto lines = Tick();
  ASSERT_EQ(lines.size(), 8u);
  EXPECT_EQ(lines[7], "and 15 more; a taller window shows them");
  EXPECT_THAT(lines[6], HasSubstr(Id(4)));
  Resize(100, 22);
  lines = Tick();
  ASSERT_EQ(lines.size(), 22u);
  EXPECT_THAT(lines[21], HasSubstr(Id(19)));
}

TEST_F(TableViewTest, SaysWhenItIsCutOffAndKeepsTheTable) {
  Apply(Snapshot({Incident(1, v1::SEVERITY_P0, "x")}));
  Tick();
  status_.connected = false;
  status_.problem = "connection refused";
  status_.since = now_;
  set_.Broken();
  const auto lines = Tick(absl::Seconds(75));
  EXPECT_THAT(lines[0],
              StartsWith("NOT CONNECTED for 1m (connection refused), trying again; 1 inc"));
  EXPECT_THAT(lines[2], StartsWith("P0 "));
  status_.connected = true;
  EXPECT_THAT(Tick()[0], StartsWith("1 incident: 1 P0"));
}

TEST_F(TableViewTest, BeforeTheSnapshotItSaysThatItWaits) {
  EXPECT_THAT(Tick()[0], StartsWith("waiting for the incidents "));
}

TEST_F(TableViewTest, TheTerminalIsAsBeforeAtTheEnd) {
  Tick();
  view_.reset();
  terminal_.Write(out_.str());
  EXPECT_FALSE(terminal_.alternate());
  EXPECT_TRUE(terminal_.cursor_shown());
}

TEST_F(TableViewTest, TextFromEventsCannotDriveTheTerminal) {
  Apply(Snapshot({Incident(1, v1::SEVERITY_P0, "\x1b[2J\x1b[Hgone\r\n")}));
  EXPECT_THAT(Tick()[2], HasSubstr("\\x1b[2J\\x1b[Hgone\\x0d\\n"));
}

TEST(LineViewTest, WritesALineForEachChange) {
  std::ostringstream out;
  const auto view = MakeLineView(out, {.zone = absl::FixedTimeZone(3600)});
  IncidentSet set;
  view->Show(set, set.Apply(Snapshot({Incident(1, v1::SEVERITY_P0, "gate\nway")})));
  EXPECT_EQ(out.str(), "2026-01-02 04:03:05.000+01:00  P0  entered  Detected       " + Id(1) +
                           "  \"gate\\nway\"\n");
  out.str("");
  view->Show(set, set.Apply(Left(1)));
  EXPECT_THAT(out.str(), HasSubstr("P0  left "));
}

TEST(JsonViewTest, WritesAnObjectForEachChange) {
  std::ostringstream out;
  const auto view = MakeJsonView(out);
  IncidentSet set;
  view->Show(set, set.Apply(Snapshot({Incident(1, v1::SEVERITY_P0, "x")})));
  EXPECT_THAT(out.str(), StartsWith("{\"change\":\"entered\",\"incident\":{\"id\":\"" + Id(1)));
  // JSON stays UTC.
  EXPECT_THAT(out.str(), HasSubstr("\"updated_at\":\"2026-01-02T03:03:05.000000Z\""));
}

}  // namespace
}  // namespace tocsin::cli
