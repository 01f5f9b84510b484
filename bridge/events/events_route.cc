#include "bridge/events/events_route.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bridge/events/event_format.h"
#include "bridge/events/event_query.h"
#include "bridge/events/event_stream.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/uuid.h"
#include "core/http/problem.h"

namespace tocsin::bridge {
namespace {

// By which the stream can be explained (POST /v1/explain).
constexpr char kSessionField[] = "Tocsin-Session";
constexpr absl::Duration kComeBackAfter = absl::Seconds(1);

http::HttpResponse StreamHead(EventFormat format) {
  return {.status = 200,
          .content_type = std::string(ContentTypeOf(format)),
          .body = "",
          .fields = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}}};
}

http::HttpResponse ComeBack(EventFormat format, const absl::Status& why) {
  if (format != EventFormat::kServerSent) {
    return http::ProblemResponse(why);
  }
  http::HttpResponse response = StreamHead(format);
  AppendClosing(response.body, format, RowOf(ErrorCodeOf(why)).name, ToStd(why.message()),
                ErrorDetailsOf(why).retry_after);
  return response;
}

void Begin(Worker& worker, EventFormat format, const EventQuery& query, const EventCaller& caller,
           http::Responder responder) {
  const std::string id = NewUuid(worker.clock().Now());
  http::HttpResponse head = StreamHead(format);
  head.fields.push_back({kSessionField, id});
  std::move(responder).Stream(std::move(head), [&](http::ResponseStream& out) {
    EventStreams& streams = worker.streams();
    return std::make_unique<EventStream>(
        streams, out, format == EventFormat::kServerSent ? streams.server_sent : streams.json_lines,
        query, caller, id);
  });
}

// Only the engine knows whether its start can be given whole; a status must be known before.
void BeginIfWhole(Worker& worker, EventFormat format, EventQuery query, EventCaller caller,
                  http::Responder responder) {
  // Shared, so that it can still be answered where the check is refused.
  const auto shared = std::make_shared<std::optional<http::Responder>>(std::move(responder));
  const bool begun = worker.start_checks().Begin(
      query,
      [&worker, format, query, caller = std::move(caller), shared](const absl::Status& status) {
        http::Responder taken = *std::exchange(*shared, std::nullopt);
        if (status.ok()) {
          Begin(worker, format, query, caller, std::move(taken));
        } else {
          std::move(taken).Respond(http::ProblemResponse(AsResumeFrom(status)));
        }
      });
  if (!begun) {
    http::Responder taken = *std::exchange(*shared, std::nullopt);
    std::move(taken).Respond(http::ProblemResponse(MakeError(ErrorCode::kServiceUnavailable,
                                                             "too many starts are being looked for",
                                                             {.retry_after = kComeBackAfter})));
  }
}

void ServeEvents(const BridgeState& state, const Authenticator& authenticator, Worker& worker,
                 const http::HttpRequest& request, http::Responder responder) {
  const std::optional<EventFormat> format = AcceptedEventFormat(request);
  if (!format.has_value()) {
    return std::move(responder).Respond(http::ProblemResponse(http::Refusal{
        406,
        "events are served as text/event-stream and application/x-ndjson: Accept must have "
        "one of them"}));
  }
  absl::StatusOr<EventQuery> query = ReadEventQuery(request);
  if (!query.ok()) {
    return std::move(responder).Respond(http::ProblemResponse(query.status()));
  }
  if (const auto why = WhyNotReady(state)) {
    return std::move(responder).Respond(ComeBack(*format, *why));
  }
  EventCaller caller = EventCaller::Of(request, authenticator);
  if (const absl::Status entered = caller.Enter(*query, worker.sessions().window); !entered.ok()) {
    const bool full = ErrorCodeOf(entered) == ErrorCode::kServiceUnavailable;
    return std::move(responder).Respond(full ? ComeBack(*format, entered)
                                             : http::ProblemResponse(entered));
  }
  query->filter = caller.subject->permission.Narrow(query->filter);
  if (query->notify_on_gap || !query->start.has_value()) {
    Begin(worker, *format, *query, caller, std::move(responder));
  } else {
    BeginIfWhole(worker, *format, *std::move(query), std::move(caller), std::move(responder));
  }
}

}  // namespace

http::Handler EventsHandler(const RouteSources& sources, Worker& worker) {
  return [&state = sources.state, &authenticator = sources.authenticator, &worker](
             http::HttpRequest& request, http::Responder responder) {
    ServeEvents(state, authenticator, worker, request, std::move(responder));
  };
}

}  // namespace tocsin::bridge
