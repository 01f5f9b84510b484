#include "hub/service/explanations.h"

#include <deque>
#include <future>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/text.h"
#include "core/event/wire.h"
#include "hub/incidents.h"
#include "hub/query/event_queries.h"
#include "hub/service/hub_shard.h"
#include "hub/slice_reader.h"

namespace tocsin::hub {
namespace {

constexpr size_t kSliceEvents = 256;
constexpr size_t kSliceBytes = 4 * limits::kMiB;

// Of the listing of events, each of which looks at a bounded part of the log.
constexpr size_t kMaxCalls = 10;

absl::Status Busy() {
  return MakeError(ErrorCode::kRateLimitExceeded, "the hub has many other events to explain",
                   {.retry_after = absl::Seconds(1)});
}

absl::Status UnknownSession(std::string_view id) {
  return MakeError(
      ErrorCode::kNotFound,
      absl::StrCat("session_id: no live session ", Quote(id), " is known here; it may have ended"),
      {.field = "session_id"});
}

// Says that it was the permission, and not what that asks for.
void AddStopped(v1::Explanation& explanation) {
  explanation.set_matches(false);
  v1::FieldExplanation& field = *explanation.add_fields();
  field.set_field("permission");
  field.set_matches(false);
  field.set_reason("the token's permission does not let this event through");
}

// The explanations of the newest events, as many as may be answered.
class Newest {
 public:
  explicit Newest(const ExplainLast& last) : last_(last) {}

  void Add(v1::Explanation explanation) {
    response_.set_looked_at(response_.looked_at() + 1);
    response_.set_matching(response_.matching() + (explanation.matches() ? 1 : 0));
    const bool shown = last_.show == v1::ExplainRequest::SHOW_UNSPECIFIED ||
                       (last_.show == v1::ExplainRequest::SHOW_MATCHING) == explanation.matches();
    if (!shown) {
      return;
    }
    bytes_ += explanation.ByteSizeLong();
    kept_.push_front(std::move(explanation));
    for (; bytes_ > Explanations::kMaxBytes; kept_.pop_back()) {
      bytes_ -= kept_.back().ByteSizeLong();
      response_.set_left_out(response_.left_out() + 1);
    }
  }

  v1::ExplainResponse Take() {
    for (v1::Explanation& explanation : kept_) {
      *response_.add_explanations() = std::move(explanation);
    }
    return std::move(response_);
  }

