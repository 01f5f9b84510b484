// explain_request.h: an ExplainRequest as what is to be done for it.
//
// Threads: pure.
// Errors:  INVALID_MESSAGE or INVALID_FILTER with the field's path and what is allowed.
#pragma once

#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "core/event/explain.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::hub {

struct ExplainLast {
  size_t events;
  v1::ExplainRequest::Show show;
};
struct ExplainSession {
  std::string id;
};

struct Explaining {
  Explainer explainer;
  // A normalised event, which need not be complete.
  std::variant<v1::Event, ExplainLast, ExplainSession> what;
};

absl::StatusOr<Explaining> ReadExplainRequest(v1::ExplainRequest& request);

}  // namespace tocsin::hub
