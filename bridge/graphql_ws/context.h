// context.h: what the GraphQL sessions of one worker share.
//
// Threads: a worker's.
// Owns:    the forms' table, and what was rendered for several sessions.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "bridge/graphql/event_messages.h"
#include "bridge/graphql/request.h"
#include "bridge/graphql/schema.h"
#include "bridge/graphql_ws/event_tails.h"
#include "bridge/graphql_ws/form_table.h"
#include "bridge/graphql_ws/next_frames.h"
#include "bridge/ws/session_context.h"
#include "core/auth/subject.h"

namespace tocsin::bridge::graphql_ws {

// The client's first message is due by then: as long as the protocol's own servers wait.
inline constexpr absl::Duration kInitTimeout = absl::Seconds(3);

// Tails and the frames made of them: plain, and compressed where compression is on.
struct Rendered {
  Rendered(graphql::EventMessages& messages, ws::Deflater* deflater)
      : tails(messages, deflater), frames(tails) {}

  EventTails tails;
  NextFrames frames;
};

struct Context {
  // Executes a query or a mutation for a subject (bridge/graphql/executor.h); `done` may be called
  // on any thread.
  using Execute =
      std::function<void(const SubjectPtr& subject, std::shared_ptr<const graphql::Prepared>,
                         absl::AnyInvocable<void(std::string)> done)>;

  // `parsed`: the worker's.
  Context(ws::SessionContext& shared_context, graphql::EventMessages& parsed, Execute execute_by)
      : shared(shared_context), execute(std::move(execute_by)), messages(parsed) {
    if (shared.compression != nullptr) {
      deflater = std::make_unique<ws::Deflater>();
      deflated = std::make_unique<Rendered>(messages, deflater.get());
    }
  }

  ws::SessionContext& shared;
  const Execute execute;
  const graphql::Schema& schema = graphql::Schema::Tocsin();
  graphql::EventMessages& messages;
  FormTable forms = {};
  Rendered plain = Rendered(messages, nullptr);
  std::unique_ptr<ws::Deflater> deflater = {};
  std::unique_ptr<Rendered> deflated = {};  // null: compression is off
  std::string batch = {};                   // of a write that serves one session alone
};

}  // namespace tocsin::bridge::graphql_ws
