#include "core/auth/bearer.h"

#include "absl/strings/match.h"
#include "core/auth/refusal.h"
#include "core/base/strings.h"

namespace tocsin {

absl::StatusOr<std::string_view> BearerToken(std::string_view value) {
  constexpr std::string_view kScheme = "bearer";
  const size_t scheme = value.find(' ');
  if (!absl::EqualsIgnoreCase(ToAbsl(value.substr(0, scheme)), ToAbsl(kScheme))) {
    return Refuse(Refusal::kMissing, "the Authorization is of another scheme than Bearer");
  }
  const size_t token =
      scheme == std::string_view::npos ? value.size() : value.find_first_not_of(' ', scheme);
  if (token >= value.size() || value.find_first_of(" ,", token) != std::string_view::npos) {
    return Refuse(Refusal::kMalformed, "the Authorization is not \"Bearer\" and one token");
  }
  return value.substr(token);
}

}  // namespace tocsin
