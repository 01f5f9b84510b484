// JSON straight from an event's encoded bytes, against a reading by protobuf's own reflection.
#include <gmock/gmock.h>
#include <google/protobuf/timestamp.pb.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/strings.h"
#include "core/event/json_plan.h"
#include "core/event/json_writer.h"
#include "core/event/names.h"
#include "core/event/time_proto.h"
#include "core/event/wire_scanner.h"
#include "tests/core/event_json_helpers.h"
#include "tests/core/event_samples.h"

namespace tocsin {
namespace {

namespace json = boost::json;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using testing::FullEvent;
using ::testing::HasSubstr;
using testing::Parsed;
using testing::TextOf;
using testing::TimeText;

// Checks a text against the message: protobuf reads the bytes, and reflection names the fields.
// Which fields are written even when they are empty is checked by event_json_test.cc.
class Oracle {
 public:
  static void Expect(const v1::Event& event, std::string_view text) {
    const json::value value = Parsed(text);
    json::object rest = value.as_object();
    const auto take = [&](std::string_view name) {
      json::value* const found = rest.if_contains(name);
      json::value taken = found == nullptr ? json::value() : *found;
      rest.erase(name);
      return taken;
    };
    ExpectText(take("id"), event.id());
    ExpectText(take("actor"), event.actor());
    ExpectText(take("traceparent"), event.traceparent());
    ExpectText(take("cursor"), event.cursor());
    EXPECT_EQ(AsNumber(take("sequence")), event.sequence());
    EXPECT_EQ(AsNumber(take("epoch")), event.epoch());
    ExpectTime(take("time"), event.has_time(), event.time());
    ExpectText(take("type"), NameOf(event.type()));
    ExpectText(take("priority"), NameOf(event.priority()));
    const json::value incident = take("incident");
    EXPECT_EQ(incident.is_null(), !event.has_incident());
    if (event.has_incident()) {
      ExpectMessage(incident.as_object(), event.incident());
    }
    if (const FieldDescriptor* payload = event.GetReflection()->GetOneofFieldDescriptor(
            event, event.GetDescriptor()->oneof_decl(0))) {
      ExpectMessage(rest, event.GetReflection()->GetMessage(event, payload));
    } else {
      EXPECT_TRUE(rest.empty()) << text;
    }
  }

 private:
  using Message = google::protobuf::Message;
  using Timestamp = google::protobuf::Timestamp;

  static std::string AsText(const json::value& value) {
    return value.is_null() ? "" : std::string(value.as_string());
  }
  static uint64_t AsNumber(const json::value& value) {
    return value.is_null() ? 0 : value.to_number<uint64_t>();
  }
  static void ExpectText(const json::value& value, std::string_view text) {
    EXPECT_EQ(AsText(value), text);
  }
  static void ExpectTime(const json::value& value, bool given, const Timestamp& time) {
    ExpectText(value, given ? TimeText(ToTime(time)) : "");
  }

  static void ExpectMessage(const json::object& object, const Message& message) {
    size_t written = object.size();
    for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor& field = *message.GetDescriptor()->field(i);
      const json::value* const value = object.if_contains(field.name());
      written -= value != nullptr ? 1 : 0;
      if (value != nullptr && field.is_repeated()) {
        ExpectRepeated(*value, message, field);
      } else if (value != nullptr) {
        ExpectSingle(*value, message, field);
      } else if (field.containing_type() == v1::Event::descriptor() &&
                 field.number() == v1::Event::kBeforeFieldNumber) {
        continue;  // for filters alone
      } else if (field.is_repeated()) {
        EXPECT_EQ(message.GetReflection()->FieldSize(message, &field), 0) << field.name();
      } else {
        EXPECT_TRUE(IsUnset(message, field)) << field.name();
      }
    }
    EXPECT_EQ(written, 0u) << "a field that the schema does not have";
  }

  static bool IsUnset(const Message& message, const FieldDescriptor& field) {
    return !message.GetReflection()->HasField(message, &field);
  }

