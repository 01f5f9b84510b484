// filter_parameters.h: a filter as query parameters.
//
// Shape:   the filter's fields by their names: values with commas between them (a comma within a
//          value is written \, and a backslash \\). Given again, values add up. Labels are
//          labels.KEY=VALUE.
// Threads: one.
// Errors:  INVALID_FILTER for an unknown value of an enumeration, INVALID_MESSAGE else, with the
//          parameter's name and what is allowed.
// Source:  docs/protocol.md, sections 2 and 7.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/http/message.h"
#include "core/http/route_table.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::bridge {

class FilterParameters {
 public:
  // With kSingularToo a list is also known by the singular of its name: severity=P0.
  enum class NameForms : uint8_t { kPlural, kSingularToo };
  explicit FilterParameters(NameForms forms = NameForms::kPlural) : forms_(forms) {}

  // Nothing where the parameter is none of a filter's.
  std::optional<absl::Status> Read(const http::Field& parameter);

  const v1::Filter& filter() const { return filter_; }

  // As a route's description has them, but for `left_out`.
  static std::vector<http::ParameterDoc> Docs(NameForms forms, std::string_view left_out = "");
  // The plural ones: what an error lists.
  static std::vector<std::string> Names();

 private:
  absl::Status ReadLabel(const http::Field& parameter);
  absl::Status ReadActiveOnly(const http::Field& parameter);

  const NameForms forms_;
  v1::Filter filter_;
  bool active_only_given_ = false;
};

}  // namespace tocsin::bridge
