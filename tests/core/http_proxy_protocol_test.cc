// The table of PROXY protocol headers, each given byte by byte as a connection gives it: whole, cut
// off everywhere, and with bytes after it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/crc.hpp>
#include <string>

#include "core/http/proxy_protocol.h"

namespace tocsin::http {
namespace {

using ::testing::HasSubstr;

struct Read {
  absl::Status status;
  std::optional<IpAddress> client;
  size_t taken = 0;
  bool whole = false;
};

// Gives the reader what it asks for, up to the end.
Read ReadAll(std::string_view bytes) {
  Read read;
  while (true) {
    const auto step = ReadProxyHeader(bytes.substr(0, read.taken));
    if (!step.ok()) {
      read.status = step.status();
      return read;
    }
    if (step->needs == 0) {
      read.client = step->header.client;
      read.whole = true;
      return read;
    }
    if (read.taken + step->needs > bytes.size()) {
      return read;
    }
    read.taken += step->needs;
  }
}

std::string Binary(uint8_t command, uint8_t family, std::string_view rest) {
  std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
  header += static_cast<char>(command);
  header += static_cast<char>(family);
  header += static_cast<char>(rest.size() >> 8);
  header += static_cast<char>(rest.size() & 0xff);
  return header.append(rest);
}
std::string V4() { return std::string("\xc0\x00\x02\x01\x0a\x00\x00\x01\x30\x39\x01\xbb", 12); }
std::string V6() {
  std::string addresses("\x20\x01\x0d\xb8", 4);
  addresses.append(11, '\0').append("\x01").append(16, '\2').append("\x30\x39\x01\xbb");
  return addresses;
}
std::string Extension(char type, std::string_view value) {
  return std::string{type, static_cast<char>(value.size() >> 8),
                     static_cast<char>(value.size() & 0xff)} +
         std::string(value);
}
// With a checksum over the whole, as the sender makes it.
std::string WithChecksum(std::string_view before, std::string_view after) {
  const std::string rest =
      V4() + std::string(before) + Extension(3, std::string(4, '\0')) + std::string(after);
  std::string header = Binary(0x21, 0x11, rest);
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(header.data(), header.size());
  const uint32_t sum = crc.checksum();
  for (size_t i = 0; i < 4; ++i) {
    header[16 + 12 + before.size() + 3 + i] = static_cast<char>(sum >> (24 - 8 * i));
  }
  return header;
}

struct Good {
  std::string header;
  const char* client;  // null: the proxy's own
};

std::vector<Good> GoodHeaders() {
  std::string longest = "PROXY UNKNOWN ";
  longest.append(kMaxProxyLineBytes - 2 - longest.size(), 'x').append("\r\n");
  return {
      {"PROXY TCP4 192.0.2.1 10.0.0.1 12345 443\r\n", "192.0.2.1"},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 0 65535\r\n", "1.2.3.4"},
      {"PROXY TCP6 2001:db8::1 ::1 12345 443\r\n", "2001:db8::1"},
      {"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 1\r\n", "192.0.2.1"},
      {"PROXY TCP6 ffff:f1f2:f3f4:f5f6:f7f8:f9fa:fbfc:fdfe ffff:f1f2:f3f4:f5f6:f7f8:f9fa:fbfc:fdfe "
       "65535 65535\r\n",
       "ffff:f1f2:f3f4:f5f6:f7f8:f9fa:fbfc:fdfe"},
      {"PROXY UNKNOWN\r\n", nullptr},
      {"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", nullptr},
      {longest, nullptr},
      {Binary(0x21, 0x11, V4()), "192.0.2.1"},
      {Binary(0x21, 0x21, V6()), "2001:db8::1"},
      {Binary(0x21, 0x31, std::string(216, 'x')), nullptr},
      {Binary(0x21, 0x00, ""), nullptr},
      {Binary(0x21, 0x00, Extension(4, "x")), nullptr},
      {Binary(0x20, 0x00, ""), nullptr},
      {Binary(0x20, 0x11, V4()), nullptr},        // LOCAL: what it says is not used
      {Binary(0x20, 0x42, "nonsense"), nullptr},  // and not looked at
      {Binary(0x21, 0x11, V4() + Extension(4, "") + Extension('\xe0', std::string(300, 'x'))),
       "192.0.2.1"},
      {Binary(0x21, 0x11, V4() + Extension(0x20, std::string(4'096 - 16 - 12 - 3, 's'))),
       "192.0.2.1"},
      {WithChecksum("", ""), "192.0.2.1"},
      {WithChecksum(Extension(1, "h2"), Extension(5, "id")), "192.0.2.1"},
  };
}

TEST(ProxyProtocolTest, GoodHeadersAreReadToTheirLastByteAndNoFurther) {
  for (const Good& good : GoodHeaders()) {
    for (const std::string_view follows : {"", "GET / HTTP/1.1\r\n\r\n", "\r\n", "\0"}) {
      const Read read = ReadAll(good.header + std::string(follows));
      ASSERT_TRUE(read.status.ok()) << read.status << good.header;
      EXPECT_TRUE(read.whole) << good.header;
      EXPECT_EQ(read.taken, good.header.size());
      EXPECT_EQ(read.client.has_value() ? read.client->ToString() : "",
                good.client == nullptr ? "" : good.client);
    }
  }
}

TEST(ProxyProtocolTest, AHeaderThatIsCutOffIsWaitedFor) {
  for (const Good& good : GoodHeaders()) {
    for (size_t size = 0; size < good.header.size(); ++size) {
      const Read read = ReadAll(good.header.substr(0, size));
      EXPECT_TRUE(read.status.ok()) << read.status << good.header;
      EXPECT_FALSE(read.whole) << good.header << size;
    }
  }
}

struct Bad {
  std::string header;
  const char* why;
};

std::vector<Bad> BadHeaders() {
  std::string wrong_sum = WithChecksum("", "");
  wrong_sum.back() = static_cast<char>(wrong_sum.back() + 1);
  std::string wrong_address = WithChecksum("", "");
  wrong_address[16] = 9;
  return {
      // Version 1.
      {"GET / HTTP/1.1\r\n", "there is none"},
      {"proxy TCP4 1.2.3.4 1.2.3.4 1 1\r\n", "there is none"},
      {"PROXY\tTCP4 1.2.3.4 1.2.3.4 1 1\r\n", "there is none"},
      {"PROXY TCP5 1.2.3.4 1.2.3.4 1 1\r\n", "not TCP4"},
      {"PROXY UDP4 1.2.3.4 1.2.3.4 1 1\r\n", "not TCP4"},
      {"PROXY  TCP4 1.2.3.4 1.2.3.4 1 1\r\n", "not TCP4"},
      {"PROXY UNKNOWNS 1.2.3.4\r\n", "not TCP4"},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", "two addresses and two ports"},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 1 1 1\r\n", "two addresses and two ports"},
      {"PROXY TCP4  1.2.3.4 1.2.3.4 1 1\r\n", "two addresses and two ports"},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 1 1 \r\n", "two addresses and two ports"},
      {"PROXY TCP4 1.2.3.256 1.2.3.4 1 1\r\n", "IPv4"},
      {"PROXY TCP4 01.2.3.4 1.2.3.4 1 1\r\n", "IPv4"},
      {"PROXY TCP4 1.2.3.4 nonsense 1 1\r\n", "IPv4"},
      {"PROXY TCP4 ::1 ::1 1 1\r\n", "IPv4"},
      {"PROXY TCP6 1.2.3.4 1.2.3.4 1 1\r\n", "IPv6"},
      {"PROXY TCP6 [::1] ::1 1 1\r\n", "IPv6"},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 65536 1\r\n", "port"},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 01 1\r\n", "port"},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 1 -1\r\n", "port"},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 1 1x\r\n", "port"},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 1 1\nGET", "CR LF"},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 1 1\rGET", "CR LF"},
      {"PROXY UNKNOWN " + std::string(200, 'x') + "\r\n", "longer than 107"},
      {"PROXY UNKNOWN " + std::string(92, 'x') + "\r\n", "longer than 107"},
      // Version 2.
      {std::string("\r\n\r\n\0\r\nQUIX\n\x21\x11\0\0", 16), "there is none"},
      {Binary(0x11, 0x11, V4()), "version"},
      {Binary(0x31, 0x11, V4()), "version"},
      {Binary(0x22, 0x11, V4()), "version"},
      {Binary(0x2f, 0x11, V4()), "version"},
      {Binary(0x21, 0x12, V4()), "no TCP"},
      {Binary(0x21, 0x22, V6()), "no TCP"},
      {Binary(0x21, 0x32, std::string(216, 'x')), "no TCP"},
      {Binary(0x21, 0x41, V4()), "no TCP"},
      {Binary(0x21, 0x10, V4()), "no TCP"},
      {Binary(0x21, 0x11, V4().substr(1)), "less than its addresses"},
      {Binary(0x21, 0x21, V4()), "less than its addresses"},
      {Binary(0x21, 0x11, ""), "less than its addresses"},
      {Binary(0x21, 0x11, V4() + "\x04"), "cut off"},
      {Binary(0x21, 0x11, V4() + std::string("\x04\0", 2)), "cut off"},
      {Binary(0x21, 0x11, V4() + std::string("\x04\0\1", 3)), "longer than the header"},
      {Binary(0x21, 0x11, V4() + Extension(4, "x") + std::string("\x04\xff\xff", 3)),
       "longer than the header"},
      {Binary(0x21, 0x11, V4() + Extension(3, "abc")), "checksum"},
      {Binary(0x21, 0x11, V4() + Extension(3, "abcd")), "checksum"},
      {wrong_sum, "checksum"},
      {wrong_address, "checksum"},
      {Binary(0x21, 0x11, V4() + Extension(4, std::string(4'080, 'x'))), "longer than 4096"},
      {Binary(0x20, 0x00, std::string(65'535, 'x')), "longer than 4096"},
  };
}

TEST(ProxyProtocolTest, EverythingElseIsRefusedAndSaysWhy) {
  for (const Bad& bad : BadHeaders()) {
    const Read read = ReadAll(bad.header);
    EXPECT_THAT(std::string(read.status.message()), HasSubstr(bad.why)) << bad.header;
    EXPECT_FALSE(read.whole);
    EXPECT_LE(read.taken, kMaxProxyHeaderBytes);
  }
}

TEST(ProxyProtocolTest, WhatNoHeaderBeginsWithIsRefusedAtOnce) {
  EXPECT_FALSE(ReadProxyHeader("G").ok());
  EXPECT_FALSE(ReadProxyHeader("\x16").ok());  // a TLS handshake
  EXPECT_FALSE(ReadProxyHeader("\r\r").ok());
  EXPECT_FALSE(ReadProxyHeader("PROXX").ok());
  EXPECT_EQ(ReadProxyHeader("PROXY")->needs, 7u);
  EXPECT_TRUE(BeginsProxyHeader("PROXY TCP4 1.2.3.4"));
  EXPECT_TRUE(BeginsProxyHeader(Binary(0x21, 0x11, V4())));
  EXPECT_FALSE(BeginsProxyHeader("PROXY / HTTP/1.1\r\n"));
  EXPECT_FALSE(BeginsProxyHeader("\r\nGET / HTTP/1.1\r\n"));
}

}  // namespace
}  // namespace tocsin::http
