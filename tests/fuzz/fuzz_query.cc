// The query of a URL, as GET /v1/events and /v1/incidents read it: refused with an error that names a
// parameter, or a filter that compiles. After a NUL comes the value of Last-Event-ID, and of the other
// header fields that have a grammar.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bridge/events/event_query.h"
#include "bridge/http/filter_parameters.h"
#include "bridge/http/json_request.h"
#include "bridge/http/query_parameters.h"
#include "bridge/http/url_token.h"
#include "bridge/rest/entity_tag.h"
#include "bridge/rest/incident_query.h"
#include "core/auth/bearer.h"
#include "core/base/check.h"
#include "core/base/utf8.h"

namespace {

using namespace tocsin;
using namespace tocsin::bridge;

void CheckEventQuery(const http::HttpRequest& request) {
  const auto query = ReadEventQuery(request);
  if (query.ok()) {
    TOCSIN_CHECK(query->filter != nullptr && !(query->snapshot && query->start.has_value()));
  } else {
    TOCSIN_CHECK(!query.status().message().empty());
  }
}

void CheckParameters(const http::HttpRequest& request) {
  const auto parameters = ReadQueryParameters(request, FilterParameters::Names());
  if (!parameters.ok()) {
    return;
  }
  FilterParameters reader(FilterParameters::NameForms::kSingularToo);
  for (const http::Field& parameter : *parameters) {
    TOCSIN_CHECK(IsUtf8(parameter.value));
    const auto status = reader.Read(parameter);
    if (!status.has_value() || !status->ok()) {
      return;
    }
  }
  (void)Filter::Compile(reader.filter());
}

void CheckIncidentQueries(const http::HttpRequest& request) {
  const auto incidents = ReadIncidentsQuery(request);
  TOCSIN_CHECK(incidents.ok() || !incidents.status().message().empty());
  const auto events = ReadEventsQuery(request, "0190a000-0000-7000-8000-000000000001");
  TOCSIN_CHECK(events.ok() || !events.status().message().empty());
  (void)RefuseTokenInUrl(request.target);
}

void CheckFields(const http::HttpRequest& request, std::string_view value) {
  if (const auto tag = IfMatch(request); tag.ok() && tag->has_value()) {
    TOCSIN_CHECK(HasTag(value, EntityTag(**tag)));
  }
  (void)HasTag(KnownTags(request), "\"17\"");
  const auto key = IdempotencyKey(request);
  TOCSIN_CHECK(!key.ok() || **key == value);
  (void)CheckIsJson(request);
  const auto token = BearerToken(value);
  TOCSIN_CHECK(!token.ok() || (!token->empty() && value.ends_with(*token)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  http::HttpRequest request{.method = "GET"};
  const std::string_view query = input.substr(0, input.find('\0'));
  request.target = "/v1/events?" + std::string(query);
  if (query.size() < size) {
    const std::string value(input.substr(query.size() + 1));
    for (const char* name :
         {"Last-Event-ID", "If-Match", "If-None-Match", "Idempotency-Key", "Content-Type"}) {
      request.fields.push_back({name, value});
    }
    CheckFields(request, value);
  }
  CheckEventQuery(request);
  CheckParameters(request);
  CheckIncidentQueries(request);
  return 0;
}
