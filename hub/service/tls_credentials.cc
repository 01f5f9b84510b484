#include "hub/service/tls_credentials.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>

#include <string>

#include "core/base/mutex.h"

namespace tocsin::hub {
namespace {

class WatchedCredentials final : public grpc::ServerCredentials {
 public:
  explicit WatchedCredentials(tls::CertificateWatch& watch)
      : watch_(watch),
        credentials_(grpc_ssl_server_credentials_create_with_options(
            grpc_ssl_server_credentials_create_options_using_config_fetcher(
                watch.current()->authorities.empty()
                    ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                    : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY,
                Fetch, this))) {}
  ~WatchedCredentials() override { grpc_server_credentials_release(credentials_); }

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  static grpc_ssl_certificate_config_reload_status Fetch(
      void* self, grpc_ssl_server_certificate_config** config) {
    return static_cast<WatchedCredentials*>(self)->Fetch(*config);
  }
  // gRPC makes much of a certificate that it is told is new, so only then.
  grpc_ssl_certificate_config_reload_status Fetch(grpc_ssl_server_certificate_config*& config) {
    const MutexLock lock(mutex_);
    const tls::CertificateWatch::CertificatePtr now = watch_.current();
    if (now == given_) {
      return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    }
    const grpc_ssl_pem_key_cert_pair pair{now->key.c_str(), now->chain.c_str()};
    // Where no client shows a certificate nobody looks at the authorities, but gRPC 1.51 as Debian
    // builds it aborts when there are none.
    const std::string& authorities = now->authorities.empty() ? now->chain : now->authorities;
    config = grpc_ssl_server_certificate_config_create(authorities.c_str(), &pair, 1);
    given_ = now;
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  tls::CertificateWatch& watch_;
  Mutex mutex_;
  tls::CertificateWatch::CertificatePtr given_ ABSL_GUARDED_BY(mutex_);
  grpc_server_credentials* const credentials_;  // last: its making asks for the certificate
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(
    tls::CertificateWatch* certificates) {
  if (certificates == nullptr) {
    return grpc::InsecureServerCredentials();
  }
  return std::make_shared<WatchedCredentials>(*certificates);
}

}  // namespace tocsin::hub
