// json_fields.h: fields of messages out of JSON, by walking the schema. Inside core/event; others
// use json_reader.h.
//
// Shape:   a field is named in JSON as in the schema; enums by names.h; times as RFC 3339. null is
//          as if left out, but not within a list or a map.
// Threads: pure.
// Errors:  of the code given to the constructor, with the field's path and what is allowed.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/event/error.h"

namespace boost::json {
class object;
class string;
class value;
}  // namespace boost::json

namespace tocsin {

std::string_view ToView(const boost::json::string& text);
// "a text", "a list", …: what a wrong value is.
std::string_view KindOf(const boost::json::value& value);
// The names of a message's fields.
std::vector<std::string> FieldNames(const google::protobuf::Descriptor& type);

class JsonFields {
 public:
  explicit JsonFields(ErrorCode code) : code_(code) {}

  absl::Status ReadMessage(const boost::json::value& value, google::protobuf::Message& message,
                           std::string_view path) const;
  absl::Status ReadField(const boost::json::value& value, google::protobuf::Message& message,
                         const google::protobuf::FieldDescriptor& field,
                         std::string_view path) const;

  absl::StatusOr<const boost::json::object*> Object(const boost::json::value& value,
                                                    std::string_view path) const;
  absl::StatusOr<std::string_view> Text(const boost::json::value& value,
                                        std::string_view path) const;
  absl::StatusOr<bool> Bool(const boost::json::value& value, std::string_view path) const;
  absl::StatusOr<int> Enum(const boost::json::value& value,
                           const google::protobuf::EnumDescriptor& type,
                           std::string_view path) const;
  absl::Status UnknownField(std::string_view path, std::vector<std::string> allowed) const;
  // "PATH must be EXPECTED, not a list".
  absl::Status WrongKind(const boost::json::value& value, std::string_view expected,
                         std::string_view path) const;

 private:
  using Message = google::protobuf::Message;
  using FieldDescriptor = google::protobuf::FieldDescriptor;

  absl::Status ReadScalar(const boost::json::value& value, Message& message,
                          const FieldDescriptor& field, std::string_view path) const;
  absl::Status ReadNumber(const boost::json::value& value, Message& message,
                          const FieldDescriptor& field, std::string_view path) const;
  absl::Status ReadList(const boost::json::value& value, Message& message,
                        const FieldDescriptor& field, std::string_view path) const;
  absl::Status ReadListItem(const boost::json::value& value, Message& message,
                            const FieldDescriptor& field, std::string_view path) const;
  absl::Status ReadMap(const boost::json::value& value, Message& message,
                       const FieldDescriptor& field, std::string_view path) const;
  absl::Status ReadTime(const boost::json::value& value, Message& message,
                        std::string_view path) const;

  ErrorCode code_;
};

}  // namespace tocsin
