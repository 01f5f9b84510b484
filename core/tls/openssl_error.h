// openssl_error.h: OpenSSL's errors in words, and its objects with owners.
//
// Threads: the errors are the calling thread's own.
// Source:  OpenSSL 3.0, ERR_get_error(3).
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace tocsin::tls {

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using SslPtr = std::unique_ptr<SSL, Freed<SSL_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;

// What this thread's last failed call says of itself; takes it out of OpenSSL's list.
std::string TakeOpenSslError();

}  // namespace tocsin::tls
