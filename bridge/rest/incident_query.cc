#include "bridge/rest/incident_query.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/http/doc_parts.h"
#include "bridge/http/filter_parameters.h"
#include "bridge/http/query_parameters.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/cursor.h"
#include "core/event/filter.h"
#include "core/event/text.h"

namespace tocsin::bridge {
namespace {

constexpr std::string_view kEventTypes = "event_types";
constexpr std::string_view kIncidentIds = "incident_ids";

constexpr char kPlace[] = "A cursor, a time, earliest or latest.";

using Docs = std::vector<http::ParameterDoc>;

Docs PageDocs(uint32_t usual) {
  return {{"page_size", "query", "",
           absl::StrCat(R"({"type":"integer","minimum":1,"maximum":)", kMaxPageSize,
                        R"(,"default":)", usual, "}"),
           "20"},
          {"page_token", "query", "The next_page_token of the page before.", kTextSchema},
          {"order", "query", "", R"({"type":"string","enum":["asc","desc"]})", "asc"}};
}

// Those that a query has beside its filter's.
const Docs& IncidentsOwn() {
  static const Docs* const docs = [] {
    auto* all = new Docs(PageDocs(kIncidentPageSize));
    all->push_back({"page", "query", "By its number; or page_token.",
                    NumberSchema(1, kMaxSkipped / kMaxPageSize + 1), "1"});
    all->push_back({"sort", "query", "",
                    R"({"type":"string","enum":["updated_at","created_at","severity"]})",
                    "severity"});
    return all;
  }();
  return *docs;
}

const Docs& EventsOwn() {
  static const Docs* const docs = [] {
    auto* all = new Docs(PageDocs(kEventPageSize));
    all->push_back({"from", "query", kPlace, kTextSchema, "earliest"});
    all->push_back({"to", "query", kPlace, kTextSchema, "latest"});
    return all;
  }();
  return *docs;
}

// The plural ones of the filter and the query's own: what an error lists.
std::vector<std::string> NamesOf(std::string_view left_out, const Docs& own) {
  std::vector<std::string> names = FilterParameters::Names();
  std::erase(names, left_out);
  for (const http::ParameterDoc& doc : own) {
    names.emplace_back(doc.name);
  }
  return names;
}

Docs WithFilter(std::string_view left_out, const Docs& own) {
  Docs docs = FilterParameters::Docs(FilterParameters::NameForms::kSingularToo, left_out);
  docs.insert(docs.end(), own.begin(), own.end());
  return docs;
}

// What both queries have: a filter, and parameters that are given once at most.
class QueryReader {
 public:
  // `read` is asked for each parameter that is none of the filter's.
  template <class Read>
  absl::Status ReadAll(const http::HttpRequest& request, const std::vector<std::string>& names,
                       Read read) {
    ASSIGN_OR_RETURN(const std::vector<http::Field> parameters,
                     ReadQueryParameters(request, names, {"from", "to"}));
    std::vector<std::string_view> given;
    for (const http::Field& parameter : parameters) {
      if (const std::optional<absl::Status> status = filter_.Read(parameter)) {
        RETURN_IF_ERROR(*status);
        continue;
      }
      if (std::find(given.begin(), given.end(), parameter.name) != given.end()) {
        return WrongParameter(parameter.name, "is given twice");
      }
      given.push_back(parameter.name);
      RETURN_IF_ERROR(read(parameter));
    }
    // For its errors, with the parameter's name and not the hub's path.
    return Filter::Compile(filter_.filter(), "").status();
  }

  const v1::Filter& filter() const { return filter_.filter(); }

