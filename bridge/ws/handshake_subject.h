// handshake_subject.h: the token that a WebSocket's handshake brings, and whose it is.
//
// Shape:   in the header Authorization, or, since a browser can set no header, as a subprotocol
//          `bearer.<token>` beside the one that is spoken. An Authorization of another scheme, which
//          a browser may send by itself, is passed over. Where authentication is off, tokens are not
//          looked at. One in the URL never comes here: whoever routes the request refuses it.
// Threads: pure, but for what the authenticator counts.
// Errors:  UNAUTHORIZED for a bad token; INVALID_MESSAGE for several.
// Source:  docs/protocol.md, section 8.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "core/auth/authenticator.h"
#include "core/auth/subject.h"
#include "core/http/message.h"

namespace tocsin::bridge::ws {

// Null: it brings no token, and one is due in the session.
absl::StatusOr<SubjectPtr> SubjectOfHandshake(const Authenticator& authenticator,
                                              const http::HttpRequest& request);

// A token in the place of a subprotocol.
bool IsCredential(std::string_view offered);
// True when all that is offered is credentials: there is nothing that the answer could name, and
// browsers then fail the connection without saying why.
bool OffersCredentialsOnly(const http::HttpRequest& request);

}  // namespace tocsin::bridge::ws
