// Whatever a client claims of itself in X-Forwarded-For or Forwarded, the address that the trusted proxy
// adds behind it is the client's; or the claim is refused.
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/http/forwarded.h"

namespace {

using namespace tocsin;
using namespace tocsin::http;
using Header = ProxyRules::Header;

constexpr const char* kProxy = "10.0.0.1";

ProxyRules Rules(Header header) {
  ProxyRules rules;
  rules.trusted = CidrList::Parse({"10.0.0.0/8"}, "trusted").value();
  rules.header = header;
  return rules;
}

absl::StatusOr<IpAddress> Client(Header header, std::vector<Field> fields) {
  static const ProxyRules x_forwarded_for = Rules(Header::kXForwardedFor);
  static const ProxyRules forwarded = Rules(Header::kForwarded);
  HttpRequest request{.method = "GET"};
  request.fields = std::move(fields);
  return ClientOf(request, *IpAddress::Parse(kProxy),
                  header == Header::kForwarded ? forwarded : x_forwarded_for);
}

// `added`: the field that the proxy makes for `address`.
void Check(Header header, const std::string& claim, const char* address, const char* added) {
  const char* const name = header == Header::kForwarded ? "Forwarded" : "X-Forwarded-For";
  // A proxy adds to the field, or a field behind it.
  for (const auto& client : {Client(header, {{name, claim + ", " + added}}),
                             Client(header, {{name, claim}, {name, added}})}) {
    TOCSIN_CHECK(client.ok() ? *client == *IpAddress::Parse(address)
                             : header == Header::kForwarded && !client.status().message().empty());
  }
  (void)Client(header, {{name, claim}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string claim(reinterpret_cast<const char*>(data), size);
  Check(Header::kXForwardedFor, claim, "192.0.2.9", "192.0.2.9");
  Check(Header::kForwarded, claim, "192.0.2.9", "for=192.0.2.9");
  Check(Header::kForwarded, claim, "2001:db8::9", "for=\"[2001:db8::9]:47\";proto=https");
  return 0;
}
