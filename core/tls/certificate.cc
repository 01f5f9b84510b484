#include "core/tls/certificate.h"

#include <openssl/pem.h>

#include <ctime>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/bounded_file.h"
#include "core/base/openssl_ptr.h"
#include "core/base/status_macros.h"
#include "core/tls/openssl_error.h"

namespace tocsin::tls {
namespace {

template <class... Parts>
absl::Status Wrong(const NamedFile& file, const Parts&... parts) {
  return absl::InvalidArgumentError(
      absl::StrCat(file.setting, ": the file ", file.path, " ", parts...));
}

absl::StatusOr<std::string> ReadFile(const NamedFile& file) {
  absl::StatusOr<std::string> text = ReadBoundedFile(file.path, kMaxFileBytes);
  if (!text.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(file.setting, ": ", text.status().message()));
  }
  return text;
}

// No password is asked for: the program has no terminal.
int NoPassword(char*, int, int, void*) { return 0; }

// The first certificate of the text; null when there is none.
X509Ptr FirstCertificate(const std::string& text) {
  const BioPtr in = BioOf(text);
  X509Ptr first(PEM_read_bio_X509(in.get(), nullptr, NoPassword, nullptr));
  TakeOpenSslError();
  return first;
}

PkeyPtr PrivateKey(const std::string& text) {
  const BioPtr in = BioOf(text);
  PkeyPtr key(PEM_read_bio_PrivateKey(in.get(), nullptr, NoPassword, nullptr));
  TakeOpenSslError();
  return key;
}

std::string SubjectOf(const X509& certificate) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), X509_get_subject_name(&certificate), 0,
                     XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return size > 0 ? std::string(text, static_cast<size_t>(size)) : "";
}

absl::Time TimeOf(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? absl::FromTM(parts, absl::UTCTimeZone())
                                            : absl::InfinitePast();
}

absl::Status CheckKey(const NamedFile& file, const std::string& text, X509& certificate,
                      const NamedFile& chain) {
  if (absl::StrContains(text, "ENCRYPTED")) {
    return Wrong(file,
                 "holds an encrypted key; give one without a password, readable by the "
                 "program's user alone");
  }
  const PkeyPtr key = PrivateKey(text);
  if (key == nullptr) {
    return Wrong(file, "holds no private key in PEM form");
  }
  const bool fits = X509_check_private_key(&certificate, key.get()) == 1;
  TakeOpenSslError();
  return fits ? absl::OkStatus()
              : Wrong(file, "holds another key than that of the certificate in ", chain.path);
}

}  // namespace

absl::StatusOr<std::string> LoadAuthorities(const NamedFile& file) {
  ASSIGN_OR_RETURN(std::string text, ReadFile(file));
  if (FirstCertificate(text) == nullptr) {
    return Wrong(file, "holds no certificate in PEM form");
  }
  return text;
}

absl::StatusOr<Certificate> LoadCertificate(const CertificateFiles& files) {
  Certificate loaded;
  ASSIGN_OR_RETURN(loaded.chain, LoadAuthorities(files.chain));
  const X509Ptr own = FirstCertificate(loaded.chain);
  ASSIGN_OR_RETURN(loaded.key, ReadFile(files.key));
  RETURN_IF_ERROR(CheckKey(files.key, loaded.key, *own, files.chain));
  if (!files.authorities.path.empty()) {
    ASSIGN_OR_RETURN(loaded.authorities, LoadAuthorities(files.authorities));
  }
  loaded.subject = SubjectOf(*own);
  loaded.begins = TimeOf(X509_get0_notBefore(own.get()));
  loaded.expires = TimeOf(X509_get0_notAfter(own.get()));
  return loaded;
}

}  // namespace tocsin::tls
