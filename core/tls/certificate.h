// certificate.h: a server's or client's certificate with its private key, read from files.
//
// Shape:   PEM texts that were found to fit together. Who uses them (gRPC, OpenSSL) parses them
//          again.
// Threads: values.
// Bounds:  a file has at most kMaxFileBytes.
// Errors:  INVALID_ARGUMENT that names the setting, the file, and what is wrong with it; never what
//          is in it.
// Source:  RFC 7468 (PEM), RFC 5280.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tocsin::tls {

inline constexpr size_t kMaxFileBytes = 256 * 1024;  // a large bundle of authorities has 220 KiB

// A file and the setting that named it, for errors.
struct NamedFile {
  std::string setting;  // "--tls-cert"
  std::string path;
};

struct CertificateFiles {
  NamedFile chain;        // the own certificate first, then those that signed it
  NamedFile key;          // not encrypted
  NamedFile authorities;  // that peers' certificates must come from; without a path: none
};

struct Certificate {
  std::string chain;
  std::string key;
  std::string authorities;
  // Of the own certificate.
  std::string subject;
  absl::Time begins;
  absl::Time expires;
};

// Reads the files and checks that the key is the certificate's. A certificate that has expired is
// loaded: whether it still serves is the peers' decision.
absl::StatusOr<Certificate> LoadCertificate(const CertificateFiles& files);
// PEM text of at least one certificate.
absl::StatusOr<std::string> LoadAuthorities(const NamedFile& file);

}  // namespace tocsin::tls
