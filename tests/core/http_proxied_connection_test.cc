// Connections of trusted proxies: the header before anything else, and whose connection it is then.
#include <gmock/gmock.h>

#include "core/http/proxied_connection.h"
#include "tests/core/http_server_fixture.h"

namespace tocsin::http::testing {
namespace {

constexpr std::string_view kLine = "PROXY TCP4 192.0.2.1 10.0.0.1 12345 443\r\n";
const std::string kLocal("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16);

class ProxiedTest : public ServerFixture {
 protected:
  ProxiedTest() {
    service.proxies.trusted = CidrList::Parse({"10.0.0.0/8"}, "-").value();
    service.proxies.protocol = true;
    service.proxies.on_bad_header = [this] { ++bad_headers; };
  }

  // The connections give their tickets back.
  ~ProxiedTest() override {
    later.clear();
    io.Stop();
  }

  // As the listener does for a connection of that proxy.
  void Dial(std::string_view proxy = "10.0.0.1") {
    auto [server, other] = MemoryStream::MakePair(io.io());
    client = std::move(other);
    at_end = false;
    received.clear();
    auto ticket = limits.Admit(IpAddress::Parse(proxy).value());
    ServeProxied(io, service.proxies, std::move(server), *std::move(ticket), std::nullopt,
                 [this](std::unique_ptr<ByteStream> stream, ConnectionLimits::Ticket its_ticket,
                        std::optional<HttpResponse> refusal) {
                   clients.push_back(its_ticket.client().ToString());
                   ServeHttp(io, service, std::move(stream), std::move(its_ticket),
                             std::move(refusal));
                 });
  }
  static std::string Line(std::string_view address) {
    return "PROXY TCP4 " + std::string(address) + " 10.0.0.1 1 2\r\n";
  }

  ConnectionLimits limits{{.per_address = 2}, CidrList::Parse({"10.0.0.0/8"}, "-").value()};
  std::vector<std::string> clients;
  int bad_headers = 0;
};

TEST_F(ProxiedTest, TheHeaderNamesTheClientAndTheRequestFollows) {
  Dial();
  Send(std::string(kLine) + Get("/things/1"));
  EXPECT_EQ(Status(), 200);
  EXPECT_EQ(clients, std::vector<std::string>{"192.0.2.1"});
  Take();
  Send(Get("/things/2"));
  EXPECT_EQ(Status(), 200);
  EXPECT_EQ(bad_headers, 0);
}

TEST_F(ProxiedTest, TheHeaderMayComeByteByByte) {
  Dial();
  for (const char c : std::string(kLine) + Get("/things/1")) {
    Send({&c, 1});
  }
  EXPECT_EQ(Status(), 200);
  EXPECT_EQ(clients, std::vector<std::string>{"192.0.2.1"});
}

TEST_F(ProxiedTest, AProxyMaySpeakForItself) {
  Dial();
  Send(kLocal + Get("/things/1"));
  EXPECT_EQ(Status(), 200);
  EXPECT_EQ(clients, std::vector<std::string>{"10.0.0.1"});
}

TEST_F(ProxiedTest, AMissingHeaderIsRefusedClearly) {
  Dial();
  Send(Get("/things/1"));
  EXPECT_EQ(Status(), 400);
  EXPECT_TRUE(Has("this address is one of --trusted-proxy"));
  EXPECT_TRUE(at_end);
  EXPECT_TRUE(seen.empty());
  EXPECT_EQ(bad_headers, 1);
  Pass(absl::Seconds(2));
  EXPECT_EQ(limits.connections(), 0u);
}

TEST_F(ProxiedTest, ABadHeaderIsRefusedAndNothingAfterItIsServed) {
  Dial();
  Send("PROXY TCP4 192.0.2.256 10.0.0.1 1 2\r\n" + Get("/things/1"));
  EXPECT_EQ(Status(), 400);
  EXPECT_TRUE(Has("what should be an IPv4 address is none"));
  EXPECT_TRUE(seen.empty());
  EXPECT_EQ(bad_headers, 1);
}

TEST_F(ProxiedTest, ASecondHeaderIsNoRequest) {
  Dial();
  Send(std::string(kLine) + Line("192.0.2.66") + Get("/things/1"));
  EXPECT_EQ(Status(), 400);
  EXPECT_TRUE(Has("none of --trusted-proxy"));
  EXPECT_TRUE(seen.empty());
}

TEST_F(ProxiedTest, AHeaderFromAnybodyElseIsRefusedClearly) {
  for (const std::string& header :
       {std::string(kLine),
        std::string("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\1\2\3\4\1\2\3\4\0\1\0\1", 28)}) {
    Connect();
    received.clear();
    Send(header + Get("/things/1"));
    EXPECT_EQ(Status(), 400);
    EXPECT_TRUE(Has("a PROXY protocol header comes from an address that is none of"));
    EXPECT_TRUE(seen.empty());
  }
}

TEST_F(ProxiedTest, AHeaderThatDoesNotComeInTimeEndsTheConnection) {
  Dial();
  Send(kLine.substr(0, 20));
  Pass(limits::kHeaderReadTimeout - absl::Milliseconds(1));
  EXPECT_FALSE(at_end);
  Pass(absl::Milliseconds(1));
  EXPECT_EQ(Status(), 400);
  EXPECT_TRUE(at_end);
  EXPECT_EQ(bad_headers, 1);
}

TEST_F(ProxiedTest, AClientThatGoesBeforeItsHeaderLeavesNothing) {
  Dial();
  Send("PROXY ");
  client->Close();
  Turn();
  EXPECT_EQ(limits.connections(), 0u);
  Dial();
  io.Drain([] { return absl::ZeroDuration(); });
  Turn();
  EXPECT_EQ(limits.connections(), 0u);
}

TEST_F(ProxiedTest, TheClientBehindTheProxyIsCounted) {
  std::vector<std::unique_ptr<MemoryStream>> kept;
  for (int i = 0; i < 3; ++i) {
    Dial();
    Send(Line("192.0.2.1") + Get("/things/1"));
    EXPECT_EQ(Status(), i < 2 ? 200 : 429);
    kept.push_back(std::move(client));
  }
  Dial();
  Send(Line("192.0.2.2") + Get("/things/1"));
  EXPECT_EQ(Status(), 200);
}

// Requests of several clients over one connection of a proxy, which says whose by a field.
class ForwardedRequestsTest : public ProxiedTest {
 protected:
  ForwardedRequestsTest() {
    service.proxies.protocol = false;
    service.routes = RouteTable(
        {{.name = "who",
          .method = "GET",
          .pattern = "/who",
          .handler = AtOnce([](const HttpRequest& request) {
            return HttpResponse{.body = request.client.ToString()};
          })},
         {.name = "later",
          .method = "GET",
          .pattern = "/later",
          .handler = [this](HttpRequest&, Responder r) { later.emplace_back(std::move(r)); }}});
  }
  void DialHttp(std::string_view peer) {
    auto [server, other] = MemoryStream::MakePair(io.io());
    client = std::move(other);
    received.clear();
    ServeHttp(io, service, std::move(server), *limits.Admit(IpAddress::Parse(peer).value()));
  }
  std::string From(std::string_view address, std::string_view target = "/who") {
    return Get(target, "X-Forwarded-For: " + std::string(address) + "\r\n");
  }
};

TEST_F(ForwardedRequestsTest, EachRequestHasItsClient) {
  DialHttp("10.0.0.1");
  Send(From("192.0.2.1"));
  EXPECT_TRUE(Has("192.0.2.1"));
  Take();
  Send(From("192.0.2.2"));
  EXPECT_TRUE(Has("192.0.2.2"));
  Take();
  Send(Get("/who"));
  EXPECT_TRUE(Has("10.0.0.1"));
  DialHttp("203.0.113.9");
  Send(From("192.0.2.1"));
  EXPECT_TRUE(Has("203.0.113.9"));
}

TEST_F(ForwardedRequestsTest, AClientCountsWhileItsRequestLasts) {
  std::vector<std::unique_ptr<MemoryStream>> kept;
  for (int i = 0; i < 2; ++i) {
    DialHttp("10.0.0.1");
    Send(From("192.0.2.1", "/later"));
    kept.push_back(std::move(client));
  }
  DialHttp("10.0.0.1");
  Send(From("192.0.2.1"));
  EXPECT_EQ(Status(), 429);
  EXPECT_TRUE(Has("Retry-After: 5\r\n"));
  std::move(later.front()).Respond({});
  Turn();
  DialHttp("10.0.0.1");
  Send(From("192.0.2.1"));
  EXPECT_EQ(Status(), 200);
}

}  // namespace
}  // namespace tocsin::http::testing
