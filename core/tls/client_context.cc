#include "core/tls/client_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/tls/openssl_error.h"
#include "core/tls/protocols.h"

namespace tocsin::tls {
namespace {

// Debian's default as well: 2,048 bits of RSA, no SHA-1.
constexpr int kSecurityLevel = 2;

void Settings(SSL_CTX& context) {
  SSL_CTX_set_security_level(&context, kSecurityLevel);
  SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION);
  TOCSIN_CHECK(SSL_CTX_set_cipher_list(&context, kTls12Ciphers) == 1);
  SSL_CTX_set_options(&context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER, nullptr);
  // 0 is success, for this function alone.
  TOCSIN_CHECK(SSL_CTX_set_alpn_protos(&context, BytesOf(kHttp11Only),
                                       static_cast<unsigned int>(kHttp11Only.size())) == 0);
}

absl::Status Unusable(const NamedFile& file) {
  return absl::InvalidArgumentError(absl::StrCat(file.setting, ": the file ", file.path,
                                                 " cannot be used: ", TakeOpenSslError()));
}

absl::Status UseFile(SSL_CTX& context, const NamedFile& file) {
  ASSIGN_OR_RETURN(const std::string text, LoadAuthorities(file));
  X509_STORE& store = *SSL_CTX_get_cert_store(&context);
  const BioPtr in = BioOf(text);
  ERR_clear_error();
  while (const X509Ptr authority{PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)}) {
    if (X509_STORE_add_cert(&store, authority.get()) != 1) {
      return Unusable(file);
    }
  }
  if (ERR_GET_REASON(ERR_peek_error()) != PEM_R_NO_START_LINE) {
    return Unusable(file);
  }
  ERR_clear_error();
  // Who names an intermediate authority, or the server's own certificate, trusts just that one.
  X509_STORE_set_flags(&store, X509_V_FLAG_PARTIAL_CHAIN);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ContextPtr> MakeClientContext(const NamedFile& authorities) {
  ContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) {
    return absl::ResourceExhaustedError(TakeOpenSslError());
  }
  Settings(*context);
  if (!authorities.path.empty()) {
    RETURN_IF_ERROR(UseFile(*context, authorities));
  } else if (SSL_CTX_set_default_verify_paths(context.get()) != 1) {
    return absl::InternalError(
        absl::StrCat("the system's authorities cannot be read: ", TakeOpenSslError()));
  }
  return context;
}

absl::Status ExpectHost(SSL& connection, const std::string& host) {
  SSL_set_hostflags(&connection,
                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  const bool is_address =
      Planted("any-host-accepted") ||
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(&connection), host.c_str()) == 1;
  // SNI is for names only.
  const bool expected = is_address || (SSL_set1_host(&connection, host.c_str()) == 1 &&
                                       SSL_set_tlsext_host_name(&connection, host.c_str()) == 1);
  ERR_clear_error();  // that a name is no address counts as one
  return expected ? absl::OkStatus()
                  : absl::InvalidArgumentError(absl::StrCat(host, " is no host's name"));
}

std::string WhyUntrusted(const SSL& connection) {
  const long result = SSL_get_verify_result(&connection);
  return result == X509_V_OK ? "" : X509_verify_cert_error_string(result);
}

}  // namespace tocsin::tls
