#include "core/http/https_address.h"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"

namespace tocsin::http {
namespace {

namespace urls = boost::urls;

constexpr size_t kMaxHostBytes = 253;  // RFC 1035
constexpr const char* kDefaultPort = "443";

absl::Status Refuse(std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(ToAbsl(why), "; give https://host[:port]/path"));
}

bool IsHostName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxHostBytes && name.back() != '.' &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '.' || c == '_';
         });
}

absl::Status Check(const urls::url_view& url) {
  // What follows a host and is neither port nor path: Boost takes "host:x" for one.
  if (!url.encoded_path().empty() && url.encoded_path().front() != '/') {
    return Refuse("the address is malformed");
  }
  if (url.scheme_id() != urls::scheme::https) {
    return Refuse("the address does not begin with https://");
  }
  if (url.has_userinfo()) {
    return Refuse("the address has a user name or password in it");
  }
  if (url.has_fragment()) {
    return Refuse("the address has a fragment (#…)");
  }
  if (url.has_port() && !url.port().empty() && url.port_number() == 0) {
    return Refuse("the address's port is not one of 1 to 65535");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> HostOf(const urls::url_view& url) {
  switch (url.host_type()) {
    case urls::host_type::ipv4:
    case urls::host_type::ipv6:
      return url.host_address();
    case urls::host_type::name:
      if (std::string name = url.host_name(); IsHostName(name)) {
        return name;
      }
      [[fallthrough]];
    default:
      return Refuse("the address has no host that can be looked up");
  }
}

}  // namespace

absl::StatusOr<HttpsAddress> ParseHttpsAddress(std::string_view text) {
  if (text.size() > kMaxAddressBytes) {
    return Refuse(absl::StrCat("the address has more than ", kMaxAddressBytes, " bytes"));
  }
  const auto url = urls::parse_uri(urls::string_view(text.data(), text.size()));
  if (!url.has_value()) {
    return Refuse("the address is malformed");
  }
  RETURN_IF_ERROR(Check(*url));
  HttpsAddress address;
  ASSIGN_OR_RETURN(address.host, HostOf(*url));
  address.port = url->port().empty() ? kDefaultPort : std::string(url->port());
  address.authority = std::string(url->encoded_host());
  if (address.port != kDefaultPort) {
    absl::StrAppend(&address.authority, ":", address.port);
  }
  const std::string path = url->encoded_path().empty() ? "/" : std::string(url->encoded_path());
  address.target = path;
  if (url->has_query()) {
    absl::StrAppend(&address.target, "?", std::string(url->encoded_query()));
  }
  address.shown = absl::StrCat("https://", address.authority, path);
  return address;
}

}  // namespace tocsin::http
