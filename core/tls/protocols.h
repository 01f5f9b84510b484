// protocols.h: what our ends of an encrypted connection agree to, as server and as client.
//
// Source:  RFC 9325 (recommendations), RFC 7301 (ALPN).
#pragma once

#include <string_view>

namespace tocsin::tls {

// With forward secrecy and authenticated encryption; TLS 1.3's own are all of that kind.
inline constexpr const char* kTls12Ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
// As ALPN writes a list of names: each after its length.
inline constexpr std::string_view kHttp11Only = "\x08http/1.1";

}  // namespace tocsin::tls
