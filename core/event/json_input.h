// json_input.h: alerts and incidents as a client gives them over HTTP: the fields that are its own to
// set, and no others.
//
// Threads: pure.
// Errors:  INVALID_MESSAGE with the field's path below `path` and what is allowed. What the texts and
//          numbers may be is for validate.h to say.
// Source:  docs/protocol.md, sections 1 and 7.
#pragma once

#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tocsin/v1/incident.pb.h"

namespace boost::json {
class value;
}

namespace tocsin {

// What a client may set; the rest is the hub's to fill in.
std::span<const std::string_view> AlertInputFields();
std::span<const std::string_view> IncidentInputFields();

// A field that is not the client's is an error.
absl::StatusOr<v1::Alert> ReadJsonAlert(const boost::json::value& value, std::string_view path);

// `id` may be given as well. With `pass_over_output` the fields that only the hub sets are passed over,
// so that an incident that was read may be written back; without, they are errors.
absl::StatusOr<v1::Incident> ReadJsonIncident(const boost::json::value& value,
                                              std::string_view path, bool pass_over_output);

// Changes the incident as a JSON merge patch says (RFC 7396): null takes a field, a label or a part of
// the resolution away, a list is replaced, an object is merged. On an error the incident is unusable.
absl::Status PatchJsonIncident(const boost::json::value& patch, std::string_view path,
                               v1::Incident& incident);

}  // namespace tocsin
