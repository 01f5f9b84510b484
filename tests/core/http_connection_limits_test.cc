#include <gtest/gtest.h>

#include "core/event/error.h"
#include "core/http/connection_limits.h"

namespace tocsin::http {
namespace {

using Ticket = ConnectionLimits::Ticket;

IpAddress Client(uint8_t last) { return IpAddress::FromV4({192, 0, 2, last}); }
IpAddress At(std::string_view text) { return IpAddress::Parse(text).value(); }

TEST(ConnectionLimitsTest, FullIsServiceUnavailableUntilOneGoes) {
  ConnectionLimits limits({.connections = 2});
  auto one = limits.Admit(Client(1));
  auto two = limits.Admit(Client(2));
  EXPECT_EQ(ErrorCodeOf(limits.Admit(Client(3)).status()), ErrorCode::kServiceUnavailable);
  EXPECT_EQ(limits.refused().full, 1u);
  one = Ticket();
  EXPECT_TRUE(limits.Admit(Client(3)).ok());
  EXPECT_EQ(limits.connections(), 1u);
}

TEST(ConnectionLimitsTest, AnAddressHasItsShareAndLoopbackAndProxiesAreNotCounted) {
  ConnectionLimits limits({.per_address = 2}, CidrList::Parse({"10.0.0.0/8"}, "-").value());
  std::vector<Ticket> tickets;
  for (int i = 0; i < 2; ++i) tickets.push_back(limits.Admit(Client(1)).value());
  const auto third = limits.Admit(Client(1));
  EXPECT_EQ(ErrorCodeOf(third.status()), ErrorCode::kRateLimitExceeded);
  EXPECT_GT(ErrorDetailsOf(third.status()).retry_after, absl::ZeroDuration());
  EXPECT_EQ(limits.refused().address, 1u);
  EXPECT_TRUE(limits.Admit(Client(2)).ok());
  for (int i = 0; i < 50; ++i) {
    tickets.push_back(limits.Admit(At("::1")).value());
    tickets.push_back(limits.Admit(At("10.1.2.3")).value());
  }
  tickets.erase(tickets.begin());
  EXPECT_TRUE(limits.Admit(Client(1)).ok());
}

TEST(ConnectionLimitsTest, AnIpv6NetworkIsOneAddress) {
  ConnectionLimits limits({.per_address = 1});
  const auto one = limits.Admit(At("2001:db8::1"));
  EXPECT_FALSE(limits.Admit(At("2001:db8::ffff:0:0:2")).ok());
  EXPECT_TRUE(limits.Admit(At("2001:db8:0:1::1")).ok());
}

TEST(ConnectionLimitsTest, OnesThatHaveNotAuthenticatedHaveABoundOfTheirOwn) {
  ConnectionLimits limits({.unauthenticated = 2});
  Ticket one = limits.Admit(Client(1)).value();
  Ticket two = limits.Admit(Client(2)).value();
  const auto third = limits.Admit(Client(3));
  EXPECT_EQ(ErrorCodeOf(third.status()), ErrorCode::kServiceUnavailable);
  EXPECT_EQ(ErrorDetailsOf(third.status()).retry_after, absl::Seconds(10));
  EXPECT_EQ(limits.refused().unauthenticated, 1u);
  one.Authenticated();
  one.Authenticated();  // each request says so
  EXPECT_EQ(limits.unauthenticated(), 1u);
  Ticket three = limits.Admit(Client(3)).value();
  EXPECT_FALSE(limits.Admit(Client(4)).ok());
  one = Ticket();  // had authenticated: frees no place of the others
  EXPECT_FALSE(limits.Admit(Client(4)).ok());
  two = Ticket();
  EXPECT_TRUE(limits.Admit(Client(4)).ok());
  EXPECT_EQ(limits.connections(), 1u);
}

TEST(ConnectionLimitsTest, TheLastPlacesAreForThoseWhoComeBack) {
  ConnectionLimits limits({.connections = 3, .reserved = 1});
  std::vector<Ticket> tickets;
  for (int i = 0; i < 3; ++i) tickets.push_back(limits.Admit(Client(1)).value());
  EXPECT_TRUE(tickets[0].MayBegin(false));
  EXPECT_TRUE(tickets[1].MayBegin(false));
  Ticket last = std::move(tickets[2]);
  EXPECT_TRUE(last.reserved());
  EXPECT_FALSE(last.MayBegin(false));
  EXPECT_FALSE(last.MayBegin(false));
  EXPECT_EQ(limits.refused().newcomers, 2u);
  EXPECT_TRUE(last.MayBegin(true));
  EXPECT_TRUE(last.MayBegin(false)) << "it has begun, and stays";
  last = Ticket();
  last = limits.Admit(Client(1)).value();
  tickets.erase(tickets.begin());
  EXPECT_TRUE(last.MayBegin(false)) << "there is room elsewhere";
  EXPECT_EQ(ErrorDetailsOf(NewcomersWait()).retry_after, absl::Seconds(5));
}

TEST(ConnectionLimitsTest, ATicketThatMovesKeepsThatItAuthenticated) {
  ConnectionLimits limits({.unauthenticated = 1});
  Ticket ticket = limits.Admit(Client(1)).value();
  ticket.Authenticated();
  {
    const Ticket taken_over = std::move(ticket);
    EXPECT_EQ(limits.unauthenticated(), 0u);
  }
  EXPECT_EQ(limits.unauthenticated(), 0u);
  EXPECT_EQ(limits.connections(), 0u);
  Ticket().Authenticated();  // an empty one
}

TEST(ConnectionLimitsTest, BehindAProxyTheClientsAddressCounts) {
  ConnectionLimits limits({.per_address = 1}, CidrList::Parse({"10.0.0.1"}, "-").value());
  Ticket one = limits.Admit(At("10.0.0.1")).value();
  Ticket two = limits.Admit(At("10.0.0.1")).value();
  EXPECT_TRUE(one.MoveTo(Client(1)).ok());
  EXPECT_TRUE(one.MoveTo(Client(1)).ok());
  EXPECT_EQ(one.client(), Client(1));
  EXPECT_EQ(ErrorCodeOf(two.MoveTo(Client(1))), ErrorCode::kRateLimitExceeded);
  EXPECT_EQ(two.client(), At("10.0.0.1"));
  EXPECT_FALSE(limits.Admit(Client(1)).ok());
  EXPECT_TRUE(one.MoveTo(Client(2)).ok());  // the next request of the proxy's connection
  EXPECT_TRUE(two.MoveTo(Client(1)).ok());
  EXPECT_FALSE(one.MoveTo(Client(1)).ok());
  EXPECT_TRUE(two.MoveTo(At("10.0.0.1")).ok());
  EXPECT_TRUE(one.MoveTo(Client(1)).ok());
  one = Ticket();
  EXPECT_TRUE(limits.Admit(Client(1)).ok());
}

TEST(ConnectionLimitsTest, AClientMovesWithinItsIpv6NetworkWhenItHasAllOfItsConnections) {
  ConnectionLimits limits({.per_address = 1});
  Ticket ticket = limits.Admit(At("2001:db8::1")).value();
  EXPECT_TRUE(ticket.MoveTo(At("2001:db8::2")).ok());
  ticket = Ticket();
  EXPECT_TRUE(limits.Admit(At("2001:db8::3")).ok());
}

TEST(ConnectionLimitsTest, WaitForNoneTellsWhetherAllHaveGone) {
  ConnectionLimits limits({});
  auto ticket = limits.Admit(Client(1));
  EXPECT_FALSE(limits.WaitForNone(absl::ZeroDuration()));
  ticket = Ticket();
  EXPECT_TRUE(limits.WaitForNone(absl::ZeroDuration()));
}

}  // namespace
}  // namespace tocsin::http
