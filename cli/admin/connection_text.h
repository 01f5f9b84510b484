// connection_text.h: connections as a table for people, and as JSON for programs.
//
// Threads: pure.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "tocsin/v1/admin.pb.h"

namespace tocsin::cli {

// One line each, with a head. What came from elsewhere is cleaned.
std::string ConnectionsText(const v1::ListConnectionsResponse& response, absl::Time now);
std::string ConnectionsJson(const v1::ListConnectionsResponse& response);
std::string ClosedText(const v1::ListClosedResponse& response, absl::TimeZone zone);
std::string ClosedJson(const v1::ListClosedResponse& response);

}  // namespace tocsin::cli
