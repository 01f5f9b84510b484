// The handshake of a WebSocket: what is offered, and what is answered.
#include "bridge/ws/handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::bridge::ws {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(HandshakeTest, SubprotocolsAreReadFromAllFieldsInOrderAndKeepTheirCase) {
  http::HttpRequest request;
  EXPECT_THAT(OfferedSubprotocols(request), IsEmpty());
  request.fields = {{"Sec-WebSocket-Protocol", " graphql-ws ,, Bearer.abc"},
                    {"Origin", "x"},
                    {"sec-websocket-protocol", "graphql-transport-ws"}};
  EXPECT_THAT(OfferedSubprotocols(request),
              ElementsAre("graphql-ws", "Bearer.abc", "graphql-transport-ws"));
}

TEST(HandshakeTest, OnlyWhatWasAgreedOnIsAnswered) {
  const std::string plain = HandshakeResponse("dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_THAT(plain, HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  EXPECT_THAT(plain, Not(HasSubstr("Sec-WebSocket-Protocol")));
  EXPECT_THAT(plain, Not(HasSubstr("Sec-WebSocket-Extensions")));
  const std::string both =
      HandshakeResponse("dGhlIHNhbXBsZSBub25jZQ==", "permessage-deflate", "graphql-transport-ws");
  EXPECT_THAT(both, HasSubstr("\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"));
  EXPECT_THAT(both, HasSubstr("\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n"));
}

TEST(HandshakeTest, ARequestWithoutUpgradeIsToldThePathThatIsAWebSocket) {
  http::HttpRequest request;
  request.target = "/graphql/ws?x";
  const auto refusal = RefuseHandshake(request);
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->status, 426);
  EXPECT_THAT(refusal->body, HasSubstr("/graphql/ws is a WebSocket"));
}

}  // namespace
}  // namespace tocsin::bridge::ws
