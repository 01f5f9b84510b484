#include "core/auth/permission.h"

#include <boost/json/value.hpp>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/json_fields.h"
#include "core/event/json_reader.h"
#include "core/event/names.h"
#include "core/event/text.h"

namespace tocsin {
namespace {

namespace json = boost::json;

constexpr uint32_t kAllTypes = ~0u;

absl::StatusOr<uint32_t> ReadPublish(const json::value& value, std::string_view path) {
  if (value.is_bool()) {
    return value.get_bool() ? kAllTypes : 0;
  }
  const JsonFields fields(ErrorCode::kInvalidMessage);
  if (!value.is_array()) {
    return fields.WrongKind(value, "true, false or a list of event types", path);
  }
  uint32_t types = 0;
  size_t index = 0;
  for (const json::value& each : value.get_array()) {
    ASSIGN_OR_RETURN(const int type,
                     fields.Enum(each, *v1::EventType_descriptor(), IndexPath(path, index++)));
    types |= 1u << type;
  }
  return types;
}

// A field that a filter would read as if it were left out.
bool LetsAllPass(const json::value& value) {
  return value.is_null() || (value.is_array() && value.get_array().empty()) ||
         (value.is_object() && value.get_object().empty());
}

absl::StatusOr<FilterPtr> ReadSubscribe(const json::value& value, std::string_view path) {
  if (value.is_bool()) {
    return value.get_bool() ? Filter::MatchAll() : FilterPtr();
  }
  if (!value.is_object()) {
    return JsonFields(ErrorCode::kInvalidFilter).WrongKind(value, "true, false or a filter", path);
  }
  if (value.get_object().empty()) {
    return FieldError(ErrorCode::kInvalidFilter, path, "is an empty filter, which lets all pass",
                      {"true, false or a filter with a field"});
  }
  for (const json::key_value_pair& entry : value.get_object()) {
    if (LetsAllPass(entry.value())) {
      return FieldError(ErrorCode::kInvalidFilter, JoinPath(path, std::string(entry.key())),
                        "is empty, which lets all pass", {"at least one value, or no such field"});
    }
  }
  ASSIGN_OR_RETURN(const v1::Filter filter, ReadJsonFilter(value, path));
  return Filter::Compile(filter, path);
}

}  // namespace

absl::StatusOr<Permission> Permission::Parse(const json::value& value, std::string_view path) {
  const JsonFields fields(ErrorCode::kInvalidMessage);
  ASSIGN_OR_RETURN(const json::object* const object, fields.Object(value, path));
  Permission permission;
  for (const json::key_value_pair& entry : *object) {
    const std::string name(entry.key());
    const std::string field = JoinPath(path, name);
    if (name == "publish") {
      ASSIGN_OR_RETURN(permission.publish_, ReadPublish(entry.value(), field));
    } else if (name == "subscribe") {
      ASSIGN_OR_RETURN(permission.subscribe_, ReadSubscribe(entry.value(), field));
    } else if (name == "admin") {
      ASSIGN_OR_RETURN(permission.admin_, fields.Bool(entry.value(), field));
    } else {
      return fields.UnknownField(field, {"publish", "subscribe", "admin"});
    }
  }
  return permission;
}

Permission Permission::Everything() {
  Permission permission;
  permission.publish_ = kAllTypes;
  permission.subscribe_ = Filter::MatchAll();
  return permission;
}

absl::Status Permission::CheckPublish(v1::EventType type) const {
  return MayPublish(type)
             ? absl::OkStatus()
             : MakeError(ErrorCode::kForbidden, absl::StrCat("the token does not allow publishing ",
                                                             ToAbsl(NameOf(type))));
}

absl::Status Permission::CheckSubscribe() const {
  return MaySubscribe() ? absl::OkStatus()
                        : MakeError(ErrorCode::kForbidden,
                                    "the token does not allow subscribing and querying");
}

absl::Status Permission::CheckAdminister() const {
  return MayAdminister()
             ? absl::OkStatus()
             : MakeError(ErrorCode::kForbidden, "the token does not allow administering");
}

FilterPtr Permission::Narrow(const FilterPtr& asked) const {
  return subscribe_ == Filter::MatchAll() ? asked : Filter::Narrowed(asked, subscribe_);
}

std::string Permission::Words() const {
  std::vector<std::string> words;
  if (publish_ == kAllTypes) {
    words.emplace_back("publish events of all types");
  } else if (publish_ != 0) {
    std::vector<std::string> types;
    for (int type = 0; type < v1::EventType_ARRAYSIZE; ++type) {
      if (MayPublish(static_cast<v1::EventType>(type))) {
        types.emplace_back(NameOf(static_cast<v1::EventType>(type)));
      }
    }
    words.push_back(absl::StrCat("publish ", absl::StrJoin(types, ", ")));
  }
  if (subscribe_ == Filter::MatchAll()) {
    words.emplace_back("subscribe to and query everything");
  } else if (subscribe_ != nullptr) {
    words.emplace_back("subscribe to and query what its filter lets pass");
  }
  if (admin_) {
    words.emplace_back("administer");
  }
  return words.empty() ? "nothing" : absl::StrJoin(words, "; ");
}

}  // namespace tocsin
