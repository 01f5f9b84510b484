// server_connection.h: a connection while it speaks HTTP/1.1: requests in, answers out, one after
// the other, until it streams, is taken over, or ends.
//
// Shape:   a head, checked; a body within its route's bound; the route's handler; its answer. What
//          a client sends before it is answered waits its turn. Deadlines (limits.h): for the head,
//          the body and its silences, the handler, an answer that nobody takes, and an idle
//          connection. After the last answer this side is shut and what still comes is read for a
//          moment, so that no reset takes the answer away.
// Threads: the IoThread's.
// Owns:    itself, through its handlers and the thread's list; the stream, until it is taken over.
// Errors:  application/problem+json from the one table. What makes the framing doubtful closes the
//          connection.
// Source:  RFC 9110, 9112; docs/adr/0015-http-server.md.
#pragma once

#include <memory>
#include <optional>

#include "core/event/limits.h"
#include "core/http/byte_stream.h"
#include "core/http/connection_limits.h"
#include "core/http/io_thread.h"
#include "core/http/message.h"
#include "core/http/origin_policy.h"
#include "core/http/route_table.h"

namespace tocsin::http {

// What the connections of one IoThread serve. Outlives them.
struct Service {
  RouteTable routes;
  OriginPolicy origins = {};
  // Bodies that are being received or handled on this thread together. Past that: 503.
  size_t max_bodies_bytes = limits::kRequestBodiesBytes;
  size_t bodies_bytes = 0;  // now
};

// `refusal`: what every request is answered with, for a connection that is one too many.
void ServeHttp(IoThread& io, Service& service, std::unique_ptr<ByteStream> stream,
               ConnectionLimits::Ticket ticket, std::optional<HttpResponse> refusal = std::nullopt);

}  // namespace tocsin::http