  static void ExpectSingle(const json::value& value, const Message& message,
                           const FieldDescriptor& field) {
    const auto& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return ExpectText(value, reflection.GetString(message, &field));
      case FieldDescriptor::CPPTYPE_BOOL:
        EXPECT_EQ(value.as_bool(), reflection.GetBool(message, &field));
        return;
      case FieldDescriptor::CPPTYPE_ENUM:
        return ExpectText(value,
                          EnumName(*field.enum_type(), reflection.GetEnumValue(message, &field)));
      case FieldDescriptor::CPPTYPE_UINT32:
        EXPECT_EQ(AsNumber(value), reflection.GetUInt32(message, &field));
        return;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        EXPECT_EQ(value.to_number<double>(), reflection.GetDouble(message, &field));
        return;
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (field.message_type() == Timestamp::descriptor()) {
          return ExpectTime(value, reflection.HasField(message, &field),
                            static_cast<const Timestamp&>(reflection.GetMessage(message, &field)));
        }
        return ExpectMessage(value.as_object(), reflection.GetMessage(message, &field));
      default:
        FAIL() << field.name() << " is of a kind that the schema did not have before";
    }
  }

  static void ExpectRepeated(const json::value& value, const Message& message,
                             const FieldDescriptor& field) {
    const auto& reflection = *message.GetReflection();
    const int size = reflection.FieldSize(message, &field);
    if (field.is_map()) {
      ASSERT_EQ(value.as_object().size(), static_cast<size_t>(size)) << field.name();
      for (int i = 0; i < size; ++i) {
        const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
        const auto* key = field.message_type()->map_key();
        const auto* text = field.message_type()->map_value();
        ExpectText(value.as_object().at(entry.GetReflection()->GetString(entry, key)),
                   entry.GetReflection()->GetString(entry, text));
      }
      return;
    }
    ASSERT_EQ(value.as_array().size(), static_cast<size_t>(size)) << field.name();
    for (int i = 0; i < size; ++i) {
      const json::value& item = value.as_array()[static_cast<size_t>(i)];
      if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        ExpectMessage(item.as_object(), reflection.GetRepeatedMessage(message, &field, i));
      } else {
        ExpectText(item, reflection.GetRepeatedString(message, &field, i));
      }
    }
  }
};

std::string FromBytes(const std::string& bytes) {
  std::string text = "before";
  const absl::Status status = AppendJsonEvent(text, bytes);
  EXPECT_TRUE(status.ok()) << status;
  return text.substr(6);
}

TEST(JsonFromBytesTest, SaysWhatTheMessageSays) {
  for (const v1::EventType type : AllEventTypes()) {
    Oracle::Expect(SampleEvent(type), FromBytes(SampleEvent(type).SerializeAsString()));
    Oracle::Expect(FullEvent(type), FromBytes(FullEvent(type).SerializeAsString()));
  }
  std::mt19937 random(5);
  for (int round = 0; round < 5'000; ++round) {
    const v1::Event event = RandomEvent(random);
    Oracle::Expect(event, FromBytes(event.SerializeAsString()));
  }
  Oracle::Expect(v1::Event(), FromBytes(""));
}

// The pieces of an encoding in any order, and some of them twice. The text must say what protobuf
// reads from these bytes.
TEST(JsonFromBytesTest, SaysWhatTheMessageSaysHoweverItIsEncoded) {
  std::mt19937 random(6);
  for (int round = 0; round < 2'000; ++round) {
    const std::string one = FullEvent(AllEventTypes()[random() % 14]).SerializeAsString();
    const std::string two = RandomEvent(random).SerializeAsString();
    std::vector<std::string> pieces;
    for (const std::string& bytes : {one, two}) {
      WireScanner scan(bytes);
      for (const char* begin = bytes.data(); scan.Next(); begin = scan.rest().data()) {
        pieces.emplace_back(begin, scan.rest().data());
      }
    }
    std::shuffle(pieces.begin(), pieces.end(), random);
    pieces.resize(random() % pieces.size());
    std::string bytes;
    for (const std::string& piece : pieces) {
      bytes += piece;
    }
    v1::Event event;
    ASSERT_TRUE(event.ParseFromString(bytes));
    Oracle::Expect(event, FromBytes(bytes));
  }
}

TEST(JsonFromBytesTest, OfEqualKeysOfAMapTheLastOneCounts) {
  const auto entry = [](std::string_view key, std::string_view value) {
    return absl::StrCat("\x5a", std::string(1, static_cast<char>(key.size() + value.size() + 4)),
                        "\x0a", std::string(1, static_cast<char>(key.size())), ToAbsl(key), "\x12",
                        std::string(1, static_cast<char>(value.size())), ToAbsl(value));
  };
  const std::string labels = entry("k", "one") + entry("j", "x") + entry("k", "two");
  const std::string bytes =
      absl::StrCat("\x52", std::string(1, static_cast<char>(labels.size())), labels);
  EXPECT_THAT(FromBytes(bytes), HasSubstr(R"("labels":{"j":"x","k":"two"})"));
}

