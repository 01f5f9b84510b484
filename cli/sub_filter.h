// sub_filter.h: the filter that the flags of `tocsin sub` and others make.
//
// Errors:  INVALID_ARGUMENT that names the flag and what is allowed.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::cli {

struct FilterFlags {
  std::vector<std::string> types;  // with dashes or underscores
  std::vector<std::string> severities;
  std::vector<std::string> states;
  std::vector<std::string> sources;
  std::vector<std::string> resources;
  std::vector<std::string> labels;  // KEY=VALUE
  std::vector<std::string> incident_ids;
  bool active_only = false;
};

absl::StatusOr<v1::Filter> MakeFilter(const FilterFlags& flags);
// The filters that --require gives as JSON, {"severities":["P0"]}.
absl::StatusOr<std::vector<v1::Filter>> MakeRequired(const std::vector<std::string>& texts);

}  // namespace tocsin::cli
