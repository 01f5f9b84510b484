// client_context.h: OpenSSL's settings for connections to a server whose certificate is checked.
//
// Shape:   TLS 1.2 and 1.3, ALPN http/1.1. The certificate must come from an authority of the file,
//          or of the system's when no file is named, and must be for the host: by its alternative
//          names, as RFC 9525 asks, never by its subject. Whether it was revoked is not asked.
// Threads: a context is safe to use on several once it is made; a connection is one thread's.
// Errors:  INVALID_ARGUMENT that names the setting and the file.
// Source:  RFC 8446, RFC 9325, RFC 9525 (names), RFC 6066, section 3 (SNI).
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "core/tls/certificate.h"
#include "core/tls/ssl_ptr.h"

namespace tocsin::tls {

// `authorities` without a path: those that the system trusts.
absl::StatusOr<ContextPtr> MakeClientContext(const NamedFile& authorities);
// Before the handshake: the connection is to `host`, a name or an address without brackets.
absl::Status ExpectHost(SSL& connection, const std::string& host);
// After a handshake that failed: what is wrong with the server's certificate. Empty when the
// failure is another.
std::string WhyUntrusted(const SSL& connection);

}  // namespace tocsin::tls