TEST(JsonFromBytesTest, UnknownFieldsArePassedOver) {
  const v1::Event event = SampleEvent(v1::EVENT_TYPE_ESCALATED);
  const std::string bytes = event.SerializeAsString();
  // 100: 1; 101: "hi"; 102: eight bytes; 103: four; 104: a group; 7 as a number, which is a text.
  const std::string unknown(
      "\xa0\x06\x01\xaa\x06\x02hi\xb1\x06"
      "12345678\xbd\x06"
      "1234\xc3\x06\xc4\x06\x38\x05",
      30);
  EXPECT_EQ(FromBytes(unknown + bytes + unknown), TextOf(event));
}

TEST(JsonFromBytesTest, ATextThatIsNotUtf8IsDataLossAndNothingIsAppended) {
  const std::string good = FullEvent(v1::EVENT_TYPE_ALERT_CONVERTED).SerializeAsString();
  for (const std::string_view text : {"a \"title\"", "a \"labels\"", "b\"key", "a \"actor\""}) {
    std::string bytes = good;
    ASSERT_NE(bytes.find(text), std::string::npos) << text;
    bytes[bytes.find(text)] = '\xff';
    std::string out = "before";
    EXPECT_EQ(AppendJsonEventBody(out, bytes).code(), absl::StatusCode::kDataLoss) << text;
    EXPECT_EQ(out, "before");
  }
}

TEST(JsonFromBytesTest, DamagedBytesAreDataLossOrAnotherEvent) {
  const std::string good = FullEvent(v1::EVENT_TYPE_PLAYBOOK_COMPLETED).SerializeAsString();
  std::mt19937 random(8);
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good.substr(0, random() % 2 == 0 ? good.size() : random() % good.size());
    for (size_t i = 1 + random() % 3; i > 0 && !bytes.empty(); --i) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    std::string out;
    if (AppendJsonEvent(out, bytes).ok()) {
      Parsed(out);
    } else {
      ++refused;
      ASSERT_EQ(out, "");
      ASSERT_FALSE(v1::Event().ParseFromString(bytes));
    }
  }
  EXPECT_GT(refused, 1'000);
  EXPECT_LT(refused, 19'000);
}

// Compares each row of the plans with the schema, so that no field number or kind is wrong.
void ExpectPlanIsTheSchemas(const JsonPlan& plan, const Descriptor& type) {
  for (const JsonField& field : plan.fields) {
    if (field.kind == JsonKind::kFields) {
      ExpectPlanIsTheSchemas(*field.plan, type);
      continue;
    }
    const FieldDescriptor* const found = type.FindFieldByNumber(field.number);
    ASSERT_NE(found, nullptr) << field.name();
    const std::string path = absl::StrCat(type.name(), ".", found->name());
    EXPECT_EQ(found->is_map(), field.kind == JsonKind::kMap) << path;
    const bool many = field.kind == JsonKind::kTexts || field.kind == JsonKind::kEnums ||
                      field.kind == JsonKind::kMessages || field.kind == JsonKind::kMap;
    EXPECT_EQ(found->is_repeated(), many) << path;
    if (field.kind == JsonKind::kMembers) {
      ASSERT_NE(found->real_containing_oneof(), nullptr) << path;
      ExpectPlanIsTheSchemas(*field.plan, *found->message_type());
      continue;
    }
    EXPECT_TRUE(field.name() == found->name() || field.name() == "event_type") << path;
    if (field.plan != nullptr) {
      ExpectPlanIsTheSchemas(*field.plan, *found->message_type());
    }
    if (field.enum_name != nullptr) {
      for (int i = 0; i < found->enum_type()->value_count(); ++i) {
        const int number = found->enum_type()->value(i)->number();
        EXPECT_EQ(field.enum_name(number), EnumName(*found->enum_type(), number)) << path;
      }
    }
  }
}

TEST(JsonPlanTest, IsTheSchemas) {
  ExpectPlanIsTheSchemas(kJsonEventBody, *v1::Event::descriptor());
  ExpectPlanIsTheSchemas(kJsonEvent, *v1::Event::descriptor());
  ExpectPlanIsTheSchemas(kJsonFilter, *v1::Filter::descriptor());
}

}  // namespace
}  // namespace tocsin
