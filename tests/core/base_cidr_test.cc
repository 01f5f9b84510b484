#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/cidr.h"

namespace tocsin {
namespace {

using ::testing::HasSubstr;

IpAddress Address(std::string_view text) { return IpAddress::Parse(text).value(); }

std::string ErrorOf(std::string_view text) {
  const auto network = Cidr::Parse(text, "--trusted-proxy");
  return network.ok() ? "accepted" : std::string(network.status().message());
}

TEST(IpAddressTest, ReadsBackWhatItPrints) {
  for (const char* text : {"127.0.0.1", "0.0.0.0", "255.255.255.255", "::", "::1", "2001:db8::1"}) {
    EXPECT_EQ(Address(text).ToString(), text);
  }
}

TEST(IpAddressTest, RefusesEverythingElse) {
  for (const std::string& text :
       {std::string(), std::string("1.2.3"), std::string("1.2.3.256"), std::string("01.2.3.4"),
        std::string("1.2.3.4 "), std::string(" 1.2.3.4"), std::string("[::1]"),
        std::string("fe80::1%eth0"), std::string("::1::"), std::string("localhost"),
        std::string("1.2.3.4\0", 8), std::string(100, '1')}) {
    EXPECT_FALSE(IpAddress::Parse(text).has_value()) << text;
  }
}

TEST(IpAddressTest, MappedIsIpv4) {
  EXPECT_EQ(Address("::ffff:192.0.2.1"), Address("192.0.2.1"));
  EXPECT_EQ(Address("::ffff:192.0.2.1").ToString(), "192.0.2.1");
  EXPECT_TRUE(Address("::ffff:127.0.0.1").is_loopback());
  EXPECT_TRUE(Address("127.255.0.1").is_loopback());
  EXPECT_FALSE(Address("::2").is_loopback());
  EXPECT_FALSE(Address("128.0.0.1").is_loopback());
}

TEST(IpAddressTest, AnIpv6NetworkOfSixtyFourBitsIsOneClient) {
  EXPECT_EQ(Address("2001:db8::1").key(), Address("2001:db8::ffff:ffff:ffff:ffff").key());
  EXPECT_NE(Address("2001:db8::1").key(), Address("2001:db8:0:1::1").key());
  EXPECT_NE(Address("192.0.2.1").key(), Address("192.0.2.2").key());
}

TEST(CidrTest, HoldsWhatItsBitsSay) {
  struct Row {
    const char* network;
    const char* inside;
    const char* outside;
  };
  for (const Row& row :
       std::initializer_list<Row>{{"10.0.0.0/8", "10.255.255.255", "11.0.0.0"},
                                  {"192.0.2.128/25", "192.0.2.255", "192.0.2.127"},
                                  {"192.0.2.1", "192.0.2.1", "192.0.2.2"},
                                  {"192.0.2.1/32", "::ffff:192.0.2.1", "192.0.2.0"},
                                  {"0.0.0.0/0", "203.0.113.9", "2001:db8::1"},
                                  {"::/0", "2001:db8::1", "203.0.113.9"},
                                  {"2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"},
                                  {"::1", "::1", "::2"},
                                  {"::ffff:10.0.0.0/104", "10.1.2.3", "11.0.0.0"}}) {
    const auto network = Cidr::Parse(row.network, "-");
    ASSERT_TRUE(network.ok()) << network.status();
    EXPECT_TRUE(network->Contains(Address(row.inside))) << row.network;
    EXPECT_FALSE(network->Contains(Address(row.outside))) << row.network;
    EXPECT_EQ(Cidr::Parse(network->ToString(), "-")->ToString(), network->ToString());
  }
}

TEST(CidrTest, RefusesWhatIsNoNetworkAndSaysWhy) {
  EXPECT_THAT(ErrorOf("10.0.0.1/8"), HasSubstr("bits beyond its length are set"));
  EXPECT_THAT(ErrorOf("10.0.0.1/8"), HasSubstr("10.0.0.0/8"));
  EXPECT_THAT(ErrorOf("2001:db8::1/64"), HasSubstr("bits beyond"));
  EXPECT_THAT(ErrorOf("10.0.0.0/33"), HasSubstr("0 to 32"));
  EXPECT_THAT(ErrorOf("::/129"), HasSubstr("0 to 128"));
  for (const char* text : {"10.0.0.0/", "10.0.0.0/08", "10.0.0.0/+8", "10.0.0.0/8x", "10.0.0.0/-1",
                           "10.0.0.0/ 8", "10.0.0.0/8/8", "10.0.0.0/99999999999999999999"}) {
    EXPECT_THAT(ErrorOf(text), HasSubstr("its length is not a number")) << text;
  }
  for (const char* text : {"", "/8", "proxy.example.org", "10.0.0/8", "[::1]", "10.0.0.0/8 "}) {
    EXPECT_THAT(ErrorOf(text), HasSubstr("--trusted-proxy: '")) << text;
  }
}

TEST(CidrListTest, HoldsWhatOneOfThemHolds) {
  const auto list = CidrList::Parse({"10.0.0.0/8", "::1"}, "-");
  ASSERT_TRUE(list.ok());
  EXPECT_TRUE(list->Contains(Address("10.2.3.4")));
  EXPECT_TRUE(list->Contains(Address("::1")));
  EXPECT_FALSE(list->Contains(Address("127.0.0.1")));
  EXPECT_FALSE(CidrList().Contains(Address("10.2.3.4")));
  EXPECT_FALSE(CidrList::Parse({"10.0.0.0/8", "nonsense"}, "-").ok());
}

}  // namespace
}  // namespace tocsin
