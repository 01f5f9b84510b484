// permission.h: what the bearer of a token may do.
//
// Shape:   {"publish": true, false or a list of event types, "subscribe": true, false or a filter,
//          "admin": true or false}; what is left out is not allowed. The filter holds for every
//          subscription, query and explanation.
// Threads: immutable value; the filter is shared.
// Errors:  of the checks: FORBIDDEN. Of Parse: INVALID_MESSAGE, INVALID_FILTER with the field's path
//          and what is allowed. An empty
//          filter, an empty list or map in it, and null would let everything pass, as they do in a
//          client's filter. Here they are errors: whoever means all writes true.
// Source:  docs/protocol.md, section 8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/event/filter.h"
#include "tocsin/v1/event.pb.h"

namespace boost::json {
class value;
}

namespace tocsin {

class Permission {
 public:
  // Nothing is allowed.
  Permission() = default;

  // All but to administer: what everyone may where authentication is off.
  static Permission Everything();

  // `path` is the claim's, for errors.
  static absl::StatusOr<Permission> Parse(const boost::json::value& value, std::string_view path);

  bool MayPublish(v1::EventType type) const {
    return type >= 0 && type < 32 && (publish_ >> type & 1u) != 0;
  }
  bool MayPublishAny() const { return publish_ != 0; }
  bool MaySubscribe() const { return subscribe_ != nullptr; }
  // What every subscription, query and explanation is narrowed by; nullptr without MaySubscribe().
  const FilterPtr& filter() const { return subscribe_; }
  bool MayAdminister() const { return admin_; }

  // FORBIDDEN with what the token lacks.
  absl::Status CheckPublish(v1::EventType type) const;
  absl::Status CheckSubscribe() const;
  absl::Status CheckAdminister() const;
  // Lets through what both `asked` and the permission do. Only with MaySubscribe().
  FilterPtr Narrow(const FilterPtr& asked) const;

  // In words, for people: "publish all, subscribe with a filter".
  std::string Words() const;

 private:
  uint32_t publish_ = 0;  // a bit for each type
  FilterPtr subscribe_;
  bool admin_ = false;
};

}  // namespace tocsin
