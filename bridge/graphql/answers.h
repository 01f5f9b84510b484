// answers.h: what queries and mutations answer besides incidents.
//
// Shape:   each stands for an object of the schema; an AlertResult is a v1::SubmitAlertResponse.
// Threads: values, with pointers to what the hub answered.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tocsin/v1/hub.pb.h"

namespace tocsin::bridge::graphql {

// What Query.health tells.
struct HealthNow {
  std::string status;
  std::string hub;
  double uptime_seconds = 0;
};

struct IncidentPage {
  const v1::ListIncidentsResponse* response = nullptr;
  uint64_t page = 0;
  uint64_t page_size = 0;
};

struct IncidentResult {
  const v1::Incident* incident = nullptr;
  std::string_view event_id;  // empty: there was nothing to change
  std::string_view cursor;
  uint64_t sequence = 0;
  bool duplicate = false;
};

}  // namespace tocsin::bridge::graphql
