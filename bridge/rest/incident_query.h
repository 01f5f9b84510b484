// incident_query.h: the queries of GET /v1/incidents and GET /v1/incidents/{id}/events, read
// strictly, as requests to the hub.
//
// Threads: pure.
// Errors:  INVALID_MESSAGE or INVALID_FILTER with the parameter's name and what is allowed.
// Source:  docs/protocol.md, section 7.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/http/message.h"
#include "core/http/route_table.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::bridge {

inline constexpr uint32_t kMaxPageSize = 1'000;
inline constexpr uint32_t kIncidentPageSize = 50;
inline constexpr uint32_t kEventPageSize = 100;
// Beyond it a list is read by next_page_token: a numbered page is counted to.
inline constexpr uint32_t kMaxSkipped = 10'000;

struct IncidentsQuery {
  v1::ListIncidentsRequest request;
  uint32_t page = 1;
};
std::vector<http::ParameterDoc> IncidentsQueryDocs();
absl::StatusOr<IncidentsQuery> ReadIncidentsQuery(const http::HttpRequest& request);

std::vector<http::ParameterDoc> EventsQueryDocs();
// The events of the incident with that id.
absl::StatusOr<v1::ListEventsRequest> ReadEventsQuery(const http::HttpRequest& request,
                                                      std::string_view incident_id);

// A page's token as clients have it: the hub's, and the number that the page has.
std::string PageToken(uint32_t page, std::string_view hub_token);

}  // namespace tocsin::bridge
