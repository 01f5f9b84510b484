// tls_credentials.h: gRPC's side of a hub's certificate.
//
// Shape:   gRPC asks for the certificate at each handshake, so that connections which begin after it
//          was replaced get the new one, and those that began before go on.
// Threads: Make once, before the server; gRPC asks on its own.
// Owns:    nothing; `certificates` outlives the server.
// Source:  grpc/grpc_security.h; gRPC 1.51 has no C++ class for it.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "core/tls/certificate_watch.h"

namespace tocsin::hub {

// `certificates` null: connections are not encrypted.
std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(tls::CertificateWatch* certificates);

}  // namespace tocsin::hub
