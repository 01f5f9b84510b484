// jwks_address.h: reads a JWK set from an https address, as identity providers publish it.
//
// Shape:   a request for each reading, on a connection of its own (core/http/https_client.h). The
//          file of authorities is read each time, so that one that was replaced is used.
// Threads: Read from one, that of the KeySource; Interrupt from any.
// Bounds:  KeySet::kMaxTextBytes, and HttpsClient's.
// Errors:  Open's name the setting, --auth-jwks-url or --auth-jwks-ca; Read's the address, without
//          its query.
// Source:  docs/protocol.md, section 8; RFC 7517, section 5; OpenID Connect Discovery 1.0, jwks_uri.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/auth/key_source.h"
#include "core/http/https_client.h"
#include "core/tls/certificate.h"

namespace tocsin {

class JwksAddress : public KeyReader {
 public:
  static constexpr absl::Duration kTimeout = absl::Seconds(10);

  JwksAddress(http::HttpsAddress address, std::string ca_file, absl::Duration timeout = kTimeout);

  absl::StatusOr<std::vector<KeyText>> Read() override;
  void Interrupt() override { client_.Interrupt(); }

 private:
  const tls::NamedFile authorities_;
  http::HttpsClient client_;
};

// `ca_file`: whom to trust; empty: the system's authorities. Asks nothing of the network.
absl::StatusOr<std::unique_ptr<KeyReader>> OpenJwksAddress(std::string_view url,
                                                           const std::string& ca_file);

}  // namespace tocsin
