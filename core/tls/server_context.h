// server_context.h: OpenSSL's settings for connections of an HTTPS server.
//
// Shape:   TLS 1.2 and 1.3, ALPN http/1.1, tickets for resumption, no renegotiation. A context
//          belongs to one certificate; connections keep theirs, so a new one takes nothing away.
// Threads: a context is safe to use on several once it is made.
// Errors:  INVALID_ARGUMENT with OpenSSL's reason when it does not take the certificate.
// Source:  RFC 8446, RFC 7301 (ALPN), RFC 9325 (recommendations), RFC 5077 (tickets).
#pragma once

#include <array>
#include <memory>

#include "absl/status/statusor.h"
#include "core/tls/certificate.h"
#include "core/tls/ssl_ptr.h"

namespace tocsin::tls {

// The secret from which tickets are made. Contexts with the same keys take each other's tickets.
using TicketKeys = std::array<unsigned char, 80>;
TicketKeys NewTicketKeys();

absl::StatusOr<std::shared_ptr<SSL_CTX>> MakeServerContext(const Certificate& certificate,
                                                           const TicketKeys& tickets);

}  // namespace tocsin::tls
