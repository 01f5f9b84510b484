// alert_sources.h: the routes of alert senders that know nothing of Tocsin: Alertmanager,
// Prometheus, Grafana, PagerDuty's senders, OnCall's.
//
// Shape:   a route reads its format's body into alerts (alertmanager.h, pagerduty.h, oncall.h),
//          hands them to the intake, and answers in the words of its sender (alert_answers.h).
// Threads: on the worker nothing is read; bodies are read on HubCalls' thread, large ones on the
//          thread beside it.
// Source:  docs/alert-sources.md.
#pragma once

#include <vector>

#include "bridge/alerts/alert_intake.h"
#include "bridge/alerts/alert_mapping.h"
#include "bridge/metrics.h"
#include "bridge/upstream/hub_calls.h"
#include "core/base/clock.h"
#include "core/http/route_table.h"

namespace tocsin::bridge {

// What the routes use. Outlives them.
struct AlertSources {
  HubCalls& calls;
  AlertIntake& intake;
  const AlertMapping& mapping;
  Metrics& metrics;
  Clock& clock = Clock::Real();
};

std::vector<http::Route> AlertSourceRoutes(const AlertSources& sources);

}  // namespace tocsin::bridge
