#include "bridge/graphql/query_execution.h"

#include <algorithm>
#include <utility>

#include "bridge/graphql/incident_listing.h"
#include "bridge/graphql/input_words.h"
#include "bridge/graphql/introspection.h"
#include "core/event/error.h"

namespace tocsin::bridge::graphql {
namespace {

bool IsOfHub(const PlannedField& field) {
  return field.definition->name == "incident" || field.definition->name == "incidents";
}

bool NeedsHub(const RootResults& results) {
  for (size_t i = 0; i < results.size(); ++i) {
    if (IsOfHub(results.field(i))) return true;
  }
  return false;
}

std::string_view TextOf(const boost::json::value& value) {
  return {value.get_string().data(), value.get_string().size()};
}

}  // namespace

QueryExecution::QueryExecution(const ExecutionSources& sources, SubjectPtr subject,
                               std::unique_ptr<const SelectionPlan> plan, Done done)
    : sources_(sources),
      results_(std::move(plan)),
      done_(std::move(done)),
      calls_(sources_.calls, std::move(subject)) {}

void QueryExecution::Start() {
  if (NeedsHub(results_)) {
    sources_.calls.Run([self = shared_from_this()] { self->Begin(); });
  } else {
    Begin();
  }
}

void QueryExecution::Begin() {
  for (size_t i = 0; i < results_.size(); ++i) {
    Take(i);
  }
  waiting_ += incidents_.size() + pages_.size();
  for (const OfIncident& group : incidents_) {
    Ask(group);
  }
  for (const OfPage& group : pages_) {
    Ask(group);
  }
  OnCallEnd();
}

void QueryExecution::Take(size_t index) {
  const PlannedField& field = results_.field(index);
  const std::string& name = field.definition->name;
  if (field.is_typename()) {
    return;
  }
  if (field.arguments != nullptr && field.arguments->error.has_value()) {
    results_.Fail(index, *field.arguments->error);
  } else if (name == "incident") {
    TakeIncident(index);
  } else if (name == "incidents") {
    TakePage(index);
  } else if (!TellOfSchema(results_, index)) {
    const HealthNow health = sources_.health();
    results_.Set(index, &health);
  }
}

void QueryExecution::TakeIncident(size_t index) {
  const std::string id(TextOf(*results_.field(index).Argument("id")));
  auto group = std::ranges::find(incidents_, id, &OfIncident::id);
  if (group == incidents_.end()) {
    group = incidents_.insert(group, {.id = id, .fields = {}});
  }
  group->fields.push_back(index);
}

void QueryExecution::TakePage(size_t index) {
  absl::StatusOr<IncidentListing> listing = ReadIncidentListing(results_.field(index));
  if (!listing.ok()) {
    return results_.Fail(index, ErrorOf(listing.status()));
  }
  const bool with_history = std::exchange(listing->with_history, false);
  const std::string key = listing->request.SerializeAsString();
  auto group = std::ranges::find_if(pages_, [&](const OfPage& page) { return page.key == key; });
  if (group == pages_.end()) {
    group = pages_.insert(
        group,
        {.key = key, .request = std::move(listing->request), .page = listing->page, .fields = {}});
  }
  group->request.set_with_history(group->request.with_history() || with_history);
  group->fields.push_back(index);
}

void QueryExecution::Ask(const OfIncident& group) {
  calls_.Get(group.id, [self = shared_from_this(),
                        &group](const absl::StatusOr<v1::GetIncidentResponse>& response) {
    for (const size_t index : group.fields) {
      if (response.ok()) {
        self->results_.Set(index, &response->incident());
      } else if (ErrorCodeOf(response.status()) == ErrorCode::kNotFound) {
        self->results_.Set(index, std::nullopt);
      } else {
        self->results_.Fail(index, ErrorOf(response.status()));
      }
    }
    self->OnCallEnd();
  });
}

void QueryExecution::Ask(const OfPage& group) {
  calls_.List(group.request, [self = shared_from_this(),
                              &group](const absl::StatusOr<v1::ListIncidentsResponse>& response) {
    for (const size_t index : group.fields) {
      if (!response.ok()) {
        self->results_.Fail(index, ErrorOf(response.status()));
        continue;
      }
      const IncidentPage page{
          .response = &*response, .page = group.page, .page_size = group.request.page_size()};
      self->results_.Set(index, &page);
    }
    self->OnCallEnd();
  });
}

void QueryExecution::OnCallEnd() {
  if (--waiting_ == 0) {
    done_(results_.Text(sources_.clock.Now()));
  }
}

}  // namespace tocsin::bridge::graphql
