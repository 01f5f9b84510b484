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
// The files `cert.pem` and `key.pem` in `dir`.
tls::CertificateFiles WriteCertificate(const std::string& dir, const MadeCertificate& made);
void WriteFile(const std::string& path, const std::string& text);

}  // namespace tocsin::testing
