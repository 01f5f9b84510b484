// proxy_rules.h: the proxies before a server, and how they say who their clients are.
//
// Threads: immutable value.
#pragma once

#include <cstdint>
#include <functional>

#include "core/base/cidr.h"

namespace tocsin::http {

struct ProxyRules {
  // Of the two, proxies add to one and pass the other on as the client sent it: so only the one that
  // they add to is read.
  enum class Header : uint8_t { kXForwardedFor, kForwarded };

  CidrList trusted = {};
  // Connections from a trusted proxy begin with a header of the PROXY protocol.
  bool protocol = false;
  Header header = Header::kXForwardedFor;
  std::function<void()> on_bad_header = [] {};  // called on the IoThreads
};

}  // namespace tocsin::http