 private:
  FilterParameters filter_{FilterParameters::NameForms::kSingularToo};
};

absl::Status Unknown(const http::Field& parameter, const std::vector<std::string>& names) {
  return WrongParameter(parameter.name, "is no parameter", names);
}

// ---- incidents ----

const std::vector<std::string>& IncidentParameters() {
  static const auto* const names =
      new std::vector<std::string>(NamesOf(kEventTypes, IncidentsOwn()));
  return *names;
}

absl::StatusOr<v1::IncidentOrder> ReadSort(const http::Field& parameter) {
  constexpr std::pair<std::string_view, v1::IncidentOrder> kOrders[] = {
      {"updated_at", v1::INCIDENT_ORDER_UPDATED_AT},
      {"created_at", v1::INCIDENT_ORDER_CREATED_AT},
      {"severity", v1::INCIDENT_ORDER_SEVERITY}};
  std::vector<std::string> allowed;
  for (const auto& [name, order] : kOrders) {
    if (name == parameter.value) {
      return order;
    }
    allowed.emplace_back(name);
  }
  return WrongParameter(parameter.name, absl::StrCat("cannot be ", Quote(parameter.value)),
                        std::move(allowed));
}

absl::Status ReadPageToken(const http::Field& parameter, IncidentsQuery& query) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(parameter.value, absl::MaxSplits('.', 1));
  if (!absl::SimpleAtoi(parts.first, &query.page) || query.page < 2 || parts.second.empty()) {
    return WrongParameter(parameter.name, "is no token of a page",
                          {"the next_page_token of the page before"});
  }
  query.request.set_page_token(std::string(parts.second));
  return absl::OkStatus();
}

absl::Status ReadListParameter(const http::Field& parameter, std::optional<uint32_t>& page,
                               IncidentsQuery& query) {
  v1::ListIncidentsRequest& request = query.request;
  if (parameter.name == "page") {
    ASSIGN_OR_RETURN(page, WholeNumber(parameter, 1, kMaxSkipped + 1));
  } else if (parameter.name == "page_size") {
    ASSIGN_OR_RETURN(const uint32_t size, WholeNumber(parameter, 1, kMaxPageSize));
    request.set_page_size(size);
  } else if (parameter.name == "page_token") {
    return ReadPageToken(parameter, query);
  } else if (parameter.name == "sort") {
    ASSIGN_OR_RETURN(const v1::IncidentOrder order, ReadSort(parameter));
    request.set_order(order);
  } else if (parameter.name == "order") {
    ASSIGN_OR_RETURN(const bool ascending, OneOfTwo(parameter, "asc", "desc"));
    request.set_ascending(ascending);
  } else {
    return Unknown(parameter, IncidentParameters());
  }
  return absl::OkStatus();
}

absl::Status SetPage(std::optional<uint32_t> page, IncidentsQuery& query) {
  v1::ListIncidentsRequest& request = query.request;
  if (!page.has_value()) {
    return absl::OkStatus();
  }
  if (!request.page_token().empty()) {
    return WrongParameter("page", "cannot be given with page_token, which knows its page");
  }
  const uint32_t last = kMaxSkipped / request.page_size() + 1;
  if (*page > last) {
    return WrongParameter("page", absl::StrCat("cannot be ", *page),
                          {absl::StrCat("1 to ", last, " of this page_size"),
                           "page_token, from page to page without end"});
  }
  query.page = *page;
  request.set_skip((*page - 1) * request.page_size());
  return absl::OkStatus();
}

// ---- events ----

const std::vector<std::string>& EventParameters() {
  static const auto* const names = new std::vector<std::string>(NamesOf(kIncidentIds, EventsOwn()));
  return *names;
}

// The hub takes an empty one as if left out, which a client can do as well.
absl::Status CheckBound(const http::Field& parameter) {
  if (parameter.value.empty()) {
    return WrongParameter(parameter.name, "is empty",
                          {"a cursor", "an RFC 3339 time", "earliest", "latest"});
  }
  ASSIGN_OR_RETURN(const StartPoint bound, ParseStartPoint(parameter.value, parameter.name));
  if (parameter.name == "to" && std::holds_alternative<Earliest>(bound)) {
    return WrongParameter("to", "is the log's beginning",
                          {"latest", "a cursor", "an RFC 3339 time"});
  }
  return absl::OkStatus();
}

absl::Status ReadEventParameter(const http::Field& parameter, v1::ListEventsRequest& request) {
  if (parameter.name == "from" || parameter.name == "to") {
    RETURN_IF_ERROR(CheckBound(parameter));
    (parameter.name == "from" ? *request.mutable_from() : *request.mutable_to()) = parameter.value;
  } else if (parameter.name == "page_size") {
    ASSIGN_OR_RETURN(const uint32_t size, WholeNumber(parameter, 1, kMaxPageSize));
    request.set_limit(size);
  } else if (parameter.name == "page_token") {
    request.set_page_token(parameter.value);
  } else if (parameter.name == "order") {
    ASSIGN_OR_RETURN(const bool newest_first, OneOfTwo(parameter, "desc", "asc"));
    request.set_newest_first(newest_first);
  } else {
    return Unknown(parameter, EventParameters());
  }
  return absl::OkStatus();
}

}  // namespace

Docs IncidentsQueryDocs() { return WithFilter(kEventTypes, IncidentsOwn()); }
Docs EventsQueryDocs() { return WithFilter(kIncidentIds, EventsOwn()); }

absl::StatusOr<IncidentsQuery> ReadIncidentsQuery(const http::HttpRequest& request) {
  IncidentsQuery query;
  query.request.set_page_size(kIncidentPageSize);
  QueryReader reader;
  std::optional<uint32_t> page;
  RETURN_IF_ERROR(reader.ReadAll(request, IncidentParameters(), [&](const http::Field& parameter) {
    return ReadListParameter(parameter, page, query);
  }));
  if (reader.filter().event_types_size() > 0) {
    return WrongParameter(kEventTypes, "is no parameter: an incident has no type of event",
                          IncidentParameters());
  }
  RETURN_IF_ERROR(SetPage(page, query));
  *query.request.mutable_filter() = reader.filter();
  return query;
}

absl::StatusOr<v1::ListEventsRequest> ReadEventsQuery(const http::HttpRequest& request,
                                                      std::string_view incident_id) {
  v1::ListEventsRequest query;
  query.set_limit(kEventPageSize);
  QueryReader reader;
  RETURN_IF_ERROR(reader.ReadAll(request, EventParameters(), [&](const http::Field& parameter) {
    return ReadEventParameter(parameter, query);
  }));
  if (reader.filter().incident_ids_size() > 0) {
    return WrongParameter("incident_ids", "is no parameter: the path has the incident",
                          EventParameters());
  }
  *query.mutable_filter() = reader.filter();
  query.mutable_filter()->add_incident_ids(std::string(incident_id));
  return query;
}

std::string PageToken(uint32_t page, std::string_view hub_token) {
  return hub_token.empty() ? "" : absl::StrCat(page, ".", ToAbsl(hub_token));
}

}  // namespace tocsin::bridge
