#include "core/event/schema_check.h"

#include <google/protobuf/timestamp.pb.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/names.h"
#include "core/event/text.h"

namespace tocsin {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::Timestamp;

// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, as google.protobuf.Timestamp bounds itself.
constexpr int64_t kFirstSecond = -62'135'596'800;
constexpr int64_t kLastSecond = 253'402'300'799;

absl::Status Bad(std::string_view field, std::string_view problem,
                 std::vector<std::string> allowed = {}) {
  return FieldError(ErrorCode::kInvalidMessage, field, problem, std::move(allowed));
}

absl::Status CheckTimestamp(Timestamp& time, std::string_view path) {
  if (time.seconds() < kFirstSecond || time.seconds() > kLastSecond || time.nanos() < 0 ||
      time.nanos() > 999'999'999) {
    return Bad(path, "is out of range",
               {"a time from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999Z"});
  }
  time.set_nanos(time.nanos() / 1000 * 1000);
  return absl::OkStatus();
}

absl::Status CheckUnknownFields(const Message& message, std::string_view path) {
  const auto& unknown = message.GetReflection()->GetUnknownFields(message);
  if (unknown.empty()) {
    return absl::OkStatus();
  }
  std::vector<std::string> allowed;
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    allowed.push_back(message.GetDescriptor()->field(i)->name());
  }
  return Bad(path, absl::StrCat("has an unknown field, number ", unknown.field(0).number()),
             std::move(allowed));
}

absl::Status CheckEnum(int number, const EnumDescriptor& type, std::string_view path) {
  if (type.FindValueByNumber(number) != nullptr) {
    return absl::OkStatus();
  }
  return Bad(path, absl::StrCat("is an unknown value, number ", number), EnumNames(type));
}

absl::Status CheckSubmessage(Message& message, std::string_view path) {
  if (message.GetDescriptor() == Timestamp::descriptor()) {
    return CheckTimestamp(static_cast<Timestamp&>(message), path);
  }
  return CheckBySchema(message, path);
}

// The schema repeats no enum in an event, and its maps hold texts only.
absl::Status CheckField(Message& message, const FieldDescriptor& field, std::string_view path) {
  const Reflection& reflection = *message.GetReflection();
  if (field.is_map()) {
    return absl::OkStatus();
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    return CheckEnum(reflection.GetEnumValue(message, &field), *field.enum_type(), path);
  }
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    return absl::OkStatus();
  }
  if (!field.is_repeated()) {
    return CheckSubmessage(*reflection.MutableMessage(&message, &field), path);
  }
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    RETURN_IF_ERROR(CheckSubmessage(*reflection.MutableRepeatedMessage(&message, &field, i),
                                    IndexPath(path, static_cast<size_t>(i))));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckBySchema(google::protobuf::Message& message, std::string_view path) {
  RETURN_IF_ERROR(CheckUnknownFields(message, path));
  std::vector<const FieldDescriptor*> set;
  message.GetReflection()->ListFields(message, &set);
  for (const FieldDescriptor* field : set) {
    // Only these can be wrong; a path for the others would be made for nothing.
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM ||
        field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      RETURN_IF_ERROR(CheckField(message, *field, JoinPath(path, field->name())));
    }
  }
  return absl::OkStatus();
}

}  // namespace tocsin
