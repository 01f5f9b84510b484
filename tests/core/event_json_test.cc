#include <gmock/gmock.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <random>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/strings.h"
#include "core/event/json_plan.h"
#include "core/event/json_reader.h"
#include "core/event/json_writer.h"
#include "core/event/names.h"
#include "core/event/time_proto.h"
#include "core/event/wire_scanner.h"
#include "tests/core/event_samples.h"

namespace tocsin {
namespace {

namespace json = boost::json;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::util::MessageDifferencer;
using ::testing::HasSubstr;
using ::testing::Not;

std::string BodyOf(const v1::Event& event) {
  std::string text;
  const absl::Status status = AppendJsonEventBody(text, event.SerializeAsString());
  EXPECT_TRUE(status.ok()) << status;
  return text;
}

std::string TextOf(const v1::Event& event) {
  std::string text;
  AppendJsonEvent(text, event);
  return text;
}

std::string Escaped(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

std::string Number(double number) {
  std::string out;
  AppendJsonNumber(out, number);
  return out;
}

std::string TimeText(absl::Time time) {
  std::string out;
  AppendJsonTime(out, time);
  return out;
}

json::value Parsed(std::string_view text) {
  json::value value;
  const absl::Status status = ParseJson(text, value);
  EXPECT_TRUE(status.ok()) << status << "\n" << text;
  return value;
}

v1::Event WithoutOutputOnly(v1::Event event) {
  event.clear_sequence();
  event.clear_epoch();
  event.clear_time();
  event.clear_cursor();
  event.clear_before();
  return event;
}

// ---- golden files: body and whole event of each type, one a line ----

std::string GoldenPath(v1::EventType type) {
  return absl::StrCat(TOCSIN_SOURCE_DIR, "/tests/core/golden/", ToAbsl(NameOf(type)), ".json");
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

// A change of a golden file is a change of the contract. TOCSIN_WRITE_GOLDEN=1 writes them anew.
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

v1::Event FullEvent(v1::EventType type) {
  v1::Event event;
  FillEveryField(event);
  event.set_type(type);
  const FieldDescriptor* const payload = v1::Event::descriptor()->FindFieldByNumber(20 + type);
  if (payload != nullptr) {
    FillEveryField(*event.GetReflection()->MutableMessage(&event, payload));
  }
  return event;
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

TEST(NamesTest, EveryValueOfEveryEnumHasANameThatReadsBack) {
  using google::protobuf::EnumDescriptor;
  for (const EnumDescriptor* type :
       {v1::EventType_descriptor(), v1::Severity_descriptor(), v1::IncidentState_descriptor(),
        v1::IncidentType_descriptor(), v1::AlertStatus_descriptor(),
        v1::ResolutionMethod_descriptor(), v1::Priority_descriptor()}) {
    EXPECT_EQ(EnumNames(*type).size(), static_cast<size_t>(type->value_count()) - 1);
    EXPECT_EQ(EnumName(*type, 0), "");
    EXPECT_EQ(EnumName(*type, -1), "");
    EXPECT_EQ(EnumName(*type, 99), "");
    for (int i = 1; i < type->value_count(); ++i) {
      const std::string name(EnumName(*type, i));
      ASSERT_NE(name, "") << type->value(i)->name();
      std::string upper = name;
      for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      EXPECT_EQ(EnumNumber(*type, name), i);
      EXPECT_EQ(EnumNumber(*type, upper), i);
      EXPECT_EQ(EnumNumber(*type, type->value(i)->name()), i);
    }
    EXPECT_EQ(EnumNumber(*type, ""), std::nullopt);
    EXPECT_EQ(EnumNumber(*type, type->value(0)->name()), std::nullopt);
  }
}

// The name of a type is the name of its payload's field: paths of errors are made of it.
TEST(NamesTest, EventTypesAreNamedAsTheirPayloads) {
  for (const v1::EventType type : AllEventTypes()) {
    const FieldDescriptor* const payload = v1::Event::descriptor()->FindFieldByNumber(20 + type);
    if (payload != nullptr) {
      EXPECT_EQ(payload->name(), NameOf(type));
    }
  }
}

TEST(IncidentJsonTest, AnEmptyIncidentHasAllThatIsPromised) {
  std::string text;
  AppendJsonIncident(text, v1::Incident());
  EXPECT_EQ(text, R"({"id":"","created_at":null,"updated_at":null,"state":null,"severity":null,)"
                  R"("incident_type":null,"source":"","title":"","description":"",)"
                  R"("affected_resources":[],"labels":{},"metadata":{},"related_incidents":[],)"
                  R"("assignees":[]})");
}

TEST(JsonStringTest, EscapesWhatJsonAndScriptsNeed) {
  EXPECT_EQ(Escaped(""), R"("")");
  EXPECT_EQ(Escaped("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(Escaped("\b\f\n\r\t"), R"("\b\f\n\r\t")");
  EXPECT_EQ(Escaped(std::string("\0\x01\x1f\x7f", 4)), R"("\u0000\u0001\u001f\u007f")");
  EXPECT_EQ(Escaped("\u2028\u2029"), R"("\u2028\u2029")");
  EXPECT_EQ(Escaped("x\u2028y\u2027z\u20ac"), "\"x\\u2028y\u2027z\u20ac\"");
  EXPECT_EQ(Escaped("\xe2"), "\"\xe2\"");
  EXPECT_EQ(Escaped("\U0001F525é"), "\"\U0001F525é\"");
}

// What is written a character at a time, as the standard says.
std::string EscapedOneByOne(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    out += c == '"' ? std::string(R"(\")") : c == '\n' ? std::string(R"(\n)") : std::string(1, c);
  }
  return out + '"';
}

// Texts are looked at in blocks, whose last one may be short: each length, and each place in it.
TEST(JsonStringTest, EscapesAtEveryPlaceOfEveryLength) {
  for (size_t length = 0; length <= 50; ++length) {
    std::string text;
    for (size_t i = 0; i < length; ++i) {
      text += static_cast<char>('a' + i % 26);
    }
    EXPECT_EQ(Escaped(text), EscapedOneByOne(text));
    for (size_t i = 0; i < length; ++i) {
      std::string one = text;
      one[i] = '"';
      EXPECT_EQ(Escaped(one), EscapedOneByOne(one)) << length << ", at " << i;
      for (size_t j = i + 1; j < length; ++j) {
        std::string two = one;
        two[j] = '\n';
        EXPECT_EQ(Escaped(two), EscapedOneByOne(two)) << length << ", at " << i << " and " << j;
      }
    }
  }
}

TEST(JsonStringTest, ALineSeparatorMayLieAcrossBlocks) {
  for (size_t before = 0; before <= 33; ++before) {
    const std::string start(before, 'x');
    EXPECT_EQ(Escaped(start + "\u2028 and more text"), "\"" + start + "\\u2028 and more text\"");
    EXPECT_EQ(Escaped(start + "\u2028"), "\"" + start + "\\u2028\"");
    EXPECT_EQ(Escaped(start + "\u20ac"), "\"" + start + "\u20ac\"");
  }
}

TEST(JsonStringTest, IsAppended) {
  std::string out = "before";
  AppendJsonString(out, std::string(10'000, '\1'));
  EXPECT_EQ(out.size(), 6u + 2 + 60'000);
  EXPECT_EQ(out.substr(0, 13), R"(before"\u0001)");
}

TEST(JsonNumberTest, IsShortestAndFinite) {
  EXPECT_EQ(Number(0), "0");
  EXPECT_EQ(Number(0.1), "0.1");
  EXPECT_EQ(Number(1e300), "1e+300");
  EXPECT_EQ(Number(std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_EQ(Number(std::numeric_limits<double>::infinity()), "null");
}

TEST(JsonNumberTest, ReadsBackToTheLastBit) {
  for (const double number : {0.1, 1.0 / 3, 2.2250738585072014e-308, 1.7976931348623157e308,
                              123456789.123456789, 5e-324, 9007199254740993.0}) {
    EXPECT_EQ(Parsed(Number(number)).to_number<double>(), number);
  }
}

TEST(JsonTimeTest, IsRfc3339InMicroseconds) {
  EXPECT_EQ(TimeText(absl::UnixEpoch()), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(TimeText(absl::FromUnixMicros(1'767'323'045'678'901)), "2026-01-02T03:04:05.678901Z");
  EXPECT_EQ(TimeText(absl::FromUnixMicros(-1)), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(TimeText(absl::FromUnixSeconds(951'782'400)), "2000-02-29T00:00:00.000000Z");
  EXPECT_EQ(TimeText(absl::InfiniteFuture()), "9999-12-31T23:59:59.999999Z");
  EXPECT_EQ(TimeText(absl::InfinitePast()), "0001-01-01T00:00:00.000000Z");
}

TEST(EventJsonTest, WhatTheHubGivesIsLeftOutUntilItIsGiven) {
  const std::string text = TextOf(WithoutOutputOnly(SampleEvent(v1::EVENT_TYPE_ESCALATED)));
  EXPECT_THAT(text, Not(HasSubstr("\"sequence\"")));
  EXPECT_THAT(text, Not(HasSubstr("\"cursor\"")));
  EXPECT_THAT(text, HasSubstr("\"type\":\"escalated\""));
}

// ---- from bytes ----

// The same object by the schema's own walk: protobuf reads the bytes, reflection tells the fields.
// What is always there and what only when set is the golden files' and the tests' above.
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

// The pieces of an encoding in any order, some twice: what protobuf makes of them is what is written.
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

// Each row of the plans is as the schema has it, so that a number or a kind cannot be mistaken.
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
