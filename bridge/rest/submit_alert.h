// submit_alert.h: POST /v1/alerts: one alert in Tocsin's own JSON.
//
// Shape:   the alert's fields of docs/protocol.md, section 1, those that are a client's to set;
//          then the alert intake. With an Idempotency-Key the alert's id is derived from it, unless
//          the body gives one: the same key with another body is the hub's CONFLICT.
// Threads: on the worker only the headers are looked at; the rest is done by HubCalls' thread.
// Errors:  the table's, with the field as the body has it ("severity").
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "bridge/alerts/alert_intake.h"
#include "bridge/upstream/hub_calls.h"
#include "core/http/route_table.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::bridge {

http::Handler SubmitAlert(HubCalls& calls, AlertIntake& alerts);

// What a body submits, of GraphQL's too.
absl::StatusOr<v1::SubmitAlertRequest> ReadAlertSubmission(const boost::json::value& body,
                                                           const std::optional<std::string>& key);

}  // namespace tocsin::bridge
