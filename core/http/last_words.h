// last_words.h: a connection that is told why it ends, and ends.
//
// Shape:   for connections that never came to speak HTTP, or not as this port asks for it. What the
//          client still sends is read and dropped for a moment, so that no reset takes the answer
//          away.
// Threads: the IoThread's.
// Owns:    the stream and the ticket, until the end.
#pragma once

#include <memory>

#include "core/http/byte_stream.h"
#include "core/http/connection_limits.h"
#include "core/http/io_thread.h"
#include "core/http/problem.h"

namespace tocsin::http {

void SayLastWords(IoThread& io, std::unique_ptr<ByteStream> stream, ConnectionLimits::Ticket ticket,
                  const Refusal& words);

}  // namespace tocsin::http
