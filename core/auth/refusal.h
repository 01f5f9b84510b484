// refusal.h: why a token is refused: one table of reasons, with what the client is told of each.
//
// Shape:   an absl::Status with a code of the error table, a text for the client, and, apart from
//          that, the reason and a detail for the operator. Before the signature is verified the
//          client is told no more than that. Neither text has anything of the token in it but the
//          path of a wrong field.
// Threads: pure.
// Errors:  a status that did not come from Refuse has no reason.
// Source:  docs/protocol.md, sections 5 and 8.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "core/event/error.h"

namespace tocsin {

enum class Refusal {
  kMissing,      // there is no token
  kMalformed,    // its text is not that of a signed token
  kHeader,       // its header is wrong, or asks for what is not supported
  kAlgorithm,    // another algorithm than its key's, or one that no key has
  kUnknownKey,   // its kid is that of no key
  kSignature,    // the signature is not the key's
  kClaims,       // a claim is missing, or of a wrong kind
  kExpired,      // exp has passed
  kNotYetValid,  // nbf or iat lies ahead
  kIssuer,       // iss is another
  kAudience,     // aud names others only
  kType,         // a token for another purpose, such as an ID token
  kPermission,   // the permission claim is wrong
  kKeysAway,     // the keys that may verify it are out of reach at present
};

struct RefusalRow {
  Refusal refusal;
  std::string_view name;  // for logs and metrics: "expired"
  ErrorCode code;
  std::string_view text;  // for the client
};

std::span<const RefusalRow> RefusalTable();
const RefusalRow& RowOf(Refusal refusal);

// `detail` is for the operator alone.
absl::Status Refuse(Refusal refusal, std::string_view detail);

std::optional<Refusal> RefusalOf(const absl::Status& status);
// "expired: 35s past the leeway"; the message of a status that is no refusal.
std::string OperatorText(const absl::Status& status);

}  // namespace tocsin
