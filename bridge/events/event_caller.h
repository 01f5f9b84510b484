// event_caller.h: who is given the events of a stream, and until when.
//
// Threads: values.
#pragma once

#include "absl/time/time.h"
#include "bridge/http/caller_gate.h"
#include "core/auth/authenticator.h"
#include "core/auth/subject.h"
#include "core/http/message.h"

namespace tocsin::bridge {

struct EventCaller {
  static EventCaller Of(const http::HttpRequest& request, const Authenticator& authenticator) {
    const SubjectPtr& subject = SubjectOf(request);
    return {.subject = subject, .ends = authenticator.EndOf(*subject)};
  }

  SubjectPtr subject;
  absl::Time ends;  // the token's end, with the leeway
};

}  // namespace tocsin::bridge
