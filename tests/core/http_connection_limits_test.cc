#include <gtest/gtest.h>

#include "core/event/error.h"
#include "core/http/connection_limits.h"

namespace tocsin::http {
namespace {

AddressKey Key(uint8_t last) {
  AddressKey key{};
  key[15] = last;
  return key;
}

TEST(ConnectionLimitsTest, FullIsServiceUnavailableUntilOneGoes) {
  ConnectionLimits limits(2, 10);
  auto one = limits.Admit(Key(1), false);
  auto two = limits.Admit(Key(2), false);
  EXPECT_EQ(ErrorCodeOf(limits.Admit(Key(3), false).status()), ErrorCode::kServiceUnavailable);
  one = ConnectionLimits::Ticket();
  EXPECT_TRUE(limits.Admit(Key(3), false).ok());
  EXPECT_EQ(limits.connections(), 1u);
}

TEST(ConnectionLimitsTest, AnAddressHasItsShareAndLoopbackIsNotCounted) {
  ConnectionLimits limits(100, 2);
  std::vector<ConnectionLimits::Ticket> tickets;
  for (int i = 0; i < 2; ++i) tickets.push_back(limits.Admit(Key(1), false).value());
  const auto third = limits.Admit(Key(1), false);
  EXPECT_EQ(ErrorCodeOf(third.status()), ErrorCode::kRateLimitExceeded);
  EXPECT_GT(ErrorDetailsOf(third.status()).retry_after, absl::ZeroDuration());
  EXPECT_TRUE(limits.Admit(Key(2), false).ok());
  for (int i = 0; i < 50; ++i) tickets.push_back(limits.Admit(Key(9), true).value());
  tickets.erase(tickets.begin());
  EXPECT_TRUE(limits.Admit(Key(1), false).ok());
}

TEST(ConnectionLimitsTest, WaitForNoneTellsWhetherAllHaveGone) {
  ConnectionLimits limits(10, 10);
  auto ticket = limits.Admit(Key(1), false);
  EXPECT_FALSE(limits.WaitForNone(absl::ZeroDuration()));
  ticket = ConnectionLimits::Ticket();
  EXPECT_TRUE(limits.WaitForNone(absl::ZeroDuration()));
}

}  // namespace
}  // namespace tocsin::http
