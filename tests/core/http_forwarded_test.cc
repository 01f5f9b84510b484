#include <gtest/gtest.h>

#include "core/event/error.h"
#include "core/http/forwarded.h"

namespace tocsin::http {
namespace {

using Fields = std::vector<Field>;
constexpr const char* kProxy = "10.0.0.1";

// What ClientOf answers, or "refused".
std::string Client(Fields fields, ProxyRules::Header header, const char* peer = kProxy) {
  const ProxyRules rules{.trusted = CidrList::Parse({"10.0.0.0/8", "fd00::/8"}, "-").value(),
                         .header = header};
  HttpRequest request;
  request.fields = std::move(fields);
  const auto client = ClientOf(request, IpAddress::Parse(peer).value(), rules);
  if (!client.ok()) {
    EXPECT_EQ(ErrorCodeOf(client.status()), ErrorCode::kInvalidMessage);
    return "refused";
  }
  return client->ToString();
}
std::string Xff(const std::string& value) {
  return Client({{"X-Forwarded-For", value}}, ProxyRules::Header::kXForwardedFor);
}
std::string Forwarded(const std::string& value) {
  return Client({{"forwarded", value}}, ProxyRules::Header::kForwarded);
}

TEST(ForwardedTest, TheRightmostAddressThatIsNoTrustedProxyIsTheClient) {
  EXPECT_EQ(Xff("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(Xff("203.0.113.66, 192.0.2.1"), "192.0.2.1");  // the left one is the client's own
  EXPECT_EQ(Xff("203.0.113.66,192.0.2.1 , 10.0.0.7,fd00::1"), "192.0.2.1");
  EXPECT_EQ(Xff("10.0.0.9, 10.0.0.7"), "10.0.0.9");
  EXPECT_EQ(Xff("192.0.2.1:4711"), "192.0.2.1");
  EXPECT_EQ(Xff("2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(Xff("[2001:db8::1]"), "2001:db8::1");
  EXPECT_EQ(Xff("[2001:db8::1]:4711"), "2001:db8::1");
  EXPECT_EQ(Client({{"X-Forwarded-For", "203.0.113.66"}, {"x-forwarded-for", "192.0.2.1"}},
                   ProxyRules::Header::kXForwardedFor),
            "192.0.2.1");
}

TEST(ForwardedTest, WhoIsNoTrustedProxySaysNothingOfItsClients) {
  for (const auto header : {ProxyRules::Header::kXForwardedFor, ProxyRules::Header::kForwarded}) {
    EXPECT_EQ(Client({{"X-Forwarded-For", "192.0.2.1"}, {"Forwarded", "for=192.0.2.1"}}, header,
                     "203.0.113.9"),
              "203.0.113.9");
  }
}

TEST(ForwardedTest, TheFieldThatIsNotNamedIsNotRead) {
  EXPECT_EQ(Client({{"Forwarded", "for=192.0.2.66"}, {"X-Forwarded-For", "192.0.2.1"}},
                   ProxyRules::Header::kXForwardedFor),
            "192.0.2.1");
  EXPECT_EQ(Client({{"Forwarded", "for=192.0.2.1"}, {"X-Forwarded-For", "192.0.2.66"}},
                   ProxyRules::Header::kForwarded),
            "192.0.2.1");
}

TEST(ForwardedTest, AnEntryThatIsNoAddressEndsTheSearchAtWhoWroteIt) {
  for (const char* entry : {"unknown", "", "_hidden", "192.0.2.1.5", "192.0.2.1:", "192.0.2.1:x",
                            "[192.0.2.1]", "[2001:db8::1", "[2001:db8::1]x", "[2001:db8::1]:70000",
                            "client.example.org", "192.0.2.1 192.0.2.2"}) {
    EXPECT_EQ(Xff(std::string("192.0.2.66, ") + entry), kProxy) << entry;
    EXPECT_EQ(Xff(std::string("192.0.2.66, ") + entry + ", 10.0.0.7"), "10.0.0.7") << entry;
  }
  EXPECT_EQ(Client({}, ProxyRules::Header::kXForwardedFor), kProxy);
}

TEST(ForwardedTest, ReadsForwarded) {
  EXPECT_EQ(Forwarded("for=192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(Forwarded("For=\"192.0.2.1:4711\";proto=https;by=10.0.0.1"), "192.0.2.1");
  EXPECT_EQ(Forwarded("proto=https; host=\"a;b,c\" ;FOR=\"[2001:db8::1]:4711\""), "2001:db8::1");
  EXPECT_EQ(Forwarded("for=203.0.113.66, for=192.0.2.1;proto=http , for=10.0.0.7"), "192.0.2.1");
  EXPECT_EQ(Forwarded("for=\"1\\92.0.2.1\""), "192.0.2.1");
  EXPECT_EQ(Forwarded("for=203.0.113.66, for=unknown"), kProxy);
  EXPECT_EQ(Forwarded("for=203.0.113.66, proto=https"), kProxy);
  EXPECT_EQ(Forwarded("for=203.0.113.66,"), kProxy);
  EXPECT_EQ(Client({{"Forwarded", "for=203.0.113.66"}, {"Forwarded", "for=192.0.2.1"}},
                   ProxyRules::Header::kForwarded),
            "192.0.2.1");
}

TEST(ForwardedTest, AFieldThatWouldHideWhatTheProxyAddsIsRefused) {
  for (const char* value :
       {"for=\", for=192.0.2.1", "for=\"a\\, for=192.0.2.1", "for=\"a\"b, for=192.0.2.1",
        "for=[::1], for=192.0.2.1", "for =192.0.2.66, for=192.0.2.1", "for=, for=192.0.2.1",
        "for, for=192.0.2.1", "=a, for=192.0.2.1", "for=192.0.2.1:80"}) {
    EXPECT_EQ(Forwarded(value), "refused") << value;
  }
}

}  // namespace
}  // namespace tocsin::http
