// A list of incidents is of one place of the log, whatever is published while it is read.
#include <gtest/gtest.h>

#include <utility>

#include "hub/query/incident_queries.h"
#include "hub/sequencer.h"
#include "tests/hub/hub_fixtures.h"
#include "tests/hub/wrapped_log.h"

namespace tocsin::hub {
namespace {

// Symptom: a list held incidents as they stood after its cursor, or missed some that matched there,
//          so a set that was followed by snapshot, changes and leaves was not what ListIncidents
//          said of the same place.
// Cause:   the page was selected at its place and then read as of now.
// Older tests published between the pages, never between the selection and the reading.
TEST(IncidentQueriesPlaceTest, APageIsTheListAtItsCursorWhateverIsPublishedMeanwhile) {
  WrappedLog log;
  ManualClock clock(kStart);
  Window window(WindowBounds{1'000, 1 << 20});
  Sequencer sequencer(log, window, clock, SequencerOptions{});
  IncidentQueries queries(log);
  queries.Begin();
  sequencer.SetNextFollower(&queries);
  ASSERT_EQ(sequencer.Open(), absl::OkStatus());
  queries.Load();
  const auto publish = [&](v1::EventType type, v1::Severity severity) {
    v1::Event event = IncidentCreated(TestUuid(1), severity);
    event.set_type(type);
    sequencer.Publish({{std::move(event)}, {}},
                      [](const PublishOutcome& outcome) { EXPECT_TRUE(outcome.ok()); });
    sequencer.RunOnce();
  };
  publish(v1::EVENT_TYPE_INCIDENT_CREATED, v1::SEVERITY_P0);

  bool asked = true;
  log.before_incident_read = [&] {
    if (std::exchange(asked, false)) publish(v1::EVENT_TYPE_INCIDENT_UPDATED, v1::SEVERITY_P3);
  };
  v1::Filter p0;
  p0.add_severities(v1::SEVERITY_P0);
  const auto page = queries.List(
      {.filter = *Filter::Compile(p0), .ordering = {v1::INCIDENT_ORDER_UPDATED_AT, false}});
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_FALSE(asked);
  EXPECT_EQ(page->cursor(), FormatCursor({log.epochs().present(), 1}));
  ASSERT_EQ(page->incidents_size(), 1);
  EXPECT_EQ(page->incidents(0).severity(), v1::SEVERITY_P0);
}

}  // namespace
}  // namespace tocsin::hub
