// json_plan.h: which fields the JSON of a message has, in which order and when: one table a message.
// Inside core/event; others use json_writer.h.
//
// Shape:   constant tables, written by hand: a field that the schema gains is not written before
//          somebody has given it a place here. tests/core/event_json_test.cc walks the schema and
//          fails when a field has none.
// Threads: constants.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tocsin {

// How a field is written. The last two have no name of their own in JSON.
enum class JsonKind : uint8_t {
  kText,
  kBool,
  kNumber,    // a whole number without a sign, of 64 bits
  kNumber32,  // of 32 bits
  kDouble,    // null when it is not finite
  kEnum,      // by its name; null when it has none
  kTime,      // RFC 3339
  kMessage,   // an object
  kTexts,     // a list of texts
  kEnums,     // a list of names
  kMessages,  // a list of objects
  kMap,       // an object of texts, sorted by key
  kMembers,   // of a oneof: the fields of its message, among those of this one
  kFields,    // the fields of another plan for the same message
};

enum class JsonWhen : uint8_t {
  kAlways,         // empty, false, 0 or null where it is not set
  kSet,            // when it is set; a list, when it is not empty
  kUnlessDefault,  // when it is set to something that is not empty, false or 0
};

struct JsonPlan;

struct JsonField {
  // `,"name":`, with room, so that it is copied by one move of a known size.
  static constexpr size_t kKeyRoom = 32;

  template <size_t N>
  constexpr JsonField(const char (&name)[N], int field, JsonKind how, JsonWhen when_written,
                      const JsonPlan* of = nullptr, std::string_view (*name_of)(int) = nullptr)
      : number(static_cast<uint8_t>(field)),
        kind(how),
        when(when_written),
        key_size(static_cast<uint8_t>(N + 3)),
        plan(of),
        enum_name(name_of) {
    static_assert(N + 3 <= kKeyRoom);
    key[0] = ',';
    key[1] = '"';
    for (size_t i = 0; i + 1 < N; ++i) {
      key[i + 2] = name[i];
    }
    key[N + 1] = '"';
    key[N + 2] = ':';
  }
  // Of kinds that have no name.
  constexpr JsonField(int field, JsonKind how, const JsonPlan* of)
      : JsonField("", field, how, JsonWhen::kSet, of) {}

  std::string_view name() const { return {key + 2, key_size - size_t{4}}; }

  char key[kKeyRoom] = {};
  uint8_t number;
  JsonKind kind;
  JsonWhen when;
  uint8_t key_size;
  const JsonPlan* plan;                // of kMessage, kMessages, kMembers and kFields
  std::string_view (*enum_name)(int);  // of kEnum and kEnums
};

// How a field stands in the encoded message.
enum class WireForm : uint8_t {
  kUnknown,  // no field of the plan
  kVarint,
  kEightBytes,
  kText,
  kMessage,
  kMember,     // of a oneof of messages
  kManyBytes,  // repeated
  kManyEnums,  // repeated, packed or not
};

struct JsonPlan {
  static constexpr size_t kNumbers = 40;  // field numbers are below this

  template <size_t N>
  constexpr explicit JsonPlan(const JsonField (&all)[N]) : fields(all) {
    AddForms(*this);
  }

  std::span<const JsonField> fields;
  std::array<WireForm, kNumbers> forms{};  // by field number

 private:
  static constexpr WireForm FormOf(JsonKind kind) {
    switch (kind) {
      case JsonKind::kBool:
      case JsonKind::kNumber:
      case JsonKind::kNumber32:
      case JsonKind::kEnum:
        return WireForm::kVarint;
      case JsonKind::kDouble:
        return WireForm::kEightBytes;
      case JsonKind::kText:
        return WireForm::kText;
      case JsonKind::kTime:
      case JsonKind::kMessage:
        return WireForm::kMessage;
      case JsonKind::kMembers:
        return WireForm::kMember;
      case JsonKind::kEnums:
        return WireForm::kManyEnums;
      default:
        return WireForm::kManyBytes;
    }
  }
  constexpr void AddForms(const JsonPlan& plan) {
    for (const JsonField& field : plan.fields) {
      if (field.kind == JsonKind::kFields) {
        AddForms(*field.plan);
      } else {
        forms[field.number] = FormOf(field.kind);
      }
    }
  }
};

// The `event` of an event message: event_type, the payload's fields, incident, then the rest.
extern const JsonPlan kJsonEventBody;
// The whole event.
extern const JsonPlan kJsonEvent;
extern const JsonPlan kJsonIncident;
extern const JsonPlan kJsonAlert;
extern const JsonPlan kJsonFilter;

}  // namespace tocsin
