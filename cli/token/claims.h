// claims.h: the claims that the flags of `tocsin token create` make.
//
// Threads: pure.
// Errors:  INVALID_ARGUMENT that names the flag and what is allowed.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/sub_filter.h"

namespace tocsin::cli {

struct ClaimFlags {
  std::string subject;
  std::string issuer;
  std::vector<std::string> audiences;
  std::string id;
  absl::Duration lasts = absl::Hours(1);
  std::string expires_at;            // RFC 3339; instead of `lasts`
  std::string not_before;            // RFC 3339
  std::vector<std::string> publish;  // event types, or "all"
  bool subscribe = false;
  FilterFlags filter;
  bool admin = false;
  std::string claim = "tocsin";  // where the permission stands (TokenRules::permission_claim)
};

// In JSON.
absl::StatusOr<std::string> MakeClaims(const ClaimFlags& flags, absl::Time now);

}  // namespace tocsin::cli
