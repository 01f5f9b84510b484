// Which addresses a setting may name.
#include <gmock/gmock.h>

#include "core/http/https_address.h"

namespace tocsin::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(HttpsAddressTest, ThePartsAreTakenApart) {
  const auto address = ParseHttpsAddress("https://id.example.org/realms/ops/certs?key=s3cret");
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_EQ(address->host, "id.example.org");
  EXPECT_EQ(address->port, "443");
  EXPECT_EQ(address->authority, "id.example.org");
  EXPECT_EQ(address->target, "/realms/ops/certs?key=s3cret");
  EXPECT_EQ(address->shown, "https://id.example.org/realms/ops/certs");
}

TEST(HttpsAddressTest, PortsAndAddresses) {
  const auto six = ParseHttpsAddress("https://[::1]:8443");
  ASSERT_TRUE(six.ok()) << six.status();
  EXPECT_EQ(six->host, "::1");
  EXPECT_EQ(six->port, "8443");
  EXPECT_EQ(six->authority, "[::1]:8443");
  EXPECT_EQ(six->target, "/");
  const auto four = ParseHttpsAddress("HTTPS://127.0.0.1:443?a");
  ASSERT_TRUE(four.ok()) << four.status();
  EXPECT_EQ(four->authority, "127.0.0.1");
  EXPECT_EQ(four->target, "/?a");
}

TEST(HttpsAddressTest, WhatIsRefusedIsNotRepeated) {
  struct Case {
    std::string text;
    std::string why;
  };
  const Case cases[] = {
      {"http://id.example.org/s3cret", "begin with https://"},
      {"file:///etc/s3cret", "begin with https://"},
      {"https://user:s3cret@id.example.org/", "a user name or password"},
      {"https://s3cret@id.example.org/", "a user name or password"},
      {"https://id.example.org/#s3cret", "a fragment"},
      {"https://id.example.org:0/s3cret", "port"},
      {"https://id.example.org:65536/s3cret", "port"},
      {"https://id.example.org:x/s3cret", "malformed"},
      {"https:///s3cret", "host"},
      {"https:s3cret", "malformed"},
      {"https://s3cret.example.org./", "host"},
      {"https://s3cret%0d%0a.example.org/", "host"},
      {"https://[v1.s3cret]/", "host"},
      {"https://id.example.org/s3cret\r\nX: y", "malformed"},
      {"https://id.example.org/s3 cret", "malformed"},
      {"id.example.org/s3cret", "malformed"},
      {"", "malformed"},
      {"https://id.example.org/" + std::string(2048, 'a'), "more than 2048 bytes"},
  };
  for (const Case& each : cases) {
    const auto address = ParseHttpsAddress(each.text);
    ASSERT_FALSE(address.ok()) << each.text;
    const std::string message(address.status().message());
    EXPECT_THAT(message, HasSubstr(each.why)) << each.text;
    EXPECT_THAT(message, Not(HasSubstr("s3cret"))) << each.text;
    EXPECT_THAT(message, HasSubstr("https://host[:port]/path"));
  }
}

}  // namespace
}  // namespace tocsin::http