 private:
  const ExplainLast last_;
  v1::ExplainResponse response_;
  std::deque<v1::Explanation> kept_;  // the newest first
  size_t bytes_ = 0;
};

// Reads after the place so many before the end. What retention or damage took is not looked at.
SliceReader::Reading ReadingOfLast(const Log& log, const Window& window, size_t events) {
  const LogExtent extent = log.extent();
  const Sequence end = std::min(window.view().head.sequence, extent.latest.sequence);
  const Sequence after = end > events ? end - events : 0;
  SliceReader::Reading reading;
  reading.begun = true;
  reading.place =
      after > extent.earliest.sequence ? log.epochs().PlaceAfter(after) : extent.earliest;
  return reading;
}

// Its own subject's, or anyone's to an administrator.
bool IsOpenTo(const LiveSession& session, const Subject& caller) {
  const SubjectPtr subject = session.subject();
  const bool own =
      subject != nullptr && subject->name == caller.name && subject->issuer == caller.issuer;
  return own || caller.permission.MayAdminister() || Planted("explain-session-of-others");
}

// Waits for the shard's thread. Nothing when it has no such stream that the caller may see.
std::optional<v1::SessionExplanation> Ask(HubShard& shard, const std::string& id,
                                          const Subject& caller) {
  std::promise<std::optional<v1::SessionExplanation>> told;
  shard.engine().Post([&] {
    const LiveSession* const session = shard.engine().sessions().Find(id);
    const bool tells = session != nullptr && IsOpenTo(*session, caller);
    told.set_value(tells ? std::optional(session->Explain()) : std::nullopt);
  });
  return told.get_future().get();
}

}  // namespace

void Explanations::Explain(v1::ExplainRequest& request, SubjectPtr caller, Answer answer) {
  if (const absl::Status open = admission_.CheckOpen(); !open.ok()) {
    return answer(open);
  }
  absl::StatusOr<Explaining> explaining = ReadExplainRequest(request);
  if (!explaining.ok()) {
    return answer(explaining.status());
  }
  auto shared = std::make_shared<Answer>(std::move(answer));
  TaskThread::Task task = [this, shared, caller = std::move(caller),
                           explaining = *std::move(explaining)] {
    (*shared)(Make(explaining, *caller));
  };
  if (!thread_.Run(task)) {
    (*shared)(Busy());
  }
}

Explanations::Outcome Explanations::Make(const Explaining& explaining,
                                         const Subject& caller) const {
  if (const auto* session = std::get_if<ExplainSession>(&explaining.what)) {
    return OfSession(session->id, caller);
  }
  RETURN_IF_ERROR(caller.permission.CheckSubscribe());
  const FilterPtr& permission = caller.permission.filter();
  if (const auto* event = std::get_if<v1::Event>(&explaining.what)) {
    return OfEvent(explaining.explainer, *event, permission);
  }
  const auto& last = std::get<ExplainLast>(explaining.what);
  return permission == Filter::MatchAll() || Planted("explain-last-of-all")
             ? OfLast(explaining.explainer, last)
             : OfLastAllowed(explaining.explainer, last, permission);
}

Explanations::Outcome Explanations::OfEvent(const Explainer& explainer, v1::Event event,
                                            const FilterPtr& permission) const {
  // Whether it may be published does not matter here: it may be one that was.
  IncidentCache nothing;
  RETURN_IF_ERROR(Incidents(log_, nothing, permission)
                      .Complete(event, clock_.Now(), FieldPath("event"))
                      .status());
  v1::ExplainResponse response;
  v1::Explanation& explanation = *response.add_explanations();
  explanation = explainer.Explain(event);
  if (!permission->Matches(EventFacts::Of(event)) && !Planted("explain-hides-permission")) {
    AddStopped(explanation);
  }
  response.set_looked_at(1);
  response.set_matching(explanation.matches() ? 1 : 0);
  return response;
}

Explanations::Outcome Explanations::OfLast(const Explainer& explainer,
                                           const ExplainLast& last) const {
  const SliceReader slices(log_, window_);
  SliceReader::Reading reading = ReadingOfLast(log_, window_, last.events);
  Newest newest(last);
  for (size_t looked_at = 0; looked_at < last.events;) {
    const LogSlice slice =
        slices.Read(reading, std::min(kSliceEvents, last.events - looked_at), kSliceBytes);
    RETURN_IF_ERROR(slice.status);
    for (const EventPtr& record : slice.events) {
      ASSIGN_OR_RETURN(const v1::Event event, DecodeEventField(record->payload));
      newest.Add(explainer.Explain(event));
    }
    looked_at += slice.events.size();
    if (slice.events.empty() && !slice.gap) {
      break;
    }
  }
  return newest.Take();
}

// Hidden events are passed over, as if the log did not have them.
Explanations::Outcome Explanations::OfLastAllowed(const Explainer& explainer,
                                                  const ExplainLast& last,
                                                  const FilterPtr& permission) const {
  const EventQueries events(log_);
  EventListing listing{.filter = permission, .to = window_.view().head, .newest_first = true};
  std::vector<v1::Event> found;  // the newest first
  size_t calls = 0;
  do {
    listing.limit = last.events - found.size();
    ASSIGN_OR_RETURN(v1::ListEventsResponse page, events.List(listing));
    std::move(page.mutable_events()->begin(), page.mutable_events()->end(),
              std::back_inserter(found));
    listing.page_token = page.next_page_token();
  } while (found.size() < last.events && !listing.page_token.empty() && ++calls < kMaxCalls);
  Newest newest(last);
  for (auto event = found.rbegin(); event != found.rend(); ++event) {
    newest.Add(explainer.Explain(*event));
  }
  return newest.Take();
}

Explanations::Outcome Explanations::OfSession(const std::string& id, const Subject& caller) const {
  for (HubShard* const shard : shards_) {
    if (std::optional<v1::SessionExplanation> session = Ask(*shard, id, caller)) {
      v1::ExplainResponse response;
      response.mutable_session()->Swap(&*session);
      return response;
    }
  }
  return UnknownSession(id);
}

}  // namespace tocsin::hub
