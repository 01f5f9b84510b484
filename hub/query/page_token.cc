#include "hub/query/page_token.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/base/strings.h"
#include "core/base/xxh64.h"
#include "core/event/text.h"
#include "hub/log/log_codec.h"

namespace tocsin::hub {
namespace {

uint64_t Checksum(std::string_view place, std::string_view query) {
  return Xxh64(absl::StrCat(place.size(), ":", ToAbsl(place), ToAbsl(query)));
}

}  // namespace

std::string SealPageToken(std::string_view place, std::string_view query) {
  std::string token;
  PutU64(token, Checksum(place, query));
  token += place;
  return absl::WebSafeBase64Escape(token);
}

absl::StatusOr<std::string> OpenPageToken(std::string_view token, std::string_view query) {
  std::string bytes;
  uint64_t checksum = 0;
  if (!absl::WebSafeBase64Unescape(ToAbsl(token), &bytes)) {
    return PageTokenError();
  }
  std::string_view place = bytes;
  // What decodes to the same bytes is not the same text.
  if (!TakeU64(place, checksum) || checksum != Checksum(place, query) ||
      SealPageToken(place, query) != token) {
    return PageTokenError();
  }
  return std::string(place);
}

absl::Status PageTokenError() {
  return FieldError(ErrorCode::kInvalidMessage, "page_token", "is not of this query",
                    {"the next_page_token of a page of the same query, with the same filter, order "
                     "and direction"});
}

}  // namespace tocsin::hub
