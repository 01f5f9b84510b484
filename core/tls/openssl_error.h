// openssl_error.h: OpenSSL's errors in words.
//
// Threads: the calling thread's own errors.
// Source:  OpenSSL 3.0, ERR_get_error(3).
#pragma once

#include <string>

namespace tocsin::tls {

// What this thread's last failed call says of itself; takes it out of OpenSSL's list.
std::string TakeOpenSslError();

}  // namespace tocsin::tls
