// token_rules.h: what a token must say, besides being signed with a key that is known.
//
// Shape:   a plain value; the defaults are those of the flags.
// Source:  docs/protocol.md, section 8.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"

namespace tocsin {

struct TokenRules {
  std::vector<std::string> issuers = {};    // iss must be one of them; empty: any, or none
  std::vector<std::string> audiences = {};  // aud must name one of them; empty: any, or none
  absl::Duration leeway = absl::Seconds(30);
  // A claim's name, or where it begins with '/', a path to it through objects (RFC 6901):
  // "/resource_access/tocsin/permission".
  std::string permission_claim = "tocsin";
};

}  // namespace tocsin
