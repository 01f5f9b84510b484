#include "bridge/alerts/sender_json.h"

#include <boost/json/serialize.hpp>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/json_writer.h"
#include "core/event/text.h"

namespace tocsin::bridge {
namespace {

namespace json = boost::json;

std::string_view View(const json::string& text) { return {text.data(), text.size()}; }

absl::Status Bad(const FieldPath& path, std::string_view problem, std::string_view allowed) {
  return FieldError(ErrorCode::kInvalidMessage, path.Text(), problem, {std::string(allowed)});
}

}  // namespace

absl::StatusOr<SenderObject> SenderObject::Of(const json::value& value, FieldPath path) {
  if (!value.is_object()) {
    return Bad(path, "is no object", "an object");
  }
  return SenderObject(value.get_object(), std::move(path));
}

const json::value* SenderObject::Find(std::string_view name) const {
  const json::value* const value = object_->if_contains({name.data(), name.size()});
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::string_view SenderObject::Text(std::string_view name) const {
  const json::value* const value = Find(name);
  return value != nullptr && value->is_string() ? View(value->get_string()) : std::string_view();
}

std::optional<SenderObject> SenderObject::Object(std::string_view name) const {
  const json::value* const value = Find(name);
  if (value == nullptr || !value->is_object()) {
    return std::nullopt;
  }
  return SenderObject(value->get_object(), path_ / name);
}

absl::Status SenderObject::AddTexts(std::string_view name, Texts& texts) const {
  const json::value* const value = Find(name);
  if (value == nullptr) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const SenderObject object, Of(*value, path_ / name));
  for (const json::key_value_pair& member : object.members()) {
    const std::string_view key(member.key().data(), member.key().size());
    if (key.empty()) {
      return Bad(object.path(), "has an empty key", "keys of at least one character");
    }
    if (member.value().is_null()) {
      continue;
    }
    std::optional<std::string> text = ScalarText(member.value());
    if (!text.has_value()) {
      return FieldError(ErrorCode::kInvalidMessage, KeyPath(object.path().Text(), key),
                        "is no text", {"a text"});
    }
    if (!text->empty()) {
      texts[std::string(key)] = *std::move(text);
    }
  }
  return absl::OkStatus();
}

std::optional<std::string> ScalarText(const json::value& value) {
  switch (value.kind()) {
    case json::kind::string:
      return std::string(View(value.get_string()));
    case json::kind::bool_:
      return value.get_bool() ? "true" : "false";
    case json::kind::int64:
      return absl::StrCat(value.get_int64());
    case json::kind::uint64:
      return absl::StrCat(value.get_uint64());
    case json::kind::double_: {
      std::string text;
      AppendJsonNumber(text, value.get_double());
      return text;
    }
    default:
      return std::nullopt;
  }
}

std::string AnyText(const json::value& value) {
  std::optional<std::string> scalar = ScalarText(value);
  return scalar.has_value() ? *std::move(scalar) : json::serialize(value);
}

absl::Status Missing(const FieldPath& path, std::string_view allowed) {
  return Bad(path, "is required", allowed);
}

}  // namespace tocsin::bridge
