#include "hub/service/connection_table.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "hub/service/reset_guard.h"

namespace tocsin::hub {
namespace {

IpAddress Address(std::string_view text) { return IpAddress::Parse(text).value(); }
PeerAddress At(std::string_view text, uint16_t port = 1) {
  return {.address = Address(text), .port = port};
}

// One end of a connection, as gRPC closes it: without telling.
class Socket {
 public:
  Socket() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_), 0); }
  ~Socket() {
    Close();
    close(ends_[1]);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int descriptor() const { return ends_[0]; }
  void Close() {
    if (!std::exchange(closed_, true)) {
      close(ends_[0]);
    }
  }

 private:
  int ends_[2] = {-1, -1};
  bool closed_ = false;
};

TEST(ConnectionTableTest, AnAddressHasItsShareUntilOneIsClosed) {
  ConnectionTable table(2, {});
  Socket one, two, three, other;
  EXPECT_TRUE(table.Add(one.descriptor(), At("192.0.2.1")));
  EXPECT_TRUE(table.Add(two.descriptor(), At("192.0.2.1")));
  EXPECT_FALSE(table.Add(three.descriptor(), At("192.0.2.1")));
  EXPECT_TRUE(table.Add(other.descriptor(), At("192.0.2.2")));
  one.Close();
  EXPECT_TRUE(table.Add(three.descriptor(), At("192.0.2.1")));
  Socket four;
  EXPECT_FALSE(table.Add(four.descriptor(), At("192.0.2.1")));
}

TEST(ConnectionTableTest, ADescriptorThatIsAnothersNowIsNotCounted) {
  ConnectionTable table(1, {});
  auto gone = std::make_unique<Socket>();
  const int descriptor = gone->descriptor();
  EXPECT_TRUE(table.Add(descriptor, At("192.0.2.1")));
  gone.reset();
  Socket next;  // takes the lowest number that is free
  ASSERT_EQ(next.descriptor(), descriptor);
  EXPECT_TRUE(table.Add(next.descriptor(), At("192.0.2.2")));
  EXPECT_EQ(table.CountOf(Address("192.0.2.1")), 0u);
  EXPECT_EQ(table.CountOf(Address("192.0.2.2")), 1u);
  Socket more;
  EXPECT_TRUE(table.Add(more.descriptor(), At("192.0.2.1")));
}

TEST(ConnectionTableTest, AnIpv6NetworkIsOneAddressAndLoopbackAndProxiesAreNotCounted) {
  ConnectionTable table(1, CidrList::Parse({"10.0.0.0/8"}, "-").value());
  Socket one, two, three;
  EXPECT_TRUE(table.Add(one.descriptor(), At("2001:db8::1")));
  EXPECT_FALSE(table.Add(two.descriptor(), At("2001:db8::2")));
  EXPECT_TRUE(table.Add(two.descriptor(), At("2001:db8:0:1::1")));
  for (const char* exempt : {"127.0.0.1", "::1", "10.1.2.3"}) {
    EXPECT_TRUE(table.Add(three.descriptor(), At(exempt)));
    EXPECT_TRUE(table.Add(three.descriptor(), At(exempt)));
  }
}

TEST(ConnectionTableTest, ManyThatComeAndGoLeaveOneBehind) {
  ConnectionTable table(3, {});
  for (int i = 0; i < 1'000; ++i) {
    Socket socket;
    ASSERT_TRUE(table.Add(socket.descriptor(), At("192.0.2.1"))) << i;
  }
  EXPECT_LE(table.CountOf(Address("192.0.2.1")), 3u);
}

TEST(ConnectionTableTest, ShutEndsThatConnectionAndNoOther) {
  ConnectionTable table(10, {});
  Socket one, two;
  EXPECT_TRUE(table.Add(one.descriptor(), At("127.0.0.1", 1)));
  EXPECT_TRUE(table.Add(two.descriptor(), At("127.0.0.1", 2)));
  EXPECT_FALSE(table.Shut(At("127.0.0.1", 3)));
  EXPECT_TRUE(table.Shut(At("127.0.0.1", 1)));
  EXPECT_EQ(send(one.descriptor(), "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT), -1);
  EXPECT_EQ(send(two.descriptor(), "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT), 1);
}

TEST(ConnectionTableTest, ShutLeavesADescriptorAloneThatIsAnothersNow) {
  ConnectionTable table(10, {});
  auto gone = std::make_unique<Socket>();
  const int descriptor = gone->descriptor();
  EXPECT_TRUE(table.Add(descriptor, At("192.0.2.1", 1)));
  gone.reset();
  Socket next;  // not known here: a connection to somewhere else
  ASSERT_EQ(next.descriptor(), descriptor);
  EXPECT_FALSE(table.Shut(At("192.0.2.1", 1)));
  EXPECT_EQ(send(next.descriptor(), "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT), 1);
}

TEST(PeerAddressTest, ReadsWhatGrpcCallsAPeer) {
  EXPECT_EQ(ParsePeer("ipv4:192.0.2.1:4711"), At("192.0.2.1", 4711));
  EXPECT_EQ(ParsePeer("ipv6:%5B2001:db8::1%5D:4711"), At("2001:db8::1", 4711));
  EXPECT_EQ(ParsePeer("ipv6:[::1]:1"), At("::1", 1));
  for (const char* text : {"", "unix:", "unix:/tmp/s", "ipv4:", "ipv4:192.0.2.1", "ipv4:192.0.2.1:",
                           "ipv4:192.0.2.1:70000", "ipv4:localhost:1", "192.0.2.1:1"}) {
    EXPECT_FALSE(ParsePeer(text).has_value()) << text;
  }
}

TEST(ResetGuardTest, AConnectionWhoseCallsAreResetIsToldOnceForEachBurst) {
  ManualClock clock;
  std::vector<std::string> dropped;
  ResetGuard guard(clock, [&](const std::string& peer) { dropped.push_back(peer); });
  for (int i = 0; i < 200; ++i) {
    guard.OnReset("ipv4:192.0.2.1:1");
    guard.OnReset("ipv4:192.0.2.1:2");
  }
  EXPECT_TRUE(dropped.empty());
  guard.OnReset("ipv4:192.0.2.1:1");
  EXPECT_EQ(dropped, std::vector<std::string>{"ipv4:192.0.2.1:1"});
  guard.OnReset("ipv4:192.0.2.1:1");
  EXPECT_EQ(guard.dropped(), 1u);
}

TEST(ResetGuardTest, AFewResetsASecondAreAnHonestClients) {
  ManualClock clock;
  ResetGuard guard(clock, [](const std::string& peer) { ADD_FAILURE() << peer; });
  for (int i = 0; i < 10'000; ++i) {
    guard.OnReset("ipv4:192.0.2.1:1");
    clock.Advance(absl::Milliseconds(51));
  }
}

TEST(ResetGuardTest, ManyConnectionsAreForgottenInTheEnd) {
  ManualClock clock;
  int dropped = 0;
  ResetGuard guard(clock, [&](const std::string&) { ++dropped; });
  for (size_t i = 0; i < 3 * ResetGuard::kPeers; ++i) {
    guard.OnReset("ipv4:192.0.2.1:" + std::to_string(i));
  }
  for (int i = 0; i < 201; ++i) {
    guard.OnReset("ipv4:192.0.2.2:1");
  }
  EXPECT_EQ(dropped, 1);
}

}  // namespace
}  // namespace tocsin::hub
