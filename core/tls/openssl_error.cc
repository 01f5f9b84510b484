#include "core/tls/openssl_error.h"

#include <openssl/err.h>

namespace tocsin::tls {

std::string TakeOpenSslError() {
  const unsigned long code = ERR_peek_error();
  ERR_clear_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason != nullptr ? reason : "unknown error";
}

}  // namespace tocsin::tls
