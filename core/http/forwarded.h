// forwarded.h: who asks, where a trusted proxy carries the request.
//
// Shape:   X-Forwarded-For or Forwarded, whichever the rules name, is read from the right, where the
//          nearest proxy has written: the client is the first address that is no trusted proxy. What
//          stands left of it, the client may have made up. An entry that is no address ("unknown")
//          ends the search at the proxy that wrote it.
// Threads: pure.
// Errors:  a Forwarded field that is not well-formed: a quote that a client leaves open would hide
//          what the proxy adds.
// Source:  RFC 7239.
#pragma once

#include "absl/status/statusor.h"
#include "core/base/ip_address.h"
#include "core/http/message.h"
#include "core/http/proxy_rules.h"

namespace tocsin::http {

// `peer` is whoever the connection is from. It is the client unless it is a trusted proxy.
absl::StatusOr<IpAddress> ClientOf(const HttpRequest& request, const IpAddress& peer,
                                   const ProxyRules& rules);

}  // namespace tocsin::http
