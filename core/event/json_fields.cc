#include "core/event/json_fields.h"

#include <google/protobuf/timestamp.pb.h>

#include <boost/json/value.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/names.h"
#include "core/event/text.h"
#include "core/event/time_proto.h"

namespace tocsin {
namespace {

namespace json = boost::json;
using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Timestamp;

// A whole number from 0 to 2^32-1, in whichever of JSON's forms it is written.
std::optional<uint32_t> ToUint32(const json::value& value) {
  constexpr uint32_t kMost = std::numeric_limits<uint32_t>::max();
  if (value.is_int64() && value.get_int64() >= 0 && value.get_int64() <= kMost) {
    return static_cast<uint32_t>(value.get_int64());
  }
  if (value.is_double() && value.get_double() >= 0 && value.get_double() <= kMost &&
      value.get_double() == std::floor(value.get_double())) {
    return static_cast<uint32_t>(value.get_double());
  }
  return std::nullopt;
}

}  // namespace

std::string_view ToView(const json::string& text) { return {text.data(), text.size()}; }

std::string_view KindOf(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return value.get_bool() ? "true" : "false";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return "a number";
    case json::kind::string:
      return "a text";
    case json::kind::array:
      return "a list";
    case json::kind::object:
      return "an object";
  }
  return "another value";
}

std::vector<std::string> FieldNames(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) {
    names.push_back(type.field(i)->name());
  }
  return names;
}

absl::Status JsonFields::UnknownField(std::string_view path,
                                      std::vector<std::string> allowed) const {
  return FieldError(code_, path, "is an unknown field", std::move(allowed));
}

absl::Status JsonFields::WrongKind(const json::value& value, std::string_view expected,
                                   std::string_view path) const {
  const std::string_view field = path.empty() ? "the message" : path;
  return MakeError(
      code_,
      absl::StrCat(ToAbsl(field), " must be ", ToAbsl(expected), ", not ", ToAbsl(KindOf(value))),
      {.field = std::string(path), .allowed = {std::string(expected)}});
}

absl::StatusOr<const json::object*> JsonFields::Object(const json::value& value,
                                                       std::string_view path) const {
  if (!value.is_object()) {
    return WrongKind(value, "an object", path);
  }
  return &value.get_object();
}

absl::StatusOr<std::string_view> JsonFields::Text(const json::value& value,
                                                  std::string_view path) const {
  if (!value.is_string()) {
    return WrongKind(value, "a text", path);
  }
  return ToView(value.get_string());
}

absl::StatusOr<bool> JsonFields::Bool(const json::value& value, std::string_view path) const {
  if (!value.is_bool()) {
    return WrongKind(value, "true or false", path);
  }
  return value.get_bool();
}

absl::StatusOr<int> JsonFields::Enum(const json::value& value, const EnumDescriptor& type,
                                     std::string_view path) const {
  if (!value.is_string()) {
    return FieldError(code_, path, absl::StrCat("is ", ToAbsl(KindOf(value))), EnumNames(type));
  }
  const std::string_view name = ToView(value.get_string());
  if (const std::optional<int> number = EnumNumber(type, name)) {
    return *number;
  }
  return FieldError(code_, path, absl::StrCat("is an unknown value: ", Quote(name)),
                    EnumNames(type));
}

absl::Status JsonFields::ReadMessage(const json::value& value, Message& message,
                                     std::string_view path) const {
  ASSIGN_OR_RETURN(const json::object* const object, Object(value, path));
  for (const json::key_value_pair& entry : *object) {
    const std::string name(entry.key());
    const FieldDescriptor* const field = message.GetDescriptor()->FindFieldByName(name);
    if (field == nullptr) {
      return UnknownField(JoinPath(path, name), FieldNames(*message.GetDescriptor()));
    }
    RETURN_IF_ERROR(ReadField(entry.value(), message, *field, JoinPath(path, name)));
  }
  return absl::OkStatus();
}

absl::Status JsonFields::ReadField(const json::value& value, Message& message,
                                   const FieldDescriptor& field, std::string_view path) const {
  if (value.is_null()) {
    return absl::OkStatus();
  }
  if (field.is_map()) {
    return ReadMap(value, message, field, path);
  }
  return field.is_repeated() ? ReadList(value, message, field, path)
                             : ReadScalar(value, message, field, path);
}

