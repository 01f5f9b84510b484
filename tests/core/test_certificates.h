// test_certificates.h: certificates for tests, made on the spot.
#pragma once

#include <string>

#include "core/tls/certificate.h"

namespace tocsin::testing {

struct MadeCertificate {
  std::string chain;  // PEM
  std::string key;    // PEM, P-256
};

// Signed by itself, for that name, valid from an hour ago for so many days (negative: expired).
MadeCertificate MakeCertificate(const std::string& name, int days = 30);

// Signed by another.
struct Issue {
  std::string alternative = "DNS:localhost";  // names and addresses, as OpenSSL writes them
  int days = 30;                              // negative: expired
};
class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name);
  MadeCertificate Make(const Issue& issue) const;
  const MadeCertificate& own() const { return own_; }

 private:
  MadeCertificate own_;
};

// The files `cert.pem` and `key.pem` in `dir`.
tls::CertificateFiles WriteCertificate(const std::string& dir, const MadeCertificate& made);
void WriteFile(const std::string& path, const std::string& text);

}  // namespace tocsin::testing
