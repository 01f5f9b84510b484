#include "core/stream/session_explanation.h"

#include "core/event/time_proto.h"

namespace tocsin {

void SetFilter(const Filter& filter, v1::SubscriptionExplanation& to) {
  v1::SubscribeRequest asked;
  filter.AskFor(asked);
  to.mutable_filter()->Swap(asked.mutable_filter());
  to.mutable_require()->Swap(asked.mutable_require());
}

void FillSession(const SubscriberReport& report, Clock& clock, v1::SessionExplanation& session) {
  for (const SubscriptionReport& each : report.subscriptions) {
    v1::SubscriptionExplanation& subscription = *session.add_subscriptions();
    SetFilter(*each.filter, subscription);
    subscription.set_live(each.live);
    subscription.set_behind(each.behind);
    if (each.place.ordinary.epoch != 0) {
      subscription.set_cursor(FormatPlace(each.place));
    }
  }
  if (report.sent.ordinary.epoch != 0) {
    session.set_last_cursor(FormatPlace(report.sent));
    SetTimestamp(*session.mutable_last_sent_at(),
                 clock.Now() - (clock.Monotonic() - report.sent_at));
  }
  session.set_waiting_bytes(report.waiting_bytes);
}

}  // namespace tocsin
