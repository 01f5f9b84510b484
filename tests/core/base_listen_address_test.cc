#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/listen_address.h"

namespace tocsin {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(std::string_view text) {
  const auto address = ParseListenAddress(text, "--listen");
  return address.ok() ? "accepted" : std::string(address.status().message());
}

TEST(ListenAddressTest, ReadsBackWhatItPrints) {
  for (const char* text : {"127.0.0.1:8080", "localhost:0", "[::1]:8080", "0.0.0.0:65535", "[::]:1",
                           "hub-1.example.org:50051", "unix:/run/tocsin.sock"}) {
    const auto address = ParseListenAddress(text, "--listen", UnixSockets::kAllowed);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_EQ(address->ToString(), text);
  }
}

TEST(ListenAddressTest, RefusesWhatIsNoAddressAndSaysWhatIsMissing) {
  EXPECT_THAT(ErrorOf("127.0.0.1"), HasSubstr("the port is missing"));
  EXPECT_THAT(ErrorOf("127.0.0.1:"), HasSubstr("0 to 65535"));
  EXPECT_THAT(ErrorOf("127.0.0.1:65536"), HasSubstr("0 to 65535"));
  EXPECT_THAT(ErrorOf("127.0.0.1:80x"), HasSubstr("0 to 65535"));
  EXPECT_THAT(ErrorOf(":8080"), HasSubstr("0.0.0.0 is every interface"));
  EXPECT_THAT(ErrorOf("::1:8080"), HasSubstr("brackets"));
  EXPECT_THAT(ErrorOf("[nonsense]:80"), HasSubstr("no IPv6"));
  EXPECT_THAT(ErrorOf("http://localhost:80"), HasSubstr("neither a name nor an address"));
  EXPECT_THAT(ErrorOf("unix:/x"), HasSubstr("no Unix socket"));
  EXPECT_THAT(ErrorOf(""), HasSubstr("--listen"));
}

TEST(ListenAddressTest, KnowsLoopback) {
  for (const char* text : {"127.0.0.1:1", "127.8.9.10:1", "localhost:1", "LOCALHOST:1", "[::1]:1",
                           "[0:0:0:0:0:0:0:1]:1", "[::ffff:127.0.0.1]:1"}) {
    EXPECT_TRUE(ParseListenAddress(text, "--listen")->IsLoopback()) << text;
  }
  for (const char* text : {"0.0.0.0:1", "10.0.0.1:1", "[::]:1", "[fe80::1]:1", "example.org:1",
                           "127.0.0.1.example.org:1", "[::ffff:10.0.0.1]:1"}) {
    EXPECT_FALSE(ParseListenAddress(text, "--listen")->IsLoopback()) << text;
  }
}

TEST(ListenAddressTest, OtherMachinesNeedInsecure) {
  const auto exposed = *ParseListenAddress("0.0.0.0:8080", "--listen");
  const absl::Status refused = CheckExposure(exposed, false, "--listen");
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("--listen 0.0.0.0:8080"));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("--insecure"));
  EXPECT_TRUE(CheckExposure(exposed, true, "--listen").ok());
  EXPECT_TRUE(CheckExposure(*ParseListenAddress("127.0.0.1:0", "-"), false, "-").ok());
  EXPECT_TRUE(
      CheckExposure(*ParseListenAddress("unix:/s", "-", UnixSockets::kAllowed), false, "-").ok());
}

}  // namespace
}  // namespace tocsin
