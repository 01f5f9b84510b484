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

TEST(ExposureTest, OtherMachinesNeedAuthenticationAndTlsOrSomebodyWhoInsists) {
  const auto exposed = *ParseListenAddress("0.0.0.0:8080", "--listen");
  for (int bits = 0; bits < 16; ++bits) {
    const Exposure exposure{.tls = (bits & 1) != 0,
                            .auth = (bits & 2) != 0,
                            .behind_proxy = (bits & 4) != 0,
                            .insecure = (bits & 8) != 0};
    const absl::Status checked = CheckExposure(exposed, exposure, "--listen");
    const bool encrypted = exposure.tls || exposure.behind_proxy;
    if (exposure.insecure || (exposure.auth && encrypted)) {
      EXPECT_TRUE(checked.ok()) << bits << checked;
      continue;
    }
    EXPECT_EQ(checked.code(), absl::StatusCode::kFailedPrecondition) << bits;
    const std::string text(checked.message());
    EXPECT_THAT(text, HasSubstr("--listen 0.0.0.0:8080"));
    EXPECT_THAT(text, HasSubstr("--insecure"));
    EXPECT_EQ(text.find("--auth-secret-file") != std::string::npos, !exposure.auth) << text;
    EXPECT_EQ(text.find("--tls-cert") != std::string::npos, !encrypted) << text;
    EXPECT_EQ(text.find("--behind-proxy") != std::string::npos, !encrypted) << text;
  }
}

TEST(ExposureTest, ThisMachineNeedsNothing) {
  for (const char* text : {"127.0.0.1:0", "[::1]:0", "localhost:0", "unix:/s"}) {
    EXPECT_TRUE(CheckExposure(*ParseListenAddress(text, "-", UnixSockets::kAllowed), {}, "-").ok());
  }
}

}  // namespace
}  // namespace tocsin
