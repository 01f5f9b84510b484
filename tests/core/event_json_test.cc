// Events, incidents and filters as JSON: golden files, and no field of the schema forgotten.
#include <gmock/gmock.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/strings.h"
#include "core/event/json_reader.h"
#include "core/event/json_writer.h"
#include "core/event/names.h"
#include "tests/core/event_json_helpers.h"
#include "tests/core/event_samples.h"

namespace tocsin {
namespace {

namespace json = boost::json;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::util::MessageDifferencer;
using testing::FullEvent;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Parsed;
using testing::TextOf;

std::string BodyOf(const v1::Event& event) {
  std::string text;
  const absl::Status status = AppendJsonEventBody(text, event.SerializeAsString());
  EXPECT_TRUE(status.ok()) << status;
  return text;
}

v1::Event WithoutOutputOnly(v1::Event event) {
  event.clear_sequence();
  event.clear_epoch();
  event.clear_time();
  event.clear_cursor();
  event.clear_before();
  return event;
}

// ---- golden files: the body and the whole event of each type, a line each ----

std::string GoldenPath(v1::EventType type) {
  return absl::StrCat(TOCSIN_SOURCE_DIR, "/tests/core/golden/", ToAbsl(NameOf(type)), ".json");
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

// A golden file may change only together with the contract. TOCSIN_WRITE_GOLDEN=1 writes them
// again.
TEST(EventJsonTest, EachTypeIsWrittenAsItsGoldenFile) {
  for (const v1::EventType type : AllEventTypes()) {
    const v1::Event event = SampleEvent(type);
    const std::string text = absl::StrCat(BodyOf(event), "\n", TextOf(event), "\n");
    if (std::getenv("TOCSIN_WRITE_GOLDEN") != nullptr) {
      std::ofstream(GoldenPath(type)) << text;
    }
    EXPECT_EQ(text, ReadFile(GoldenPath(type)));
  }
}

TEST(EventJsonTest, EachTypeReadsBack) {
  for (const v1::EventType type : AllEventTypes()) {
    const v1::Event event = SampleEvent(type);
    for (const std::string& text : {BodyOf(event), TextOf(event)}) {
      const absl::StatusOr<v1::Event> read = ReadJsonEvent(text);
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_TRUE(MessageDifferencer::Equals(*read, WithoutOutputOnly(event))) << text;
    }
  }
}

// ---- completeness: no field of the schema is forgotten ----

void ExpectEveryField(const json::value& value, const Descriptor& type, const std::string& path) {
  ASSERT_TRUE(value.is_object()) << path;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const json::value* const inner = value.get_object().if_contains(field.name());
    ASSERT_NE(inner, nullptr) << path << "." << field.name() << " is not written";
    EXPECT_FALSE(inner->is_null()) << path << "." << field.name();
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field.is_map() &&
        field.message_type() != google::protobuf::Timestamp::descriptor()) {
      const json::value& item = field.is_repeated() ? inner->as_array().at(0) : *inner;
      ExpectEveryField(item, *field.message_type(), path + "." + field.name());
    }
  }
}

TEST(EventJsonTest, EveryFieldOfTheSchemaIsWrittenAndReadsBack) {
  for (const v1::EventType type : AllEventTypes()) {
    const v1::Event event = FullEvent(type);
    const std::string text = TextOf(event);
    const json::value value = Parsed(text);
    const FieldDescriptor* const payload = v1::Event::descriptor()->FindFieldByNumber(20 + type);
    if (payload != nullptr) {
      ExpectEveryField(value, *payload->message_type(), payload->name());
    }
    const Descriptor& event_type = *v1::Event::descriptor();
    for (int i = 0; i < event_type.field_count(); ++i) {
      // `before` is for filters alone: whoever follows a set is told what leaves it.
      if (event_type.field(i)->real_containing_oneof() == nullptr &&
          event_type.field(i)->number() != v1::Event::kBeforeFieldNumber) {
        EXPECT_TRUE(value.as_object().contains(event_type.field(i)->name()))
            << event_type.field(i)->name();
      }
    }
    ExpectEveryField(value.at("incident"), *v1::Incident::descriptor(), "incident");
    const absl::StatusOr<v1::Event> read = ReadJsonEvent(text);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_TRUE(MessageDifferencer::Equals(*read, WithoutOutputOnly(event)))
        << read->ShortDebugString() << "\n"
        << event.ShortDebugString();
  }
}

TEST(EventJsonTest, BodyHasAllButWhatTheMessageAroundItSays) {
  const json::value value = Parsed(BodyOf(FullEvent(v1::EVENT_TYPE_COMMENT_ADDED)));
  for (const char* name : {"event_type", "incident_id", "author", "comment", "incident", "id",
                           "priority", "actor", "traceparent"}) {
    EXPECT_TRUE(value.as_object().contains(name)) << name;
  }
  EXPECT_EQ(value.as_object().size(), 9u);
  EXPECT_EQ(value.as_object().begin()->key(), "event_type");
}

TEST(FilterJsonTest, EveryFieldIsWrittenAndReadsBack) {
  v1::Filter filter;
  FillEveryField(filter);
  std::string text;
  AppendJsonFilter(text, filter);
  ExpectEveryField(Parsed(text), *v1::Filter::descriptor(), "filter");
  const absl::StatusOr<v1::Filter> read = ReadJsonFilter(text, "filter");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(MessageDifferencer::Equals(*read, filter));
}

TEST(FilterJsonTest, EmptyIsAnEmptyObject) {
  std::string text;
  AppendJsonFilter(text, v1::Filter());
  EXPECT_EQ(text, "{}");
}

TEST(IncidentJsonTest, AnEmptyIncidentHasAllThatIsPromised) {
  std::string text;
  AppendJsonIncident(text, v1::Incident());
  EXPECT_EQ(text, R"({"id":"","created_at":null,"updated_at":null,"state":null,"severity":null,)"
                  R"("incident_type":null,"source":"","title":"","description":"",)"
                  R"("affected_resources":[],"labels":{},"metadata":{},"related_incidents":[],)"
                  R"("assignees":[]})");
}

TEST(IncidentJsonTest, ItsBytesAreWrittenAsItIs) {
  const v1::Incident incident = SampleEvent(v1::EVENT_TYPE_INCIDENT_CREATED).incident();
  const std::string bytes = incident.SerializeAsString();
  std::string from_message = "before ";
  std::string from_bytes = from_message;
  AppendJsonIncident(from_message, incident);
  ASSERT_EQ(AppendJsonIncident(from_bytes, bytes), absl::OkStatus());
  EXPECT_EQ(from_bytes, from_message);
  // A message in two parts that are to be merged.
  const std::string in_parts = bytes + bytes;
  from_bytes = "before ";
  ASSERT_EQ(AppendJsonIncident(from_bytes, in_parts), absl::OkStatus());
  EXPECT_NE(from_bytes.find(incident.id()), std::string::npos);
  from_bytes = "before ";
  EXPECT_EQ(AppendJsonIncident(from_bytes, bytes.substr(0, bytes.size() - 1)).code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(from_bytes, "before ");
}

TEST(EventJsonTest, WhatTheHubGivesIsLeftOutUntilItIsGiven) {
  const std::string text = TextOf(WithoutOutputOnly(SampleEvent(v1::EVENT_TYPE_ESCALATED)));
  EXPECT_THAT(text, Not(HasSubstr("\"sequence\"")));
  EXPECT_THAT(text, Not(HasSubstr("\"cursor\"")));
  EXPECT_THAT(text, HasSubstr("\"type\":\"escalated\""));
}

}  // namespace
}  // namespace tocsin
