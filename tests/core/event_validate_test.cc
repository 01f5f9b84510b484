#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "absl/strings/ascii.h"
#include "core/event/error.h"
#include "core/event/limits.h"
#include "core/event/validate.h"
#include "core/event/wire.h"
#include "tests/core/event_samples.h"

namespace tocsin {
namespace {

using ::testing::Contains;

v1::Event Parse(const std::string& text) {
  v1::Event event;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &event)) << text;
  return event;
}

std::string Normalized(v1::Event event) { return Describe(NormalizeEvent(event, "events[0]")); }

// A whole incident, with `more` in it.
std::string Whole(const std::string& more = "") {
  return std::string("incident { id: '") + kIncidentId +
         "' severity: SEVERITY_P1 source: 's' title: 't' " + more + " } ";
}
constexpr char kAlert[] = "alert { severity: SEVERITY_P1 source: 's' title: 't' } ";
const std::string kById = std::string("incident_id: '") + kIncidentId + "' ";

TEST(NormalizeEventTest, EverySampleIsValidAndStaysSoWhenRepeated) {
  for (const v1::EventType type : AllEventTypes()) {
    v1::Event event = SampleEvent(type);
    ASSERT_EQ(Normalized(event), "OK");
    ASSERT_TRUE(NormalizeEvent(event, "").ok());
    v1::Event again = event;
    ASSERT_TRUE(NormalizeEvent(again, "").ok());
    EXPECT_EQ(again.SerializeAsString().size(), event.SerializeAsString().size());
  }
}

TEST(NormalizeEventTest, DropsWhatTheHubGives) {
  v1::Event event = SampleEvent(v1::EVENT_TYPE_COMMENT_ADDED);
  event.mutable_time()->set_nanos(-1);
  ASSERT_TRUE(NormalizeEvent(event, "").ok());
  EXPECT_EQ(event.sequence(), 0u);
  EXPECT_EQ(event.epoch(), 0u);
  EXPECT_FALSE(event.has_time());
  EXPECT_EQ(event.cursor(), "");
}

TEST(NormalizeEventTest, TypeFollowsFromThePayload) {
  v1::Event event = Parse("comment_added { comment: 'c' " + kById + "}");
  ASSERT_TRUE(NormalizeEvent(event, "").ok());
  EXPECT_EQ(event.type(), v1::EVENT_TYPE_COMMENT_ADDED);
}

TEST(NormalizeEventTest, BothIncidentIdsAreSetWhicheverWasGiven) {
  for (const std::string& text : {"escalated { to_severity: SEVERITY_P0 " + kById + "}",
                                  "incident { id: '" + absl::AsciiStrToUpper(kIncidentId) +
                                      "' } escalated { to_severity: SEVERITY_P0 }"}) {
    v1::Event event = Parse(text);
    ASSERT_TRUE(NormalizeEvent(event, "").ok()) << text;
    EXPECT_EQ(event.incident().id(), kIncidentId);
    EXPECT_EQ(event.escalated().incident_id(), kIncidentId);
    EXPECT_EQ(IncidentIdOf(event), kIncidentId);
    EXPECT_TRUE(GivesIncidentByIdOnly(event));
  }
}

TEST(NormalizeEventTest, UuidsBecomeCanonical) {
  v1::Event event = Parse("type: EVENT_TYPE_INCIDENT_UPDATED " + Whole());
  event.set_id("0190B6A5-7C1E-7000-8000-0000000000EE");
  event.mutable_incident()->add_related_incidents("0190B6A5-7C1E-7000-8000-00000000000A");
  event.mutable_incident()->set_active_playbook("0190B6A5-7C1E-7000-8000-00000000000B");
  ASSERT_TRUE(NormalizeEvent(event, "").ok());
  EXPECT_EQ(event.id(), "0190b6a5-7c1e-7000-8000-0000000000ee");
  EXPECT_EQ(event.incident().related_incidents(0), "0190b6a5-7c1e-7000-8000-00000000000a");
  EXPECT_EQ(event.incident().active_playbook(), "0190b6a5-7c1e-7000-8000-00000000000b");
}

