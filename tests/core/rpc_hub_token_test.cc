#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/rpc/grpc_link.h"
#include "core/rpc/hub_channel.h"
#include "core/rpc/hub_stream.h"
#include "core/rpc/hub_token.h"
#include "tests/core/rpc_scripted_hub.h"

namespace tocsin::rpc {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class HubTokenTest : public ::testing::Test {
 protected:
  HubTokenTest() {
    char path[] = "/tmp/tocsin-token-XXXXXX";
    folder = mkdtemp(path);
    file = folder + "/token";
  }
  ~HubTokenTest() override { std::filesystem::remove_all(folder); }

  // The whole file at once, as tools that renew tokens do.
  void Put(const std::string& text) const {
    std::ofstream(file + ".next") << text;
    std::rename((file + ".next").c_str(), file.c_str());
  }

  std::string folder;
  std::string file;
};

TEST_F(HubTokenTest, AFileIsReadAgainWhenItChanges) {
  Put("first\n");
  ManualClock clock;
  const HubTokenPtr token = HubToken::OfFile(file, clock).value();
  EXPECT_EQ(token->Authorization(), "Bearer first");
  EXPECT_TRUE(token->may_change());
  Put("second");
  EXPECT_EQ(token->Authorization(), "Bearer first") << "not at every call";
  clock.Advance(HubToken::kReadEvery);
  EXPECT_EQ(token->Authorization(), "Bearer second");
  // Neither a file that has gone nor one without a token takes the last one away.
  Put("two tokens");
  clock.Advance(HubToken::kReadEvery);
  EXPECT_EQ(token->Authorization(), "Bearer second");
  std::filesystem::remove(file);
  clock.Advance(HubToken::kReadEvery);
  EXPECT_EQ(token->Authorization(), "Bearer second");
  Put("third\r\n");
  clock.Advance(HubToken::kReadEvery);
  EXPECT_EQ(token->Authorization(), "Bearer third");
}

TEST_F(HubTokenTest, WhatIsNoTokenIsRefusedAndNotTold) {
  for (const std::string& text :
       {std::string(), std::string("\n"), std::string("a b"), std::string("a,b"),
        std::string("a\nb"), std::string("ü"), std::string(5000, 'x')}) {
    Put(text);
    const absl::Status status = HubToken::OfFile(file).status();
    EXPECT_FALSE(status.ok()) << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr(file));
    if (text.size() > 2) EXPECT_THAT(std::string(status.message()), Not(HasSubstr(text)));
  }
  EXPECT_THAT(std::string(HubToken::OfText("a b", "TOCSIN_TOKEN").status().message()),
              HasSubstr("TOCSIN_TOKEN"));
}

TEST_F(HubTokenTest, ItGoesToOtherMachinesOverTlsOnly) {
  Put("t");
  HubTokenFlags flags{.file = file};
  for (const char* here : {"127.0.0.1:1", "localhost:1", "[::1]:1", "unix:/run/x.sock",
                           "dns:///localhost:1", "ipv4:127.0.0.1:1"}) {
    EXPECT_TRUE(flags.Open(here, /*tls=*/false, "--f").ok()) << here;
  }
  for (const char* there : {"192.0.2.1:1", "hub.example:1", "[2001:db8::1]:1", "dns:///hub:1",
                            "ipv4:127.0.0.1:1,192.0.2.1:1", "localhost.example:1"}) {
    const absl::Status status = flags.Open(there, /*tls=*/false, "--f").status();
    EXPECT_THAT(std::string(status.message()), HasSubstr("--hub-tls")) << there;
    EXPECT_TRUE(flags.Open(there, /*tls=*/true, "--f").ok()) << there;
  }
  flags.in_the_clear = true;
  EXPECT_TRUE(flags.Open("192.0.2.1:1", false, "--f").ok());
  EXPECT_EQ(HubTokenFlags{}.Open("192.0.2.1:1", false, "--f").value(), nullptr);
}

// What each Subscribe shows.
class Showing : public testing::ScriptedHub {
 public:
  grpc::Status Subscribe(grpc::ServerContext* context, const v1::SubscribeRequest* request,
                         Writer* writer) override {
    const auto found = context->client_metadata().find("authorization");
    {
      MutexLock lock(mutex);
      shown.push_back(found == context->client_metadata().end()
                          ? ""
                          : std::string(found->second.data(), found->second.size()));
    }
    return ScriptedHub::Subscribe(context, request, writer);
  }
  size_t calls() {
    MutexLock lock(mutex);
    return shown.size();
  }
  Mutex mutex;
  std::vector<std::string> shown ABSL_GUARDED_BY(mutex);
};

// Goes on for ever, as a bridge does.
struct Waiting : HubStream::Owner {
  absl::Status OnResponse(const grpc::ByteBuffer&) override { return absl::OkStatus(); }
  bool OnEnd(const grpc::Status&) override { return true; }
};

TEST_F(HubTokenTest, AStreamThatIsRefusedIsBegunAgainWithThePresentToken) {
  Showing hub;
  hub.always = [](const v1::SubscribeRequest&, auto&) {
    return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "the token has expired");
  };
  Put("old");
  HubLoop loop;
  GrpcLink link(loop, MakeHubChannel(hub.address(), Connection::kOwn),
                HubToken::OfFile(file).value());
  Waiting owner;
  HubStream stream(link, {}, owner);
  stream.Next();
  Put("new");
  std::function<void()> look = [&] {
    bool seen = false;
    {
      MutexLock lock(hub.mutex);
      EXPECT_EQ(hub.shown.empty() ? "Bearer old" : hub.shown.front(), "Bearer old");
      seen = !hub.shown.empty() && hub.shown.back() == "Bearer new";
    }
    seen ? loop.Stop() : void(loop.After(absl::Milliseconds(5), look));
  };
  look();
  loop.After(absl::Seconds(20), [&] { loop.Stop(); });
  loop.Run();
  MutexLock lock(hub.mutex);
  EXPECT_EQ(hub.shown.back(), "Bearer new");
}

}  // namespace
}  // namespace tocsin::rpc
