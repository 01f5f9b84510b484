#include "bridge/http/url_token.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/event/error.h"

namespace tocsin::bridge {
namespace {

constexpr char kToken[] = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl";

TEST(UrlTokenTest, ANamedTokenIsRefusedHoweverItIsWritten) {
  for (const char* query : {"access_token=x",
                            "ACCESS_TOKEN=x",
                            "Access-Token=x",
                            "accessToken=x",
                            "access%5Ftoken=x",
                            "%61ccess_token=x",
                            "%41CCESS%5FTOKEN=x",
                            "token=x",
                            "token",
                            "token=",
                            "tok%65n=x",
                            "jwt=x",
                            "auth=x",
                            "Authorization=Bearer+x",
                            "authorization[]=x",
                            "bearer=x",
                            "api_key=x",
                            "severities=P0&token=x",
                            "severities=P0;token=x",
                            "&&token=x&",
                            "id_token=x",
                            "a=b&JWT=x"}) {
    const absl::Status refused = RefuseTokenInUrl(absl::StrCat("/v1/events?", query));
    EXPECT_EQ(refused.code(), absl::StatusCode::kUnauthenticated) << query;
    EXPECT_EQ(ErrorCodeOf(refused), ErrorCode::kUnauthorized) << query;
  }
}

TEST(UrlTokenTest, ATokenIsRefusedByItsFormWhereverItStands) {
  const std::string token = kToken;
  for (const std::string& target : std::vector<std::string>{
           "/v1/events?q=" + token, "/v1/events?q=Bearer%20" + token, "/v1/incidents/" + token,
           "/graphql?extensions=%7B%22h%22%3A%22" + token + "%22%7D", "/v1/events?" + token,
           "/ws?q=%65yJhbGciOiJIUzI1NiJ9%2EeyJzdWIiOiJhbGljZSJ9%2Ec2ln", "/eyJh.e30."}) {
    EXPECT_FALSE(RefuseTokenInUrl(target).ok()) << target;
  }
}

TEST(UrlTokenTest, TheTextSaysWhereATokenBelongsAndHasNothingOfIt) {
  const absl::Status refused = RefuseTokenInUrl(absl::StrCat("/v1/events?token=", kToken));
  EXPECT_TRUE(absl::StrContains(refused.message(), "Authorization: Bearer"));
  EXPECT_FALSE(absl::StrContains(refused.ToString(), "eyJ"));
}

TEST(UrlTokenTest, OtherTargetsAreLetIn) {
  for (const char* target :
       {"/v1/events", "/v1/events?", "/v1/events?severities=P0,P1&labels.token=x",
        "/v1/incidents?page_token=2.abc", "/v1/events?resume_from=eyJhIjoxfQ", "/token",
        "/v1/events?sources=token", "/graphql?query=%7Bauth%7D", "/v1/events?sources=a%", "*"}) {
    EXPECT_TRUE(RefuseTokenInUrl(target).ok()) << target;
  }
}

}  // namespace
}  // namespace tocsin::bridge