TEST(NormalizeEventTest, TypeOfIncidentAndAlertDefaultToUnknownAndTimesToMicroseconds) {
  v1::Event created = Parse("type: EVENT_TYPE_INCIDENT_CREATED " + Whole());
  created.mutable_incident()->mutable_created_at()->set_nanos(1'999);
  ASSERT_TRUE(NormalizeEvent(created, "").ok());
  EXPECT_EQ(created.incident().incident_type(), v1::INCIDENT_TYPE_UNKNOWN);
  EXPECT_EQ(created.incident().created_at().nanos(), 1'000);
  EXPECT_FALSE(GivesIncidentByIdOnly(created));
  v1::Event alert = Parse(std::string("alert_received { ") + kAlert + "}");
  ASSERT_TRUE(NormalizeEvent(alert, "").ok());
  EXPECT_EQ(alert.alert_received().alert().alert_type(), v1::INCIDENT_TYPE_UNKNOWN);
}

TEST(NormalizeEventTest, CreatedNeedsNoId) {
  v1::Event event = Parse(
      "type: EVENT_TYPE_INCIDENT_CREATED incident { severity: SEVERITY_P1 source: 's' title: 't' "
      "}");
  EXPECT_EQ(Normalized(event), "OK");
  EXPECT_EQ(IncidentIdOf(event), "");
}

TEST(NormalizeEventTest, ResolutionMayComeWithTheIdAlone) {
  v1::Event event = Parse(std::string("type: EVENT_TYPE_INCIDENT_RESOLVED incident { id: '") +
                          kIncidentId + "' resolution { root_cause: 'disk full' } }");
  ASSERT_EQ(Normalized(event), "OK");
  EXPECT_TRUE(GivesIncidentByIdOnly(event));
}

struct BadRow {
  std::string event;
  std::string field;
  const char* allowed = nullptr;
};

TEST(NormalizeEventTest, ErrorsNameTheFieldAndWhatIsAllowed) {
  const std::string created = "type: EVENT_TYPE_INCIDENT_CREATED ";
  const std::string updated = "type: EVENT_TYPE_INCIDENT_UPDATED ";
  const BadRow rows[] = {
      {"", "type", "comment_added"},
      {"type: 99", "type", "comment_added"},
      {"type: EVENT_TYPE_ESCALATED comment_added { }", "type", "comment_added"},
      {"priority: 17 system_event { }", "priority", "Critical"},
      {"id: 'x' system_event { }", "id"},
      {created, "incident.severity", "P0"},
      {created + "incident { severity: SEVERITY_P0 title: 't' }", "incident.source"},
      {created + "incident { severity: SEVERITY_P0 source: 's' }", "incident.title"},
      {created + "incident { severity: 9 source: 's' title: 't' }", "incident.severity", "P0"},
      {created + Whole("state: 9"), "incident.state", "Triaged"},
      {created + Whole("incident_type: 9"), "incident.incident_type", "Security"},
      {created + "incident { id: 'x' severity: SEVERITY_P1 source: 's' title: 't' }",
       "incident.id"},
      {created + Whole("related_incidents: 'x'"), "incident.related_incidents[0]"},
      {created + Whole("active_playbook: ''"), "incident.active_playbook"},
      {created + Whole("labels { key: '' value: 'v' }"), "incident.labels"},
      {created + Whole("correlation_score: nan"), "incident.correlation_score"},
      {created + Whole("correlation_score: inf"), "incident.correlation_score"},
      {created + Whole("created_at { nanos: -1 }"), "incident.created_at"},
      {created + Whole("updated_at { seconds: 253402300800 }"), "incident.updated_at"},
      {created + Whole("resolution { resolution_method: 7 }"),
       "incident.resolution.resolution_method", "Manual"},
      {updated, "incident.id"},
      {updated + "incident { severity: SEVERITY_P0 source: 's' title: 't' }", "incident.id"},
      {updated + "incident { id: '" + kIncidentId + "' description: 'd' }", "incident.severity"},
      {updated + Whole() + "incident_updated { previous_state: 9 }",
       "incident_updated.previous_state", "Closed"},
      {"escalated { to_severity: SEVERITY_P0 }", "escalated.incident_id"},
      {"escalated { to_severity: SEVERITY_P0 incident_id: 'x' }", "escalated.incident_id"},
      {"escalated { to_severity: SEVERITY_P0 incident_id: '" + std::string(kOtherIncidentId) +
           "' } " + Whole(),
       "escalated.incident_id", kIncidentId},
      {"escalated { " + kById + "}", "escalated.to_severity", "P0"},
      {"comment_added { }", "comment_added.incident_id"},
      {"type: EVENT_TYPE_COMMENT_ADDED", "comment_added.incident_id"},
      {"playbook_started { playbook_id: 'restart' " + kById + "}", "playbook_started.playbook_id"},
      {"alert_received { }", "alert_received.alert"},
      {"alert_received { alert { source: 's' title: 't' } }", "alert_received.alert.severity",
       "P0"},
      {std::string("alert_received { ") + kAlert + "} " + Whole(), "incident"},
      {"alert_received { alert { id: 'x' severity: SEVERITY_P1 source: 's' title: 't' } }",
       "alert_received.alert.id"},
      {"alert_converted { " + kById + "}", "alert_converted.alert"},
      {"system_event { } " + Whole(), "incident"},
      {"system_event { metadata { key: '' value: '' } }", "system_event.metadata"},
  };
  for (const BadRow& row : rows) {
    v1::Event event = Parse(row.event);
    const absl::Status status = NormalizeEvent(event, "events[0]");
    EXPECT_EQ(Describe(status), "INVALID_MESSAGE events[0]." + row.field) << row.event;
    if (row.allowed != nullptr) {
      EXPECT_THAT(ErrorDetailsOf(status).allowed, Contains(row.allowed)) << row.event;
    }
  }
}

TEST(NormalizeEventTest, LengthsAreInCharacters) {
  v1::Event event = Parse("type: EVENT_TYPE_INCIDENT_CREATED " + Whole());
  std::string title;
  for (size_t i = 0; i < limits::kTitleChars; ++i) title += "é";
  event.mutable_incident()->set_title(title);
  event.mutable_incident()->set_source(std::string(limits::kSourceChars, 's'));
  EXPECT_EQ(Normalized(event), "OK");
  event.mutable_incident()->set_title(title + "x");
  EXPECT_EQ(Normalized(event), "INVALID_MESSAGE events[0].incident.title");
  event.mutable_incident()->set_title("t");
  event.mutable_incident()->set_source(std::string(limits::kSourceChars + 1, 's'));
  EXPECT_EQ(Normalized(event), "INVALID_MESSAGE events[0].incident.source");
}

TEST(NormalizeEventTest, UnknownFieldsAreRefusedAtEveryLevel) {
  v1::Event event = SampleEvent(v1::EVENT_TYPE_COMMENT_ADDED);
  v1::Incident& incident = *event.mutable_incident();
  incident.GetReflection()->MutableUnknownFields(&incident)->AddVarint(99, 1);
  EXPECT_EQ(Normalized(event), "INVALID_MESSAGE events[0].incident");
  incident.DiscardUnknownFields();
  event.GetReflection()->MutableUnknownFields(&event)->AddVarint(99, 1);
  EXPECT_EQ(Normalized(event), "INVALID_MESSAGE events[0]");
}

TEST(NormalizeEventTest, AnEventIsBounded) {
  v1::Event event = SampleEvent(v1::EVENT_TYPE_COMMENT_ADDED);
  event.mutable_comment_added()->set_comment(std::string(limits::kEventBytes, 'x'));
  EXPECT_EQ(Normalized(event), "MESSAGE_TOO_LARGE events[0]");
}

struct PriorityRow {
  std::string event;
  v1::Priority priority;
};

TEST(PriorityTest, FollowsFromTheEventUnlessItIsSet) {
  const std::string created = "type: EVENT_TYPE_INCIDENT_CREATED incident { severity: ";
  const PriorityRow rows[] = {
      {created + "SEVERITY_P0 }", v1::PRIORITY_CRITICAL},
      {created + "SEVERITY_P1 }", v1::PRIORITY_HIGH},
      {created + "SEVERITY_P2 }", v1::PRIORITY_NORMAL},
      {created + "SEVERITY_P0 } priority: PRIORITY_LOW", v1::PRIORITY_LOW},
      {"type: EVENT_TYPE_ESCALATED escalated { to_severity: SEVERITY_P0 }", v1::PRIORITY_CRITICAL},
      {"type: EVENT_TYPE_ESCALATED escalated { to_severity: SEVERITY_P3 }", v1::PRIORITY_HIGH},
      {"type: EVENT_TYPE_ALERT_RECEIVED alert_received { alert { severity: SEVERITY_P0 } }",
       v1::PRIORITY_HIGH},
      {"type: EVENT_TYPE_ALERT_RECEIVED alert_received { alert { severity: SEVERITY_P1 } }",
       v1::PRIORITY_NORMAL},
      {"type: EVENT_TYPE_COMMENT_ADDED incident { severity: SEVERITY_P0 }", v1::PRIORITY_LOW},
      {"type: EVENT_TYPE_PLAYBOOK_ACTION_EXECUTED", v1::PRIORITY_LOW},
      {"type: EVENT_TYPE_SYSTEM_EVENT", v1::PRIORITY_LOW},
      {"type: EVENT_TYPE_PLAYBOOK_STARTED", v1::PRIORITY_NORMAL},
      {"type: EVENT_TYPE_INCIDENT_CLOSED incident { severity: SEVERITY_P0 }", v1::PRIORITY_NORMAL},
  };
  for (const PriorityRow& row : rows) {
    EXPECT_EQ(PriorityOf(Parse(row.event)), row.priority) << row.event;
  }
}

// ---- the wire form ----

TEST(WireTest, EncodedEventsConcatenateToAResponse) {
  const v1::Event a = SampleEvent(v1::EVENT_TYPE_INCIDENT_CREATED);
  const v1::Event b = SampleEvent(v1::EVENT_TYPE_SYSTEM_EVENT);
  const absl::StatusOr<v1::Event> decoded = DecodeEventField(EncodeEventField(a));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->ShortDebugString(), a.ShortDebugString());
  EXPECT_EQ(EncodeEventField(*decoded), EncodeEventField(a));
  EXPECT_NE(EncodeEventField(b), EncodeEventField(a));
}

TEST(WireTest, DamagedBytesAreDataLoss) {
  const std::string good = EncodeEventField(SampleEvent(v1::EVENT_TYPE_COMMENT_ADDED));
  for (const std::string& bytes :
       {std::string(), good + "x", good.substr(0, good.size() - 1), good.substr(1), good + good,
        std::string("\x0a"), std::string("\x0a\xff\xff\xff\xff\x0f", 6),
        std::string("\x0a\x01\x52")}) {
    const absl::Status status = MakeWireRecord(bytes).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << bytes.size();
    EXPECT_EQ(ErrorCodeOf(status), ErrorCode::kInternal);
  }
}

TEST(WireTest, RecordHasPlaceTimeAndFacts) {
  const v1::Event event = SampleEvent(v1::EVENT_TYPE_ESCALATED);
  const EventPtr record = MakeWireRecord(event);
  EXPECT_EQ(record->cursor, (Cursor{event.epoch(), event.sequence()}));
  EXPECT_EQ(absl::ToUnixMicros(record->time), 1'767'323'045'678'901);
  EXPECT_EQ(record->facts.type(), v1::EVENT_TYPE_ESCALATED);
  const absl::StatusOr<EventPtr> stored = MakeWireRecord(record->payload);
  ASSERT_TRUE(stored.ok());
  EXPECT_EQ((*stored)->cursor, record->cursor);
  EXPECT_EQ((*stored)->payload, record->payload);
}

}  // namespace
}  // namespace tocsin
