#include "bridge/alerts/sender_json.h"

#include <vector>

#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/text.h"

namespace tocsin::bridge {
namespace {

namespace json = boost::json;

std::string_view View(const json::string& text) { return {text.data(), text.size()}; }

absl::Status Bad(const FieldPath& path, std::string_view problem, std::string_view allowed) {
  return FieldError(ErrorCode::kInvalidMessage, path.Text(), problem, {std::string(allowed)});
}

// "" for null, a list and an object.
std::string ScalarText(const json::value& value, std::string_view sent) {
  if (value.is_string()) {
    return std::string(View(value.get_string()));
  }
  return value.is_number() || value.is_bool() ? std::string(sent) : std::string();
}

}  // namespace

absl::StatusOr<SenderObject> SenderObject::Of(const json::value& value, std::string_view sent,
                                              FieldPath path) {
  if (!value.is_object()) {
    return Bad(path, "is no object", "an object");
  }
  return SenderObject(value.get_object(), sent, std::move(path));
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
  return SenderObject(value->get_object(), AsSent(name), path_ / name);
}

std::string SenderObject::Scalar(std::string_view name) const {
  const json::value* const value = Find(name);
  return value == nullptr ? std::string() : ScalarText(*value, AsSent(name));
}

std::string SenderObject::AnyText(std::string_view name) const {
  const json::value* const value = Find(name);
  return value == nullptr ? std::string() : bridge::AnyText(*value, AsSent(name));
}

std::string AnyText(const json::value& value, std::string_view sent) {
  return value.is_object() || value.is_array() ? CompactJson(sent) : ScalarText(value, sent);
}

absl::Status SenderObject::AddTexts(std::string_view name, Texts& texts) const {
  const json::value* const value = Find(name);
  if (value == nullptr) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const SenderObject object, Of(*value, AsSent(name), path_ / name));
  const std::vector<std::string_view> parts = JsonParts(object.sent_);
  size_t i = 0;
  for (const json::key_value_pair& member : object.members()) {
    const std::string_view key(member.key().data(), member.key().size());
    const std::string_view sent = parts[i++];
    if (key.empty()) {
      return Bad(object.path(), "has an empty key", "keys of at least one character");
    }
    if (member.value().is_object() || member.value().is_array()) {
      return FieldError(ErrorCode::kInvalidMessage, KeyPath(object.path().Text(), key),
                        "is no text", {"a text"});
    }
    if (std::string text = ScalarText(member.value(), sent); !text.empty()) {
      texts[std::string(key)] = std::move(text);
    }
  }
  return absl::OkStatus();
}

absl::Status Missing(const FieldPath& path, std::string_view allowed) {
  return Bad(path, "is required", allowed);
}

}  // namespace tocsin::bridge
