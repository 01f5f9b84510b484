#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include <string>

#include "core/base/xxh64.h"
#include "core/event/canonical.h"
#include "tests/core/event_samples.h"

namespace tocsin {
namespace {

// A field's number, a count, a length: four bytes.
std::string Four(int number) { return {static_cast<char>(number), 0, 0, 0}; }
std::string Eight(int number) { return Four(number) + Four(0); }
std::string Text(const std::string& text) { return Four(static_cast<int>(text.size())) + text; }
const std::string kEnd = Four(0);

// Symptom: after an update of protobuf a retry could be refused as another content. Cause: hashes
// that are kept were made over protobuf's encoding, which may differ between its versions. Older
// tests compared hashes of one build with each other; here the form is written out by hand.
TEST(CanonicalBytesTest, HasTheFormThatItsHeaderSays) {
  v1::Alert alert;
  (*alert.mutable_labels())["zone"] = "1";
  (*alert.mutable_labels())["app"] = "x";
  alert.add_affected_services("b");
  alert.add_affected_services("a");
  alert.set_source("db");
  alert.set_severity(v1::SEVERITY_P1);
  alert.set_runbook_url("");
  alert.set_deduplicated(true);
  alert.mutable_timestamp()->set_seconds(7);
  const std::string expected = Four(3) + Text("db") +                         //
                               Four(4) + Four(1) + Eight(7) + kEnd +          //
                               Four(6) + Eight(v1::SEVERITY_P1) +             //
                               Four(10) + Text("app") + Text("x") +           //
                               Four(10) + Text("zone") + Text("1") +          //
                               Four(11) + Text("b") + Four(11) + Text("a") +  //
                               Four(12) + Text("") + Four(15) + Eight(1) + kEnd;
  EXPECT_EQ(CanonicalBytes(alert), expected);
}

TEST(CanonicalBytesTest, ANegativeNumberHasEightBytes) {
  v1::Alert alert;
  alert.mutable_timestamp()->set_nanos(-1);
  EXPECT_EQ(CanonicalBytes(alert), Four(4) + Four(2) + std::string(8, '\xff') + kEnd + kEnd);
}

TEST(CanonicalBytesTest, UnknownFieldsComeByNumberToo) {
  v1::SystemEvent event;
  event.set_message("m");
  auto& unknown = *event.GetReflection()->MutableUnknownFields(&event);
  unknown.AddLengthDelimited(90, "later");
  unknown.AddVarint(80, 5);
  unknown.AddVarint(80, 4);
  unknown.AddFixed32(70, 3);
  unknown.AddFixed64(71, 2);
  EXPECT_EQ(CanonicalBytes(event), Four(2) + Text("m") + Four(70) + Four(3) + Four(71) + Eight(2) +
                                       Four(80) + Eight(5) + Four(80) + Eight(4) + Four(90) +
                                       Text("later") + kEnd);
}

// The two forms that protobuf may give a repeated number.
TEST(CanonicalBytesTest, PackedOrNotIsNoDifference) {
  v1::Filter filter;
  filter.add_severities(v1::SEVERITY_P0);
  filter.add_severities(v1::SEVERITY_P2);
  EXPECT_EQ(CanonicalBytes(filter),
            Four(2) + Eight(v1::SEVERITY_P0) + Four(2) + Eight(v1::SEVERITY_P2) + kEnd);
}

// The order in which a map was filled, or came over the wire, is no difference.
TEST(CanonicalBytesTest, AMapsOrderIsNoDifference) {
  v1::Alert forth;
  v1::Alert back;
  for (int i = 0; i < 100; ++i) {
    (*forth.mutable_labels())[std::to_string(i)] = "v";
    (*back.mutable_labels())[std::to_string(99 - i)] = "v";
  }
  EXPECT_EQ(CanonicalBytes(forth), CanonicalBytes(back));
  (*back.mutable_labels())["7"] = "w";
  EXPECT_NE(CanonicalBytes(forth), CanonicalBytes(back));
}

// What is hashed of this form is kept in the log: when a value changes, so must the content rule
// of hub/log/log_codec.cc. All fields of all types are in it.
TEST(CanonicalBytesTest, NeverChanges) {
  std::string all;
  for (const v1::EventType type : AllEventTypes()) {
    v1::Event event = SampleEvent(type);
    FillEveryField(event);
    all += CanonicalBytes(event);
  }
  EXPECT_EQ(Xxh64(all), 8050868449258330838u);
}

}  // namespace
}  // namespace tocsin
