// json_input.h: alerts, incidents and what is done to them, as a client gives them over HTTP: the
// fields that are its own to set, and no others.
//
// Threads: pure.
// Errors:  INVALID_MESSAGE with the field's path below `path` and what is allowed. What the texts
//          and numbers may be is for validate.h to say.
// Source:  docs/protocol.md, sections 1 and 7.
#pragma once

#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tocsin/v1/event.pb.h"

namespace boost::json {
class value;
}

namespace tocsin {

// What a client may set; the rest is the hub's to fill in.
std::span<const std::string_view> AlertInputFields();
std::span<const std::string_view> IncidentInputFields();
// Of what is done to an incident, by the type of event that it becomes: incident_resolved,
// comment_added, assignment_changed, escalated.
std::span<const std::string_view> ActionInputFields(v1::EventType type);
// May be given beside those of an incident and of an action, and is the event's own.
inline constexpr std::string_view kActorInput = "actor";

// A field that is not the client's is an error.
absl::StatusOr<v1::Alert> ReadJsonAlert(const boost::json::value& value, std::string_view path);

// Into event.incident; `id` may be given as well. With `pass_over_output` the fields that only the
// hub sets are passed over, so that an incident that was read may be written back; without, they
// are errors.
absl::Status ReadJsonIncident(const boost::json::value& value, std::string_view path,
                              bool pass_over_output, v1::Event& event);

// Changes event.incident as a JSON merge patch says (RFC 7396): null takes a field, a label or a
// part of the resolution away, a list is replaced, an object is merged. On an error the event is
// unusable.
absl::Status PatchJsonIncident(const boost::json::value& patch, std::string_view path,
                               v1::Event& event);

// Into what an event of event.type() says of its own.
absl::Status ReadJsonAction(const boost::json::value& value, std::string_view path,
                            v1::Event& event);

}  // namespace tocsin
