#include "bridge/events/event_caller.h"

#include <variant>

#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/stream/reads_log.h"

namespace tocsin::bridge {

absl::Status EventCaller::Enter(const EventQuery& query, const Window& window) {
  const bool returns = query.start.has_value() && std::holds_alternative<Cursor>(*query.start);
  if (ticket != nullptr && !ticket->MayBegin(returns)) {
    return http::NewcomersWait();
  }
  if (limits == nullptr || Planted("stream-not-counted")) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(*share, limits->Open(*subject, {Held::kConnection, Held::kSubscription}));
  if (query.snapshot) {
    RETURN_IF_ERROR(share->Take(Held::kSnapshot));
  } else if (ReadsLog(window, query.start)) {
    RETURN_IF_ERROR(share->Take(Held::kReplay));
  }
  return absl::OkStatus();
}

}  // namespace tocsin::bridge
