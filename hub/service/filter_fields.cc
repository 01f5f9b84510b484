#include "hub/service/filter_fields.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/limits.h"
#include "core/event/text.h"

namespace tocsin::hub {
namespace {

absl::Status CheckNoEventTypes(const v1::Filter& filter) {
  return filter.event_types().empty()
             ? absl::OkStatus()
             : FieldError(ErrorCode::kInvalidFilter, "filter.event_types",
                          "chooses events, and has no meaning for incidents", {"no event_types"});
}

}  // namespace

absl::StatusOr<FilterPtr> ReadFilters(const v1::Filter& filter, const RequiredFilters& require) {
  if (static_cast<size_t>(require.size()) > limits::kRequiredFilters) {
    return FieldError(ErrorCode::kInvalidFilter, "require",
                      absl::StrCat("has ", require.size(), " filters"),
                      {absl::StrCat("at most ", limits::kRequiredFilters, " filters")});
  }
  std::vector<FilterPtr> filters;
  ASSIGN_OR_RETURN(filters.emplace_back(), Filter::Compile(filter, "filter"));
  for (int i = 0; i < require.size(); ++i) {
    const std::string path = IndexPath("require", static_cast<size_t>(i));
    ASSIGN_OR_RETURN(filters.emplace_back(), Filter::Compile(require[i], path));
  }
  return Filter::AllOf(filters);
}

absl::StatusOr<FilterPtr> ReadIncidentFilters(const v1::Filter& filter,
                                              const RequiredFilters& require) {
  RETURN_IF_ERROR(CheckNoEventTypes(filter));
  return ReadFilters(filter, require);
}

}  // namespace tocsin::hub
