// entity_tag.h: entity tags, and the conditions that requests put on them.
//
// Shape:   an incident's tag is the sequence of its newest event, quoted: ETag: "17".
// Threads: pure.
// Errors:  INVALID_MESSAGE naming the header.
// Source:  RFC 9110, sections 8.8.3 and 13.1.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/event/cursor.h"
#include "core/http/message.h"

namespace tocsin::bridge {

std::string EntityTag(Sequence sequence);

// The sequence that If-Match asks for; nothing where there is none, or it is `*`. A change can be
// conditional on one state alone, so that a list of tags is an error, and so is a weak one.
absl::StatusOr<std::optional<Sequence>> IfMatch(const http::HttpRequest& request);

// The request's If-None-Match, as it is; empty where there is none.
std::string KnownTags(const http::HttpRequest& request);
// True where the tags have this one, or are `*`: the client has what it would be sent.
bool HasTag(std::string_view known_tags, std::string_view tag);

}  // namespace tocsin::bridge
