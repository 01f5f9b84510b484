// event_caller.h: who is given the events of a stream, and until when.
//
// Shape:   before its stream begins, a caller takes what the stream needs of what its subject may
//          have open; the stream gives it back.
// Threads: values; the share is the stream's thread's.
// Errors:  of Enter: as the subject's limits'; SERVICE_UNAVAILABLE where only those who come back are
//          let in.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/events/event_query.h"
#include "bridge/http/caller_gate.h"
#include "core/auth/authenticator.h"
#include "core/auth/subject.h"
#include "core/auth/subject_limits.h"
#include "core/http/message.h"
#include "core/stream/window.h"

namespace tocsin::bridge {

struct EventCaller {
  static EventCaller Of(const http::HttpRequest& request, const Authenticator& authenticator) {
    const SubjectPtr& subject = SubjectOf(request);
    return {.subject = subject,
            .ends = authenticator.EndOf(*subject),
            .limits = &authenticator.limits(),
            .ticket = request.ticket};
  }

  absl::Status Enter(const EventQuery& query, const Window& window);

  SubjectPtr subject;
  absl::Time ends;                  // the token's end, with the leeway
  SubjectLimits* limits = nullptr;  // null: nothing is counted
  // Of the connection, until the handler returns; null where none is counted.
  http::ConnectionLimits::Ticket* ticket = nullptr;
  std::shared_ptr<SubjectLimits::Share> share = std::make_shared<SubjectLimits::Share>();
};

}  // namespace tocsin::bridge
