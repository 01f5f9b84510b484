// pagerduty.h: PagerDuty's Events API v2: an alert event (trigger, acknowledge, resolve), and a
// change event, which becomes a system_event.
//
// Shape:   an alert is told by routing key and dedup_key, as PagerDuty does it. A trigger without
//          dedup_key is given one made of its body, so that a retry of it is the same alert. The
//          routing key is a secret: only a hash of it goes into fingerprint and id. Events count in
//          the order in which they come, as they do at PagerDuty: payload.timestamp is kept as an
//          annotation, since by a sender's clock a resolve could be older than its trigger.
// Threads: pure.
// Errors:  all of an event's, one sentence each, as PagerDuty answers them; none tells a routing
//          key.
// Source:  docs/alert-sources.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bridge/alerts/alert_batch.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::bridge {

// As long as PagerDuty allows them.
inline constexpr size_t kDedupKeyChars = 255;

struct PagerDutyAlert {
  v1::SubmitAlertRequest request;
  std::string dedup_key;
  std::vector<std::string> errors;  // when there are any, the rest is unusable
};

// `routing_key`: of the request's header, for a body that has none; may be empty.
PagerDutyAlert ReadPagerDutyAlert(std::string_view body, std::string_view routing_key,
                                  const AlertReading& reading);

struct PagerDutyChange {
  v1::Event event;
  std::vector<std::string> errors;
};

PagerDutyChange ReadPagerDutyChange(std::string_view body, std::string_view routing_key);

}  // namespace tocsin::bridge
