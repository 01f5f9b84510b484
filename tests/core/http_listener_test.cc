// Whose PROXY protocol header is taken, over real sockets.
#include <gmock/gmock.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "core/base/listen_address.h"
#include "core/http/listener.h"

namespace tocsin::http::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
namespace asio = boost::asio;

// What a client of this machine is answered that begins with a header for another.
std::string AnswerTo(const std::string& header, const std::string& trusted) {
  Service service{
      .routes = RouteTable(),
      .proxies = {.trusted = CidrList::Parse({trusted}, "-").value(), .protocol = true}};
  ConnectionLimits limits({});
  IoThread io(Clock::Real());
  ListenSockets sockets =
      ListenSockets::Open(ParseListenAddress("127.0.0.1:0", "-").value()).value();
  const uint16_t port = sockets.address().port;
  Listener listener(std::move(sockets), {{&io, &service}}, limits);
  listener.Start();
  io.Start();
  asio::io_context mine;
  asio::ip::tcp::socket client(mine);
  client.connect({asio::ip::address_v4::loopback(), port});
  asio::write(
      client,
      asio::buffer(header + "GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
  std::string answer;
  boost::system::error_code end;
  asio::read(client, asio::dynamic_buffer(answer), end);
  io.Stop();
  return answer;
}

constexpr char kHeader[] = "PROXY TCP4 192.0.2.1 10.0.0.1 1 2\r\n";

TEST(ListenerTest, AHeaderOfAListedProxyIsTaken) {
  EXPECT_THAT(AnswerTo(kHeader, "127.0.0.0/8"), StartsWith("HTTP/1.1 404"));
}

TEST(ListenerTest, AHeaderOfAnybodyElseIsNotBelieved) {
  const std::string answer = AnswerTo(kHeader, "10.0.0.0/8");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(answer, HasSubstr("none of --trusted-proxy"));
  EXPECT_THAT(AnswerTo("", "10.0.0.0/8"), StartsWith("HTTP/1.1 404"));
}

}  // namespace
}  // namespace tocsin::http::testing
