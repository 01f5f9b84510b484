// auth_options.h: the settings with which a program knows its callers and bounds each, the same in all.
//
// Shape:   without keys authentication is off: everyone who reaches a port may publish and read.
// Threads: values.
// Errors:  INVALID_ARGUMENT that names the setting.
// Source:  docs/protocol.md, section 8.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "core/auth/key_files.h"
#include "core/auth/key_set.h"
#include "core/auth/subject_limits.h"
#include "core/auth/token_rules.h"
#include "core/base/advice.h"
#include "core/base/options.h"

namespace tocsin {

struct AuthFlags {
  KeyFileNames files = {};
  std::string jwks_url;  // read by core/auth/https
  std::string jwks_ca;
  std::string rsa = "RS256";
  TokenRules rules = {};
  SubjectBounds subjects = {};

  void Register(Options& options);
  // What was set goes together, and the keys in files can be used. An address is not asked.
  absl::Status Check() const;
  void Advise(Advice& advice) const;
  bool has_files() const {
    return !files.secrets.empty() || !files.pems.empty() || !files.jwk_sets.empty();
  }
  bool on() const { return has_files() || !jwks_url.empty(); }
  KeyRules key_rules() const;
};

}  // namespace tocsin
