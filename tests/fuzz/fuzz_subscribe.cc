// Any bytes as requests of those who read from a hub: refused by a field, or taken with a filter that
// compiles, from a place that is written as it was read.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/check.h"
#include "core/event/cursor.h"
#include "hub/service/explain_request.h"
#include "hub/service/query_requests.h"
#include "hub/service/subscribe_request.h"
#include "tests/fuzz/parse.h"

namespace {

using namespace tocsin;
using namespace tocsin::hub;
using fuzz::Parse;

void CheckRefusal(const absl::Status& status) {
  TOCSIN_CHECK(status.code() == absl::StatusCode::kInvalidArgument && !status.message().empty());
}

void CheckSubscribe(std::string_view bytes) {
  v1::SubscribeRequest request;
  if (!Parse(bytes, request)) {
    return;
  }
  const auto subscribing = ReadSubscribeRequest(request);
  if (!subscribing.ok()) {
    return CheckRefusal(subscribing.status());
  }
  TOCSIN_CHECK(subscribing->filter != nullptr);
  const auto again = ParseStartPoint(FormatStartPoint(subscribing->start), "from");
  TOCSIN_CHECK(again.ok() && *again == subscribing->start);
}

template <class Request, class Read>
void CheckQuery(std::string_view bytes, Read read) {
  Request request;
  if (!Parse(bytes, request)) {
    return;
  }
  if (const auto query = read(request); !query.ok()) {
    CheckRefusal(query.status());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  CheckSubscribe(bytes);
  CheckQuery<v1::GetIncidentRequest>(bytes, ReadGetIncident);
  CheckQuery<v1::ListIncidentsRequest>(bytes, ReadListIncidents);
  CheckQuery<v1::ListEventsRequest>(bytes, ReadListEvents);
  CheckQuery<v1::ExplainRequest>(bytes, ReadExplainRequest);
  return 0;
}
