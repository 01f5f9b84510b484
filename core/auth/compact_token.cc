#include "core/auth/compact_token.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/auth/base64url.h"
#include "core/auth/refusal.h"

namespace tocsin {
namespace {

absl::Status Malformed(std::string_view what) { return Refuse(Refusal::kMalformed, what); }

}  // namespace

absl::StatusOr<CompactToken> CompactToken::Split(std::string_view token) {
  if (token.empty()) {
    return Refuse(Refusal::kMissing, "there is none");
  }
  if (token.size() > kMaxBytes) {
    return Refuse(Refusal::kMalformed,
                  absl::StrCat("it has ", token.size(), " bytes; allowed: ", kMaxBytes));
  }
  const auto dots = std::count(token.begin(), token.end(), '.');
  if (dots == 4) {
    return Malformed("it is encrypted (JWE), which is not supported");
  }
  if (dots != 2) {
    return Malformed("it has not three parts");
  }
  const size_t first = token.find('.');
  const size_t second = token.find('.', first + 1);
  std::optional<std::string> header = DecodeBase64Url(token.substr(0, first));
  std::optional<std::string> claims = DecodeBase64Url(token.substr(first + 1, second - first - 1));
  std::optional<std::string> signature = DecodeBase64Url(token.substr(second + 1));
  if (!header || !claims || !signature) {
    return Malformed(absl::StrCat(!header   ? "its header"
                                  : !claims ? "its claims"
                                            : "its signature",
                                  " is no canonical base64url"));
  }
  if (signature->empty()) {
    return Malformed("it has no signature");
  }
  return CompactToken{*std::move(header), *std::move(claims), token.substr(0, second),
                      *std::move(signature)};
}

}  // namespace tocsin
