// graphql_fixture.h: operations that are prepared, and what the tests say of results.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "bridge/graphql/request.h"
#include "bridge/graphql/result_writer.h"
#include "bridge/graphql/selection_plan.h"
#include "core/event/time_proto.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::bridge::graphql::testing {

namespace json = boost::json;

inline constexpr char kIncidentId[] = "0190a000-0000-7000-8000-0000000000aa";
inline constexpr char kOtherId[] = "0190a000-0000-7000-8000-0000000000bb";
inline constexpr char kEventId[] = "0190a000-0000-7000-8000-000000000001";

inline Request RequestOf(std::string_view query, std::string_view variables = "{}",
                         std::string_view extensions = "{}") {
  Request request;
  request.query = std::string(query);
  request.variables = json::parse(std::string(variables)).as_object();
  request.extensions = json::parse(std::string(extensions)).as_object();
  return request;
}

inline std::shared_ptr<const Prepared> Ready(Request request) {
  auto prepared = Prepare(Schema::Tocsin(), std::move(request));
  if (const auto* errors = std::get_if<Errors>(&prepared)) {
    ADD_FAILURE() << errors->front().message;
    return nullptr;
  }
  return std::get<std::shared_ptr<const Prepared>>(prepared);
}
inline std::shared_ptr<const Prepared> Ready(std::string_view query,
                                             std::string_view variables = "{}",
                                             std::string_view extensions = "{}") {
  return Ready(RequestOf(query, variables, extensions));
}

inline std::unique_ptr<const SelectionPlan> PlanOf(std::string_view query,
                                                   std::string_view variables = "{}") {
  auto plan = PlanSelections(Schema::Tocsin(), *Ready(query, variables));
  return std::get<std::unique_ptr<const SelectionPlan>>(std::move(plan));
}

inline v1::Event SampleEvent(v1::EventType type = v1::EVENT_TYPE_INCIDENT_CREATED) {
  v1::Event event;
  event.set_id(kEventId);
  event.set_epoch(0xabcdef);
  event.set_sequence(7);
  event.mutable_time()->set_seconds(1'700'000'000);
  event.mutable_time()->set_nanos(123'456'000);
  event.set_type(type);
  event.set_priority(v1::PRIORITY_HIGH);
  event.set_actor("alice");
  v1::Incident& incident = *event.mutable_incident();
  incident.set_id(kIncidentId);
  incident.set_severity(v1::SEVERITY_P0);
  incident.set_state(v1::INCIDENT_STATE_DETECTED);
  incident.set_title("the \"db\" is down");
  incident.set_source("monitor");
  return event;
}

}  // namespace tocsin::bridge::graphql::testing
