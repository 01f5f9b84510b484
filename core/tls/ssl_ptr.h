// ssl_ptr.h: OpenSSL's connections and their settings, owned.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "core/base/openssl_ptr.h"

namespace tocsin::tls {

using SslPtr = std::unique_ptr<SSL, OpenSslFree<SSL_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, OpenSslFree<SSL_CTX_free>>;

}  // namespace tocsin::tls
