// subject.h: who calls, and what they may do until when: what a verified token says.
//
// Threads: immutable value.
// Owns:    nothing of the token's text, which is not kept.
#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "core/auth/permission.h"

namespace tocsin {

struct Subject;
// Shared by what the subject has opened: sessions, streams, calls under way.
using SubjectPtr = std::shared_ptr<const Subject>;

struct Subject {
  // Whoever calls where authentication is off: without a name, and never expiring.
  static SubjectPtr Anyone();

  std::string name;      // sub: 1 to 255 bytes without control characters
  std::string issuer;    // iss; empty when there is none
  std::string token_id;  // jti; empty when there is none
  // exp. The session ends when the leeway after it is over (TokenRules::leeway).
  absl::Time expires_at;
  Permission permission;
};

inline SubjectPtr Subject::Anyone() {
  static const SubjectPtr anyone = std::make_shared<const Subject>(
      Subject{.expires_at = absl::InfiniteFuture(), .permission = Permission::Everything()});
  return anyone;
}

}  // namespace tocsin
