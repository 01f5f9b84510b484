#include "hub/service/explain_request.h"

#include <utility>

#include "core/base/status_macros.h"
#include "core/event/explain_request.h"
#include "hub/service/raw_message.h"

namespace tocsin::hub {

absl::StatusOr<Explaining> ReadExplainRequest(v1::ExplainRequest& request) {
  RETURN_IF_ERROR(CheckNoUnknownFields(request));
  ASSIGN_OR_RETURN(Explainer explainer, CheckExplainRequest(request));
  Explaining explaining{std::move(explainer), {}};
  if (request.has_event()) {
    explaining.what = std::move(*request.mutable_event());
  } else if (request.last() > 0) {
    explaining.what = ExplainLast{request.last(), request.show()};
  } else {
    explaining.what = ExplainSession{request.session_id()};
  }
  return explaining;
}

}  // namespace tocsin::hub
