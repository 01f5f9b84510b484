#include "bridge/graphql/incident_listing.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "bridge/graphql/input_words.h"
#include "bridge/rest/incident_query.h"
#include "core/base/status_macros.h"
#include "core/event/filter.h"
#include "core/event/json_reader.h"
#include "core/event/text.h"

namespace tocsin::bridge::graphql {
namespace {

namespace json = boost::json;

// An argument that is null is as if left out.
int64_t NumberOf(const json::object& words, std::string_view name, int64_t usual) {
  const json::value* const given = words.if_contains({name.data(), name.size()});
  return given == nullptr || given->is_null() ? usual : given->as_int64();
}

absl::Status SetPage(const json::object& words, IncidentListing& listing) {
  const int64_t size = NumberOf(words, "page_size", kIncidentPageSize);
  if (size < 1 || size > kMaxPageSize) {
    return FieldError(ErrorCode::kInvalidMessage, "page_size", absl::StrCat("is ", size),
                      {absl::StrCat("1 to ", kMaxPageSize)});
  }
  const int64_t last = kMaxSkipped / size + 1;
  const int64_t page = NumberOf(words, "page", 1);
  if (page < 1 || page > last) {
    return FieldError(ErrorCode::kInvalidMessage, "page", absl::StrCat("is ", page),
                      {absl::StrCat("1 to ", last, " of this pageSize")});
  }
  listing.page = static_cast<uint64_t>(page);
  listing.request.set_page_size(static_cast<uint32_t>(size));
  listing.request.set_skip(static_cast<uint32_t>((page - 1) * size));
  return absl::OkStatus();
}

absl::Status SetFilter(const json::object& words, v1::ListIncidentsRequest& request) {
  const json::value* const filter = words.if_contains("filter");
  if (filter == nullptr || filter->is_null()) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(*request.mutable_filter(), ReadJsonFilter(*filter, "filter"));
  // The hub, which may be away, is not asked for nothing.
  return Filter::Compile(request.filter(), "filter").status();
}

void SetOrder(const json::object& words, v1::ListIncidentsRequest& request) {
  const json::value* const order = words.if_contains("order");
  v1::IncidentOrder by = v1::INCIDENT_ORDER_UPDATED_AT;
  if (order != nullptr && order->is_string()) {
    (void)v1::IncidentOrder_Parse(order->get_string().c_str(), &by);
  }
  const json::value* const ascending = words.if_contains("ascending");
  request.set_order(by);
  request.set_ascending(ascending != nullptr && ascending->is_bool() && ascending->get_bool());
}

bool SelectsHistory(const SelectionPlan& page) {
  return std::ranges::any_of(page.fields, [](const PlannedField& field) {
    return field.definition->name == "items" &&
           (field.selections->Selects("timeline") || field.selections->Selects("notes") ||
            field.selections->Selects("alerts"));
  });
}

}  // namespace

absl::StatusOr<IncidentListing> ReadIncidentListing(const PlannedField& field) {
  const json::object words = InContractWords(field.definition->arguments, field.arguments->values);
  IncidentListing listing;
  RETURN_IF_ERROR(SetPage(words, listing));
  RETURN_IF_ERROR(SetFilter(words, listing.request));
  SetOrder(words, listing.request);
  listing.request.set_whole(true);
  listing.with_history = SelectsHistory(*field.selections);
  return listing;
}

}  // namespace tocsin::bridge::graphql
