#include "bridge/rest/narrowed_explanation.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/base/planted.h"
#include "core/event/error.h"
#include "core/event/text.h"

namespace tocsin::bridge {
namespace {

// The hub knows the permission as the last of the filters that are required.
void NamePermission(int first, v1::ExplainResponse& response) {
  for (v1::Explanation& explanation : *response.mutable_explanations()) {
    for (v1::FieldExplanation& field : *explanation.mutable_fields()) {
      for (int i = first; i < static_cast<int>(limits::kRequiredFilters); ++i) {
        const std::string path = absl::StrCat("require[", i, "]");
        field.set_field(absl::StrReplaceAll(field.field(), {{path, "permission"}}));
        field.set_reason(absl::StrReplaceAll(field.reason(), {{path, "the permission"}}));
      }
    }
  }
}

absl::Status TooManyFilters(int given, size_t of_permission) {
  return FieldError(ErrorCode::kInvalidFilter, "require", absl::StrCat("has ", given, " filters"),
                    {absl::StrCat("at most ", limits::kRequiredFilters - of_permission,
                                  " filters beside the token's permission")});
}

}  // namespace

NarrowedExplanation::NarrowedExplanation(HubCalls& calls, const SubjectPtr& caller,
                                         v1::ExplainRequest request, Explainer explainer, Done done)
    : calls_(calls, caller),
      request_(std::move(request)),
      explainer_(std::move(explainer)),
      done_(std::move(done)) {}

void NarrowedExplanation::Start() {
  const Filter& permission = *calls_.permission().filter();
  if (static_cast<size_t>(request_.require_size()) + permission.clauses().size() >
      limits::kRequiredFilters) {
    return done_(TooManyFilters(request_.require_size(), permission.clauses().size()));
  }
  if (!request_.has_event()) {
    return ListMore("");
  }
  if (!Planted("rest-explains-hidden")) explainer_.Require(permission);
  request_.event().incident().id().empty() ? ExplainEvent() : CompleteEvent();
}

// ---- the last events ----

void NarrowedExplanation::ListMore(std::string page_token) {
  v1::ListEventsRequest list;
  list.set_newest_first(true);
  list.set_limit(request_.last() - response_.looked_at());
  list.set_page_token(std::move(page_token));
  calls_.ListEvents(std::move(list), [self = shared_from_this()](
                                         const absl::StatusOr<v1::ListEventsResponse>& page) {
    page.ok() ? self->OnPage(*page) : self->done_(page.status());
  });
}

void NarrowedExplanation::OnPage(const v1::ListEventsResponse& page) {
  for (const v1::Event& event : page.events()) {
    Add(explainer_.Explain(event));
  }
  if (page.next_page_token().empty() || response_.looked_at() >= request_.last() ||
      calls_.time_is_over()) {
    return done_(std::move(response_));
  }
  ListMore(page.next_page_token());
}

void NarrowedExplanation::Add(v1::Explanation explanation) {
  response_.set_looked_at(response_.looked_at() + 1);
  response_.set_matching(response_.matching() + (explanation.matches() ? 1 : 0));
  if (request_.show() != v1::ExplainRequest::SHOW_UNSPECIFIED &&
      (request_.show() == v1::ExplainRequest::SHOW_MATCHING) != explanation.matches()) {
    return;
  }
  bytes_ += explanation.ByteSizeLong();
  if (bytes_ > kMaxBytes) {
    return response_.set_left_out(response_.left_out() + 1);
  }
  *response_.add_explanations() = std::move(explanation);
}

// ---- an event of the request ----

void NarrowedExplanation::CompleteEvent() {
  calls_.Get(
      request_.event().incident().id(),
      [self = shared_from_this()](const absl::StatusOr<v1::GetIncidentResponse>& seen) {
        if (!seen.ok()) {
          return ErrorCodeOf(seen.status()) == ErrorCode::kNotFound ? self->ExplainEvent()
                                                                    : self->done_(seen.status());
        }
        self->calls_.Explain(self->request_, [self](absl::StatusOr<v1::ExplainResponse> response) {
          if (response.ok()) {
            NamePermission(self->request_.require_size(), *response);
          }
          self->done_(std::move(response));
        });
      });
}

void NarrowedExplanation::ExplainEvent() {
  Add(explainer_.Explain(request_.event()));
  done_(std::move(response_));
}

}  // namespace tocsin::bridge
