#include "bridge/graphql/http/graphql_routes.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "bridge/graphql/http/http_answer.h"
#include "bridge/graphql/http/http_request.h"
#include "bridge/graphql/http/parts_form.h"
#include "bridge/graphql/input_words.h"
#include "bridge/graphql/request.h"
#include "bridge/graphql/schema.h"
#include "bridge/graphql/subscription.h"
#include "bridge/http/api_docs.h"
#include "bridge/http/derived_id.h"
#include "bridge/rest/entity_tag.h"
#include "core/event/error.h"
#include "core/event/limits.h"
#include "core/event/uuid.h"
#include "core/http/problem.h"

namespace tocsin::bridge::graphql {
namespace {

using http::HttpRequest;
using http::HttpResponse;
using http::Responder;
using PreparedPtr = std::shared_ptr<const Prepared>;

constexpr char kPattern[] = "/graphql";
// By which a stream can be explained (POST /v1/explain), as those of /v1/events.
constexpr char kSessionField[] = "Tocsin-Session";

// One request to /graphql, until it is executed or its stream begins.
struct Asked {
  ExecutionSources sources;
  EventCaller caller;
  AnswerWanted wanted;
  Responder responder;

  AnswerType type() const { return wanted.answer.value_or(AnswerType::kGraphqlResponse); }
  absl::Time now() const { return sources.clock.Now(); }
  void Answer(HttpResponse response) && { std::move(responder).Respond(std::move(response)); }
};

HttpResponse NotAcceptable() {
  return http::ProblemResponse(http::Refusal{
      406,
      "GraphQL is answered as application/graphql-response+json and application/json, "
      "subscriptions as multipart/mixed;subscriptionSpec=\"1.0\": Accept must have one of them"});
}

Error OnlyAsParts() {
  return {.message =
              "a subscription is answered in parts: send Accept: "
              "multipart/mixed;subscriptionSpec=\"1.0\", or open a WebSocket at /graphql/ws",
          .code = kBadUserInput};
}

HttpResponse OnlyByPost(const Asked& asked) {
  HttpResponse response =
      BadRequestResponse(asked.type(), 405,
                         {.message = "GET is for queries: send mutations and subscriptions by POST",
                          .code = kBadUserInput},
                         asked.now());
  response.fields.push_back({"Allow", "POST"});
  return response;
}

void RunOperation(Asked asked, PreparedPtr prepared) {
  if (!asked.wanted.answer.has_value()) {
    return std::move(asked).Answer(NotAcceptable());
  }
  HubCalls& calls = asked.sources.calls;
  calls.Run([sources = asked.sources, subject = std::move(asked.caller.subject),
             type = asked.type(), prepared = std::move(prepared),
             responder = std::move(asked.responder)]() mutable {
    Execute(sources, std::move(subject), std::move(prepared),
            [type, responder = std::move(responder)](std::string result) mutable {
              std::move(responder).Respond(ResultResponse(type, std::move(result)));
            });
  });
}

// What the request is, once it has been read.
using Read = std::variant<Request, Error>;

std::optional<PreparedPtr> PrepareOrAnswer(Asked& asked, Read read) {
  if (Error* const error = std::get_if<Error>(&read)) {
    std::move(asked).Answer(BadRequestResponse(asked.type(), 400, std::move(*error), asked.now()));
    return std::nullopt;
  }
  auto prepared = Prepare(Schema::Tocsin(), std::move(std::get<Request>(read)));
  if (const Errors* const errors = std::get_if<Errors>(&prepared)) {
    std::move(asked).Answer(ErrorsResponse(asked.type(), *errors, asked.now()));
    return std::nullopt;
  }
  return std::move(std::get<PreparedPtr>(prepared));
}

// ---- subscriptions ----

using SubscriptionPtr = std::shared_ptr<const Subscription>;

EventQuery QueryOf(const Subscription& subscription) {
  return {.filter = subscription.filter(),
          .start = subscription.from(),
          .snapshot = subscription.snapshot(),
          .leaves = subscription.leaves()};
}

void Stream(Worker& worker, SubscriptionPtr subscription, const EventCaller& caller,
            Responder responder) {
  const std::string id = NewUuid(worker.clock().Now());
  HttpResponse head{.status = 200, .content_type = kPartsType};
  head.fields = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}, {kSessionField, id}};
  std::move(responder).Stream(std::move(head), [&](http::ResponseStream& out) {
    return std::make_unique<EventStream>(worker.streams(), out,
                                         std::make_shared<PartsForm>(worker.parts(), subscription),
                                         QueryOf(*subscription), caller, id);
  });
}

