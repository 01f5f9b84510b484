#include "core/tls/server_context.h"

#include <openssl/pem.h>
#include <openssl/rand.h>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/status_macros.h"
#include "core/tls/openssl_error.h"
#include "core/tls/protocols.h"

namespace tocsin::tls {
namespace {

int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* size,
                   const unsigned char* offered, unsigned int offered_size, void*) {
  unsigned char* out = nullptr;
  const int result =
      SSL_select_next_proto(&out, size, BytesOf(kHttp11Only),
                            static_cast<unsigned int>(kHttp11Only.size()), offered, offered_size);
  *chosen = out;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

absl::Status Refused() {
  return absl::InvalidArgumentError(
      absl::StrCat("the certificate cannot be used: ", TakeOpenSslError()));
}

absl::Status UseCertificate(SSL_CTX& context, const Certificate& certificate) {
  const BioPtr key_text = BioOf(certificate.key);
  const PkeyPtr key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  const BioPtr chain = BioOf(certificate.chain);
  const X509Ptr own(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
  if (own == nullptr || key == nullptr || SSL_CTX_use_certificate(&context, own.get()) != 1 ||
      SSL_CTX_use_PrivateKey(&context, key.get()) != 1) {
    return Refused();
  }
  while (X509Ptr above{PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr)}) {
    if (SSL_CTX_add0_chain_cert(&context, above.get()) != 1) {
      return Refused();
    }
    static_cast<void>(above.release());  // the context's now
  }
  TakeOpenSslError();  // the end of the text counts as an error
  return absl::OkStatus();
}

void Settings(SSL_CTX& context, const TicketKeys& tickets) {
  SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION);
  TOCSIN_CHECK(SSL_CTX_set_cipher_list(&context, kTls12Ciphers) == 1);
  SSL_CTX_set_options(&context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                    SSL_OP_IGNORE_UNEXPECTED_EOF);
  // An idle connection gives its buffers back, 34 KB of them.
  SSL_CTX_set_mode(&context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_read_ahead(&context, 1);  // a record's header and body come by one system call
  SSL_CTX_set_alpn_select_cb(&context, ChooseProtocol, nullptr);
  // Sessions live in their tickets, not in the server's memory.
  SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(&context, 1);
  TicketKeys keys = tickets;
  TOCSIN_CHECK(SSL_CTX_set_tlsext_ticket_keys(&context, keys.data(), keys.size()) == 1);
}

}  // namespace

TicketKeys NewTicketKeys() {
  TicketKeys keys;
  TOCSIN_CHECK(RAND_bytes(keys.data(), static_cast<int>(keys.size())) == 1);
  return keys;
}

absl::StatusOr<std::shared_ptr<SSL_CTX>> MakeServerContext(const Certificate& certificate,
                                                           const TicketKeys& tickets) {
  ContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) {
    return Refused();
  }
  Settings(*context, tickets);
  RETURN_IF_ERROR(UseCertificate(*context, certificate));
  return std::shared_ptr<SSL_CTX>(std::move(context));
}

}  // namespace tocsin::tls
