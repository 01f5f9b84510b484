#include "tests/core/test_certificates.h"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/pem.h>

#include <fstream>

#include "core/base/openssl_ptr.h"

namespace tocsin::testing {
namespace {

std::string Text(const BioPtr& bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<size_t>(size));
}

}  // namespace

MadeCertificate MakeCertificate(const std::string& name, int days) {
  const PkeyPtr key(EVP_EC_gen("P-256"));
  const X509Ptr made(X509_new());
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), days < 0 ? -90'000L : -3'600L);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), days < 0 ? -3'600L : days * 86'400L);
  X509_NAME* const subject = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(made.get(), subject);
  X509_set_pubkey(made.get(), key.get());
  EXPECT_GT(X509_sign(made.get(), key.get(), EVP_sha256()), 0);
  const BioPtr chain(BIO_new(BIO_s_mem()));
  const BioPtr key_text(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(chain.get(), made.get());
  PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {.chain = Text(chain), .key = Text(key_text)};
}

void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

tls::CertificateFiles WriteCertificate(const std::string& dir, const MadeCertificate& made) {
  WriteFile(dir + "/cert.pem", made.chain);
  WriteFile(dir + "/key.pem", made.key);
  return {.chain = {"--tls-cert", dir + "/cert.pem"},
          .key = {"--tls-key", dir + "/key.pem"},
          .authorities = {"--tls-client-ca", ""}};
}

}  // namespace tocsin::testing
