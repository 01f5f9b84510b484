// sender_json.h: an alert sender's JSON object, read leniently: fields that are not ours are passed
// over, and so is an optional one of another kind.
//
// Threads: values.
// Owns:    nothing: the JSON tree, its text, and the names in the path, outlive it.
// Errors:  INVALID_MESSAGE with the field's path, only where a field must be there.
#pragma once

#include <google/protobuf/map.h>

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/event/field_path.h"
#include "core/event/json_as_sent.h"

namespace tocsin::bridge {

class SenderObject {
 public:
  using Texts = google::protobuf::Map<std::string, std::string>;

  // `sent` is the text of `value`: numbers are taken from it as they were written.
  static absl::StatusOr<SenderObject> Of(const boost::json::value& value, std::string_view sent,
                                         FieldPath path);

  // Null when it is not there, or is null.
  const boost::json::value* Find(std::string_view name) const;
  // "" when it is not there or no text.
  std::string_view Text(std::string_view name) const;
  // A text as it is, a number or a truth value as it was sent; "" for all else.
  std::string Scalar(std::string_view name) const;
  // The same, and a list or an object as JSON.
  std::string AnyText(std::string_view name) const;
  // An object within; nothing when it is not there or none.
  std::optional<SenderObject> Object(std::string_view name) const;
  // Adds the members of the object `name` to `texts`, as Scalar has them. An empty value is as good as none. It is an error when the object is none, or when a member has
  // no name or is a list or an object.
  absl::Status AddTexts(std::string_view name, Texts& texts) const;

  const boost::json::object& members() const { return *object_; }
  std::string_view AsSent(std::string_view name) const { return JsonMember(sent_, *object_, name); }
  FieldPath At(std::string_view name) const { return path_ / name; }
  const FieldPath& path() const { return path_; }

 private:
  SenderObject(const boost::json::object& object, std::string_view sent, FieldPath path)
      : object_(&object), sent_(sent), path_(std::move(path)) {}

  const boost::json::object* object_;
  std::string_view sent_;
  FieldPath path_;
};

// A text as it is, a number or a truth value as it was sent, a list or an object as JSON; "" for
// null. `sent` is the value's text.
std::string AnyText(const boost::json::value& value, std::string_view sent);

// "FIELD is required", with what it may be.
absl::Status Missing(const FieldPath& path, std::string_view allowed);

}  // namespace tocsin::bridge
