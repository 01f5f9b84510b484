// session_explanation.h: a subscriber's report as Explain tells it, for hub and bridge alike.
//
// Threads: pure.
#pragma once

#include "core/base/clock.h"
#include "core/stream/subscriber_report.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin {

// Adds what the engine knows: where the subscriptions stand, in the report's order, what was sent
// last, and what waits. Their ids are the transport's to set.
void FillSession(const SubscriberReport& report, Clock& clock, v1::SessionExplanation& session);

// Tells a subscription's filter.
void SetFilter(const Filter& filter, v1::SubscriptionExplanation& to);

}  // namespace tocsin
