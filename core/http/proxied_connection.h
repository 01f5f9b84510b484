// proxied_connection.h: begins the connections of trusted proxies that send a PROXY protocol header.
//
// Shape:   reads the header and nothing of what follows it, counts the connection for the client that
//          it names, and hands it on: to the TLS handshake, or to HTTP.
// Threads: the IoThread's.
// Errors:  a header that is missing, not well-formed, or later than limits::kHeaderReadTimeout ends
//          the connection with a text that says so, and is told to ProxyRules::on_bad_header. A
//          client with too many connections is handed on with its refusal.
// Source:  https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt
#pragma once

#include <memory>
#include <optional>

#include "absl/functional/any_invocable.h"
#include "core/http/byte_stream.h"
#include "core/http/connection_limits.h"
#include "core/http/io_thread.h"
#include "core/http/message.h"
#include "core/http/proxy_rules.h"

namespace tocsin::http {

// What serves a connection from here on.
using ServeNext = absl::AnyInvocable<void(std::unique_ptr<ByteStream>, ConnectionLimits::Ticket,
                                          std::optional<HttpResponse> refusal)>;

// `rules` outlive the connection.
void ServeProxied(IoThread& io, const ProxyRules& rules, std::unique_ptr<ByteStream> stream,
                  ConnectionLimits::Ticket ticket, std::optional<HttpResponse> refusal,
                  ServeNext next);

}  // namespace tocsin::http
