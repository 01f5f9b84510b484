// method_access.h: what each method of the hub asks of its caller's token.
//
// Shape:   one table with a row for each method of each service. A call looks its row up as it is
//          made (call.h), so that no method is served without one; a test walks the schema.
// Threads: pure.
// Source:  docs/security.md, "Who may call what".
#pragma once

#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "core/auth/permission.h"

namespace tocsin::hub {

enum class Access : uint8_t {
  kOpen,        // nothing: the call is not authenticated
  kToken,       // any good token
  kPublish,     // one that may publish some type; each event's type is checked once it is read
  kAlerts,      // one that may publish alert_received; what the hub derives from it is its own
  kSubscribe,   // one that may subscribe; what is answered is narrowed by its filter
  kExplain,     // one that may subscribe or administer; which one, once the request is read
  kAdminister,  // one that may administer; without authentication nobody may
};

struct MethodAccess {
  std::string_view service;  // its full name
  std::string_view method;
  Access access;
};

std::span<const MethodAccess> MethodAccessTable();
// A method without a row is a bug.
Access AccessOf(std::string_view service, std::string_view method);

// FORBIDDEN with what the token lacks, as far as that is known before the request is read.
absl::Status CheckAccess(Access access, const Permission& permission);
// FORBIDDEN with where Admin is served when nobody shows a token.
absl::Status AdminIsElsewhere();

}  // namespace tocsin::hub
