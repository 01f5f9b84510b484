#include "hub/service/query_requests.h"

#include <variant>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/text.h"
#include "core/event/uuid.h"
#include "hub/service/filter_fields.h"
#include "hub/service/raw_message.h"

namespace tocsin::hub {
namespace {

absl::StatusOr<size_t> ReadPageSize(uint32_t given, size_t usual, std::string_view field) {
  if (given > kMostPageSize) {
    return FieldError(ErrorCode::kInvalidMessage, field, absl::StrCat("is ", given),
                      {absl::StrCat("1 to ", kMostPageSize)});
  }
  return given == 0 ? usual : given;
}

absl::StatusOr<v1::IncidentOrder> ReadOrder(const v1::ListIncidentsRequest& request) {
  switch (request.order()) {
    case v1::INCIDENT_ORDER_UNSPECIFIED:
      return v1::INCIDENT_ORDER_UPDATED_AT;
    case v1::INCIDENT_ORDER_UPDATED_AT:
    case v1::INCIDENT_ORDER_CREATED_AT:
    case v1::INCIDENT_ORDER_SEVERITY:
      return request.order();
    default:
      return FieldError(
          ErrorCode::kInvalidMessage, "order",
          absl::StrCat("has the unknown value ", static_cast<int>(request.order())),
          {"INCIDENT_ORDER_UPDATED_AT", "INCIDENT_ORDER_CREATED_AT", "INCIDENT_ORDER_SEVERITY"});
  }
}

absl::StatusOr<size_t> ReadSkip(const v1::ListIncidentsRequest& request) {
  if (request.skip() > kMostSkipped) {
    return FieldError(ErrorCode::kInvalidMessage, "skip", absl::StrCat("is ", request.skip()),
                      {absl::StrCat("up to ", kMostSkipped)});
  }
  if (request.skip() > 0 && !request.page_token().empty()) {
    return FieldError(ErrorCode::kInvalidMessage, "skip", "is given beside page_token",
                      {"0 with page_token"});
  }
  return request.skip();
}

}  // namespace

absl::StatusOr<IncidentLookup> ReadGetIncident(const v1::GetIncidentRequest& request) {
  RETURN_IF_ERROR(CheckNoUnknownFields(request));
  if (!IsUuid(request.incident_id())) {
    return FieldError(ErrorCode::kInvalidMessage, "incident_id",
                      absl::StrCat("is no UUID: ", Quote(request.incident_id())),
                      {"a UUID such as \"0190b6a5-7c1e-7000-8000-000000000001\""});
  }
  IncidentLookup lookup{.id = CanonicalUuid(request.incident_id())};
  ASSIGN_OR_RETURN(lookup.require, ReadIncidentFilters(v1::Filter(), request.require()));
  return lookup;
}

absl::StatusOr<IncidentListing> ReadListIncidents(const v1::ListIncidentsRequest& request) {
  RETURN_IF_ERROR(CheckNoUnknownFields(request));
  IncidentListing listing;
  ASSIGN_OR_RETURN(listing.filter, ReadIncidentFilters(request.filter(), request.require()));
  ASSIGN_OR_RETURN(listing.ordering.by, ReadOrder(request));
  listing.ordering.ascending = request.ascending();
  ASSIGN_OR_RETURN(listing.page_size, ReadPageSize(request.page_size(), kPageSize, "page_size"));
  ASSIGN_OR_RETURN(listing.skip, ReadSkip(request));
  listing.page_token = request.page_token();
  listing.with_history = request.with_history();
  listing.whole = request.whole();
  return listing;
}

absl::StatusOr<EventListing> ReadListEvents(const v1::ListEventsRequest& request) {
  RETURN_IF_ERROR(CheckNoUnknownFields(request));
  EventListing listing;
  ASSIGN_OR_RETURN(listing.filter, ReadFilters(request.filter(), request.require()));
  if (!request.from().empty()) {
    ASSIGN_OR_RETURN(listing.from, ParseStartPoint(request.from(), "from"));
  }
  ASSIGN_OR_RETURN(listing.to, ParseStartPoint(request.to(), "to"));
  if (std::holds_alternative<Earliest>(listing.to)) {
    return FieldError(ErrorCode::kInvalidMessage, "to", "is the log's beginning",
                      {"\"latest\"", "a cursor", "an RFC 3339 time"});
  }
  ASSIGN_OR_RETURN(listing.limit, ReadPageSize(request.limit(), kEventPageSize, "limit"));
  listing.newest_first = request.newest_first();
  listing.page_token = request.page_token();
  return listing;
}

}  // namespace tocsin::hub
