#include "core/auth/refusal.h"

#include <iterator>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/strings.h"

namespace tocsin {
namespace {

constexpr std::string_view kNotVerified = "the token's signature cannot be verified";

// In the order of Refusal.
constexpr RefusalRow kTable[] = {
    {Refusal::kMissing, "missing", ErrorCode::kUnauthenticated, "a token is required"},
    {Refusal::kMalformed, "malformed", ErrorCode::kUnauthorized, "the token is malformed"},
    {Refusal::kHeader, "header", ErrorCode::kUnauthorized, "the token is malformed"},
    {Refusal::kAlgorithm, "algorithm", ErrorCode::kUnauthorized, kNotVerified},
    {Refusal::kUnknownKey, "unknown_key", ErrorCode::kUnauthorized, kNotVerified},
    {Refusal::kSignature, "signature", ErrorCode::kUnauthorized, kNotVerified},
    {Refusal::kClaims, "claims", ErrorCode::kUnauthorized,
     "a claim of the token is missing or wrong"},
    {Refusal::kExpired, "expired", ErrorCode::kUnauthorized, "the token has expired"},
    {Refusal::kNotYetValid, "not_yet_valid", ErrorCode::kUnauthorized,
     "the token is not valid yet"},
    {Refusal::kIssuer, "issuer", ErrorCode::kUnauthorized, "the token is of another issuer"},
    {Refusal::kAudience, "audience", ErrorCode::kUnauthorized, "the token is for another audience"},
    {Refusal::kType, "type", ErrorCode::kUnauthorized, "the token is for another purpose"},
    {Refusal::kPermission, "permission", ErrorCode::kUnauthorized,
     "the token's permission cannot be understood"},
    {Refusal::kKeysAway, "keys_away", ErrorCode::kServiceUnavailable,
     "the keys that verify tokens are out of reach; try again"},
};

constexpr std::string_view kNameUrl = "tocsin/refusal";
constexpr std::string_view kDetailUrl = "tocsin/refusal_detail";
constexpr absl::Duration kRetryAfter = absl::Seconds(1);

std::string Attached(const absl::Status& status, std::string_view url) {
  const auto cord = status.GetPayload(ToAbsl(url));
  return cord ? std::string(*cord) : std::string();
}

}  // namespace

std::span<const RefusalRow> RefusalTable() { return kTable; }

const RefusalRow& RowOf(Refusal refusal) {
  const RefusalRow& row = kTable[static_cast<size_t>(refusal)];
  TOCSIN_CHECK(row.refusal == refusal);
  return row;
}

absl::Status Refuse(Refusal refusal, std::string_view detail) {
  const RefusalRow& row = RowOf(refusal);
  ErrorDetails details;
  if (RowOf(row.code).retryable) {
    details.retry_after = kRetryAfter;
  }
  absl::Status status = MakeError(row.code, row.text, details);
  status.SetPayload(ToAbsl(kNameUrl), absl::Cord(ToAbsl(row.name)));
  status.SetPayload(ToAbsl(kDetailUrl), absl::Cord(ToAbsl(detail)));
  return status;
}

std::optional<Refusal> RefusalOf(const absl::Status& status) {
  const std::string name = Attached(status, kNameUrl);
  for (const RefusalRow& row : kTable) {
    if (row.name == name) {
      return row.refusal;
    }
  }
  return std::nullopt;
}

std::string OperatorText(const absl::Status& status) {
  const std::string name = Attached(status, kNameUrl);
  return name.empty() ? std::string(status.message())
                      : absl::StrCat(name, ": ", Attached(status, kDetailUrl));
}

}  // namespace tocsin
