#include "bridge/playground/playground.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/bridge/rest_fixture.h"

namespace tocsin::bridge {
namespace {

using playground::Assets;

constexpr char kPack[] =
    "index.html text/html;charset=utf-8 identity a1 33\n"
    "main.js text/javascript;charset=utf-8 gzip b2 5\n\n"
    "<script nonce=\"{nonce}\"></script>squee";

TEST(AssetsTest, AreReadFromThePack) {
  const absl::StatusOr<Assets> assets = Assets::Read(kPack);
  ASSERT_TRUE(assets.ok()) << assets.status();
  ASSERT_NE(assets->Find("main.js"), nullptr);
  EXPECT_EQ(assets->Find("main.js")->bytes, "squee");
  EXPECT_EQ(assets->Find("main.js")->media_type, "text/javascript;charset=utf-8");
  EXPECT_TRUE(assets->Find("main.js")->gzip);
  EXPECT_FALSE(assets->Find("index.html")->gzip);
  EXPECT_EQ(assets->Find("nothing.js"), nullptr);
  EXPECT_TRUE(Assets::Read("")->empty());
}

TEST(AssetsTest, ADamagedPackIsRefused) {
  const std::string pack = kPack;
  for (size_t length = 1; length < pack.size(); ++length) {
    EXPECT_FALSE(Assets::Read(pack.substr(0, length)).ok()) << length;
  }
  EXPECT_FALSE(Assets::Read(pack + "x").ok());
  EXPECT_FALSE(Assets::Read("main.js text/javascript identity a1 2\n\nxy").ok()) << "no page";
}

TEST(AssetsTest, WhatIsBuiltInCanBeRead) { Assets::BuiltIn(); }

class PlaygroundTest : public testing::RestTest {
 protected:
  PlaygroundTest() { Serve(Assets::Read(kPack).value()); }

  void Serve(Assets made) {
    assets = std::move(made);
    service.routes = http::RouteTable(playground::Routes(assets));
  }
  // What style-src-elem has between 'nonce- and '.
  static std::string NonceOf(const Answer& answer) {
    const std::string policy = answer.Header("Content-Security-Policy");
    const size_t at = policy.find("'nonce-") + 7;
    return policy.substr(at, policy.find('\'', at) - at);
  }

  Assets assets;
};

TEST_F(PlaygroundTest, ThePageHasAPolicyAndANonceOfItsOwn) {
  const Answer answer = Get("/graphql/playground");
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(answer.Header("Cache-Control"), "no-store");
  const std::string policy = answer.Header("Content-Security-Policy");
  EXPECT_TRUE(absl::StartsWith(policy, "default-src 'none'; ")) << policy;
  EXPECT_TRUE(absl::StrContains(policy, "script-src 'self';")) << "no other scripts, no eval";
  EXPECT_TRUE(absl::StrContains(policy, "connect-src 'self';"));
  EXPECT_TRUE(absl::StrContains(policy, "frame-ancestors 'none'"));
  EXPECT_FALSE(absl::StrContains(policy, "://")) << "no other host";
  const std::string nonce = NonceOf(answer);
  EXPECT_EQ(nonce.size(), 32u);
  EXPECT_EQ(answer.body, absl::StrCat("<script nonce=\"", nonce, "\"></script>"));
  EXPECT_NE(NonceOf(Get("/graphql/playground")), nonce);
}

TEST_F(PlaygroundTest, FilesAreServedAsTheyWerePacked) {
  const Answer answer = Get("/graphql/playground/main.js");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "squee");
  EXPECT_EQ(answer.Header("Content-Type"), "text/javascript;charset=utf-8");
  EXPECT_EQ(answer.Header("Content-Encoding"), "gzip");
  EXPECT_EQ(answer.Header("ETag"), "\"b2\"");
  const Answer known = Get("/graphql/playground/main.js", {{"If-None-Match", "\"a\", \"b2\""}});
  EXPECT_EQ(known.status, 304);
  EXPECT_EQ(known.body, "");
  EXPECT_EQ(Get("/graphql/playground/main.js", {{"Accept-Encoding", "br, gzip"}}).status, 200);
  EXPECT_EQ(Get("/graphql/playground/main.js", {{"Accept-Encoding", "br"}}).status, 406);
}

TEST_F(PlaygroundTest, WhatIsNotAFileIsNotFound) {
  for (const char* name :
       {"", "main", "../main.js", "%2e%2e%2fmain.js", "index.html", "main.js/x"}) {
    EXPECT_EQ(Get(absl::StrCat("/graphql/playground/", name)).status, 404) << name;
  }
}

TEST_F(PlaygroundTest, WithoutGraphiqlThePageSaysHowToGetIt) {
  Serve({});
  const Answer answer = Get("/graphql/playground");
  EXPECT_EQ(answer.status, 404);
  EXPECT_TRUE(absl::StrContains(answer.body, "scripts/setup")) << answer.body;
  EXPECT_EQ(Get("/graphql/playground/main.js").status, 404);
}

TEST_F(PlaygroundTest, CanBeSwitchedOff) {
  RouteSources sources{.state = state, .calls = calls, .alerts = alerts, .metrics = nullptr};
  service.routes = BridgeRoutes(sources, worker);
  EXPECT_NE(Get("/graphql/playground").Header("Content-Security-Policy"), "");
  sources.playground = false;
  service.routes = BridgeRoutes(sources, worker);
  const Answer answer = Get("/graphql/playground");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.Header("Content-Type"), "application/problem+json");
}

}  // namespace
}  // namespace tocsin::bridge