void Subscribe(const BridgeState& state, Worker& worker, Asked asked, const Prepared& prepared) {
  if (!asked.wanted.multipart) {
    return std::move(asked).Answer(ErrorsResponse(asked.type(), {OnlyAsParts()}, asked.now()));
  }
  auto planned = Subscription::Plan(prepared);
  if (const Errors* const errors = std::get_if<Errors>(&planned)) {
    return std::move(asked).Answer(ErrorsResponse(asked.type(), *errors, asked.now()));
  }
  if (const absl::Status allowed = asked.caller.subject->permission.CheckSubscribe();
      !allowed.ok()) {
    return std::move(asked).Answer(ErrorsResponse(asked.type(), {ErrorOf(allowed)}, asked.now()));
  }
  if (const auto why = WhyNotReady(state)) {
    return std::move(asked).Answer(http::ProblemResponse(*why));
  }
  const SubscriptionPtr& subscription = std::get<SubscriptionPtr>(planned);
  const absl::Status entered = asked.caller.Enter(QueryOf(*subscription), worker.sessions().window);
  if (!entered.ok()) {
    return std::move(asked).Answer(http::ProblemResponse(entered));
  }
  Stream(worker, subscription, asked.caller, std::move(asked.responder));
}

// ---- the routes ----

void Post(const BridgeState& state, Worker& worker, Asked asked, const HttpRequest& request) {
  const std::optional<PreparedPtr> prepared = PrepareOrAnswer(asked, ReadBody(request.body));
  if (!prepared.has_value()) {
    return;
  }
  if ((*prepared)->type() == OperationType::kSubscription) {
    return Subscribe(state, worker, std::move(asked), **prepared);
  }
  RunOperation(std::move(asked), *prepared);
}

void Get(Asked asked, const HttpRequest& request) {
  const std::optional<PreparedPtr> prepared = PrepareOrAnswer(asked, ReadQuery(request));
  if (!prepared.has_value()) {
    return;
  }
  if ((*prepared)->type() != OperationType::kQuery) {
    return std::move(asked).Answer(OnlyByPost(asked));
  }
  RunOperation(std::move(asked), *prepared);
}

// Calls `serve` with a request that HTTP has nothing against.
template <class Refuse, class Serve>
http::Handler Checked(const ExecutionSources& sources, const Authenticator& authenticator,
                      Refuse refuse, Serve serve) {
  return [sources, &authenticator, refuse, serve](HttpRequest& request, Responder responder) {
    if (auto refusal = refuse(request)) {
      return std::move(responder).Respond(*std::move(refusal));
    }
    const std::optional<AnswerWanted> wanted = WantedAnswer(request);
    if (!wanted.has_value()) {
      return std::move(responder).Respond(NotAcceptable());
    }
    serve({sources, EventCaller::Of(request, authenticator), *wanted, std::move(responder)},
          request);
  };
}

http::Handler SchemaText() {
  const std::string tag =
      absl::StrCat("\"", DerivedUuid("schema.graphql", {Schema::TocsinSdl()}), "\"");
  return http::AtOnce([tag](const HttpRequest& request) {
    HttpResponse response{.content_type = "application/graphql; charset=utf-8"};
    response.fields = {{"ETag", tag}, {"Cache-Control", "no-cache"}};
    if (HasTag(KnownTags(request), tag)) {
      response.status = 304;
    } else {
      response.body = std::string(Schema::TocsinSdl());
    }
    return response;
  });
}

}  // namespace

std::vector<http::Route> Routes(const ExecutionSources& sources, const RouteSources& bridge,
                                Worker& worker) {
  const BridgeState& state = bridge.state;
  const auto refusal = [&clock = sources.clock](const HttpRequest& request,
                                                const absl::Status& status) {
    const AnswerWanted wanted = WantedAnswer(request).value_or(AnswerWanted{});
    return BadRequestResponse(wanted.answer.value_or(AnswerType::kGraphqlResponse),
                              RowOf(ErrorCodeOf(status)).http, ErrorOf(status), clock.Now());
  };
  return {{.name = "graphql",
           .summary = "Executes a GraphQL operation.",
           .method = "POST",
           .pattern = kPattern,
           .max_body_bytes = limits::kClientMessageBytes,
           .access = http::Access::kToken,
           .refusal = refusal,
           .handler = Checked(sources, bridge.authenticator, RefuseMediaType,
                              [&state, &worker](Asked asked, const HttpRequest& request) {
                                Post(state, worker, std::move(asked), request);
                              }),
           .doc = GraphqlDoc()},
          {.name = "graphqlQuery",
           .summary = "Executes a GraphQL query.",
           .method = "GET",
           .pattern = kPattern,
           .access = http::Access::kToken,
           .refusal = refusal,
           .handler = Checked(sources, bridge.authenticator, RefuseCrossSite, Get),
           .doc = GraphqlQueryDoc()},
          {.name = "graphqlSchema",
           .summary = "The schema of GraphQL, in its own language.",
           .method = "GET",
           .pattern = "/graphql/schema.graphql",
           .access = http::Access::kAnyone,
           .handler = SchemaText(),
           .doc = GraphqlSchemaDoc()}};
}

}  // namespace tocsin::bridge::graphql
