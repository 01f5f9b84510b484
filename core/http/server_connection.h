// server_connection.h: a connection while it speaks HTTP/1.1. It answers requests one after the
// other, until it streams, is taken over, or ends.
//
// Shape:   request_reader.h reads a request, its route's handler answers it, and only then is the
//          next one read. Deadlines (core/event/limits.h): for the request, the handler, an answer
//          that the client does not take, and an idle connection. After the last answer the
//          connection shuts its sending side and reads on for a moment, so that no reset takes the
//          answer away.
// Threads: the IoThread's.
// Owns:    itself, through its handlers and the thread's list; the stream, until it is taken over.
// Errors:  application/problem+json, see problem.h. A request whose end is not certain closes the
//          connection.
// Source:  RFC 9110, 9112; docs/adr/0015-http-server.md.
#pragma once

#include <memory>
#include <optional>

#include "core/http/byte_stream.h"
#include "core/http/connection_limits.h"
#include "core/http/io_thread.h"
#include "core/http/message.h"
#include "core/http/service.h"

namespace tocsin::http {

// Serves one connection. `refusal`: the answer to its first request, for a connection beyond the
// server's limits.
void ServeHttp(IoThread& io, Service& service, std::unique_ptr<ByteStream> stream,
               ConnectionLimits::Ticket ticket, std::optional<HttpResponse> refusal = std::nullopt);

}  // namespace tocsin::http