absl::Status JsonFields::ReadScalar(const json::value& value, Message& message,
                                    const FieldDescriptor& field, std::string_view path) const {
  const auto& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      ASSIGN_OR_RETURN(const std::string_view text, Text(value, path));
      reflection.SetString(&message, &field, std::string(text));
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_BOOL: {
      ASSIGN_OR_RETURN(const bool flag, Bool(value, path));
      reflection.SetBool(&message, &field, flag);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      ASSIGN_OR_RETURN(const int number, Enum(value, *field.enum_type(), path));
      reflection.SetEnumValue(&message, &field, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      Message& inner = *reflection.MutableMessage(&message, &field);
      return field.message_type() == Timestamp::descriptor() ? ReadTime(value, inner, path)
                                                             : ReadMessage(value, inner, path);
    }
    default:
      return ReadNumber(value, message, field, path);
  }
}

absl::Status JsonFields::ReadNumber(const json::value& value, Message& message,
                                    const FieldDescriptor& field, std::string_view path) const {
  const auto& reflection = *message.GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
    if (!value.is_number()) {
      return WrongKind(value, "a number", path);
    }
    reflection.SetDouble(&message, &field, value.to_number<double>());
    return absl::OkStatus();
  }
  // The schema has no other numbers that a client may give (tests/core walks it).
  TOCSIN_CHECK(field.cpp_type() == FieldDescriptor::CPPTYPE_UINT32);
  const std::optional<uint32_t> number = ToUint32(value);
  if (!number) {
    const std::string problem =
        value.is_number() ? "is out of range" : absl::StrCat("is ", ToAbsl(KindOf(value)));
    return FieldError(code_, path, problem, {"a whole number from 0 to 4294967295"});
  }
  reflection.SetUInt32(&message, &field, *number);
  return absl::OkStatus();
}

absl::Status JsonFields::ReadList(const json::value& value, Message& message,
                                  const FieldDescriptor& field, std::string_view path) const {
  if (!value.is_array()) {
    return WrongKind(value, "a list", path);
  }
  size_t index = 0;
  for (const json::value& item : value.get_array()) {
    RETURN_IF_ERROR(ReadListItem(item, message, field, IndexPath(path, index++)));
  }
  return absl::OkStatus();
}

absl::Status JsonFields::ReadListItem(const json::value& value, Message& message,
                                      const FieldDescriptor& field, std::string_view path) const {
  const auto& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM: {
      ASSIGN_OR_RETURN(const int number, Enum(value, *field.enum_type(), path));
      reflection.AddEnumValue(&message, &field, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ReadMessage(value, *reflection.AddMessage(&message, &field), path);
    default: {
      ASSIGN_OR_RETURN(const std::string_view text, Text(value, path));
      reflection.AddString(&message, &field, std::string(text));
      return absl::OkStatus();
    }
  }
}

absl::Status JsonFields::ReadMap(const json::value& value, Message& message,
                                 const FieldDescriptor& field, std::string_view path) const {
  ASSIGN_OR_RETURN(const json::object* const object, Object(value, path));
  const Descriptor& entry_type = *field.message_type();
  for (const json::key_value_pair& entry : *object) {
    const std::string_view key = ToStd(absl::string_view(entry.key().data(), entry.key().size()));
    ASSIGN_OR_RETURN(const std::string_view text, Text(entry.value(), KeyPath(path, key)));
    Message& added = *message.GetReflection()->AddMessage(&message, &field);
    added.GetReflection()->SetString(&added, entry_type.map_key(), std::string(key));
    added.GetReflection()->SetString(&added, entry_type.map_value(), std::string(text));
  }
  return absl::OkStatus();
}

absl::Status JsonFields::ReadTime(const json::value& value, Message& message,
                                  std::string_view path) const {
  const std::optional<absl::Time> time =
      value.is_string() ? ParseRfc3339(ToView(value.get_string())) : std::nullopt;
  if (!time) {
    return FieldError(code_, path, absl::StrCat("is ", ToAbsl(KindOf(value)), " and no time"),
                      {"an RFC 3339 time such as \"2026-01-02T03:04:05Z\""});
  }
  SetTimestamp(static_cast<Timestamp&>(message), *time);
  return absl::OkStatus();
}

}  // namespace tocsin
