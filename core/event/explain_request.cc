#include "core/event/explain_request.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/limits.h"
#include "core/event/text.h"
#include "core/event/validate.h"

namespace tocsin {
namespace {

using Request = v1::ExplainRequest;

absl::Status Bad(std::string_view field, std::string_view problem,
                 std::vector<std::string> allowed) {
  return FieldError(ErrorCode::kInvalidMessage, field, problem, std::move(allowed));
}

// Of an event, the last ones and a session, one must be asked for; the other fields must mean
// something with it.
absl::Status CheckWhat(const Request& request) {
  const bool has_session = !request.session_id().empty();
  const int asked = int{request.has_event()} + int{request.last() > 0} + int{has_session};
  if (asked != 1) {
    return MakeError(ErrorCode::kInvalidMessage,
                     absl::StrCat("the request gives ", asked == 0 ? "none" : "several",
                                  " of event, last and session_id; give one"),
                     {.allowed = {"event", "last", "session_id"}});
  }
  if (request.last() > limits::kExplainEvents) {
    return Bad("last", absl::StrCat("is ", request.last()),
               {absl::StrCat("1 to ", limits::kExplainEvents)});
  }
  if (has_session && (request.has_filter() || request.require_size() > 0)) {
    return Bad(request.has_filter() ? "filter" : "require",
               "has no meaning with session_id: the session has its own filters", {"none"});
  }
  return absl::OkStatus();
}

absl::Status CheckShow(const Request& request) {
  if (!Request::Show_IsValid(request.show())) {
    return Bad("show", absl::StrCat("has the unknown value ", int{request.show()}),
               {"SHOW_MATCHING", "SHOW_NOT_MATCHING"});
  }
  if (request.show() != Request::SHOW_UNSPECIFIED && request.last() == 0) {
    return Bad("show", "chooses among the last events", {"with `last` only"});
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Explainer> CheckExplainRequest(Request& request) {
  RETURN_IF_ERROR(CheckWhat(request));
  RETURN_IF_ERROR(CheckShow(request));
  ASSIGN_OR_RETURN(Explainer explainer, Explainer::Compile(request.filter(), request.require()));
  if (request.has_event()) {
    RETURN_IF_ERROR(NormalizeEvent(*request.mutable_event(), FieldPath("event")));
  }
  return explainer;
}

}  // namespace tocsin
