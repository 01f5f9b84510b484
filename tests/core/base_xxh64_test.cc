#include <gtest/gtest.h>

#include <string>

#include "core/base/xxh64.h"

namespace tocsin {
namespace {

// What the reference implementation (libxxhash 0.8.1) says: each way that a length can end.
TEST(Xxh64Test, IsTheSpecifiedFunction) {
  std::string counted;
  for (char c = 0; c <= 100; ++c) counted.push_back(c);
  EXPECT_EQ(Xxh64(""), 0xef46db3751d8e999u);
  EXPECT_EQ(Xxh64("a"), 0xd24ec4f1a98c6e5bu);
  EXPECT_EQ(Xxh64("tocsin"), 0x1ce36db81ef40736u);
  EXPECT_EQ(Xxh64("an event"), 0xc26851903d378bb3u);
  EXPECT_EQ(Xxh64("an event of twelve"), 0xff93ca64c7489dc9u);
  EXPECT_EQ(Xxh64("an event of more than eight bytes."), 0xb2db38d4d26d20fcu);
  EXPECT_EQ(Xxh64(counted), 0xe99038495f85381eu);
}

}  // namespace
}  // namespace tocsin
