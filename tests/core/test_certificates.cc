#include "tests/core/test_certificates.h"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <fstream>

#include "core/base/openssl_ptr.h"

namespace tocsin::testing {
namespace {

std::string Text(const BioPtr& bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<size_t>(size));
}

X509Ptr Begin(const std::string& name, int days, EVP_PKEY& key) {
  X509Ptr made(X509_new());
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), days < 0 ? -90'000L : -3'600L);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), days < 0 ? -3'600L : days * 86'400L);
  X509_NAME* const subject = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(made.get(), subject);
  X509_set_pubkey(made.get(), &key);
  return made;
}

void Extend(X509& made, int kind, const std::string& value) {
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
  EXPECT_EQ(X509_add_ext(&made, extension, -1), 1) << value;
  X509_EXTENSION_free(extension);
}

MadeCertificate Sign(X509& made, EVP_PKEY& key, EVP_PKEY& by) {
  EXPECT_GT(X509_sign(&made, &by, EVP_sha256()), 0);
  const BioPtr chain(BIO_new(BIO_s_mem()));
  const BioPtr key_text(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(chain.get(), &made);
  PEM_write_bio_PrivateKey(key_text.get(), &key, nullptr, nullptr, 0, nullptr, nullptr);
  return {.chain = Text(chain), .key = Text(key_text)};
}

}  // namespace

MadeCertificate MakeCertificate(const std::string& name, int days) {
  const PkeyPtr key(EVP_EC_gen("P-256"));
  return Sign(*Begin(name, days, *key), *key, *key);
}

TestAuthority::TestAuthority(const std::string& name) {
  const PkeyPtr key(EVP_EC_gen("P-256"));
  const X509Ptr made = Begin(name, 30, *key);
  Extend(*made, NID_basic_constraints, "critical,CA:TRUE");
  own_ = Sign(*made, *key, *key);
}

MadeCertificate TestAuthority::Make(const Issue& issue) const {
  const PkeyPtr key(EVP_EC_gen("P-256"));
  // Its subject has the right name, which no one may take for a name to check.
  const X509Ptr made = Begin("localhost", issue.days, *key);
  const BioPtr own = BioOf(own_.chain);
  const BioPtr own_key = BioOf(own_.key);
  const X509Ptr issuer(PEM_read_bio_X509(own.get(), nullptr, nullptr, nullptr));
  const PkeyPtr by(PEM_read_bio_PrivateKey(own_key.get(), nullptr, nullptr, nullptr));
  X509_set_issuer_name(made.get(), X509_get_subject_name(issuer.get()));
  if (!issue.alternative.empty()) {
    Extend(*made, NID_subject_alt_name, issue.alternative);
  }
  return Sign(*made, *key, *by);
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
