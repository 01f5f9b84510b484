// event_json_helpers.h: what the tests of events as JSON share.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "core/event/json_reader.h"
#include "core/event/json_writer.h"
#include "tests/core/event_samples.h"

namespace tocsin::testing {

// An event of that type with every field set.
inline v1::Event FullEvent(v1::EventType type) {
  v1::Event event;
  FillEveryField(event);
  event.set_type(type);
  const google::protobuf::FieldDescriptor* const payload =
      v1::Event::descriptor()->FindFieldByNumber(20 + type);
  if (payload != nullptr) {
    FillEveryField(*event.GetReflection()->MutableMessage(&event, payload));
  }
  return event;
}

inline std::string TextOf(const v1::Event& event) {
  std::string text;
  AppendJsonEvent(text, event);
  return text;
}

inline std::string TimeText(absl::Time time) {
  std::string out;
  AppendJsonTime(out, time);
  return out;
}

inline boost::json::value Parsed(std::string_view text) {
  boost::json::value value;
  const absl::Status status = ParseJson(text, value);
  EXPECT_TRUE(status.ok()) << status << "\n" << text;
  return value;
}

}  // namespace tocsin::testing
