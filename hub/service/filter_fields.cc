#include "hub/service/filter_fields.h"

#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/limits.h"
#include "core/event/text.h"

namespace tocsin::hub {
namespace {

using Check = absl::Status (*)(const v1::Filter& filter, std::string_view path);

absl::Status CheckNothing(const v1::Filter&, std::string_view) { return absl::OkStatus(); }

absl::Status CheckNoEventTypes(const v1::Filter& filter, std::string_view path) {
  return filter.event_types().empty()
             ? absl::OkStatus()
             : FieldError(ErrorCode::kInvalidFilter, JoinPath(path, "event_types"),
                          "chooses events, and has no meaning for incidents", {"no event_types"});
}

absl::StatusOr<FilterPtr> Read(const v1::Filter& filter, const RequiredFilters& require,
                               Check check) {
  if (static_cast<size_t>(require.size()) > limits::kRequiredFilters) {
    return FieldError(ErrorCode::kInvalidFilter, "require",
                      absl::StrCat("has ", require.size(), " filters"),
                      {absl::StrCat("at most ", limits::kRequiredFilters, " filters")});
  }
  std::vector<FilterPtr> filters;
  RETURN_IF_ERROR(check(filter, "filter"));
  ASSIGN_OR_RETURN(filters.emplace_back(), Filter::Compile(filter, "filter"));
  for (int i = 0; i < require.size(); ++i) {
    const std::string path = IndexPath("require", static_cast<size_t>(i));
    RETURN_IF_ERROR(check(require[i], path));
    ASSIGN_OR_RETURN(filters.emplace_back(), Filter::Compile(require[i], path));
  }
  return Filter::AllOf(filters);
}

}  // namespace

absl::StatusOr<FilterPtr> ReadFilters(const v1::Filter& filter, const RequiredFilters& require) {
  return Read(filter, require, CheckNothing);
}

absl::StatusOr<FilterPtr> ReadIncidentFilters(const v1::Filter& filter,
                                              const RequiredFilters& require) {
  return Read(filter, require, CheckNoEventTypes);
}

}  // namespace tocsin::hub
