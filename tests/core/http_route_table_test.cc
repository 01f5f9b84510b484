#include <gtest/gtest.h>

#include "core/http/origin_policy.h"
#include "core/http/route_table.h"

namespace tocsin::http {
namespace {

using Kind = RouteTable::Match::Kind;

const RouteTable& Table() {
  static const RouteTable table(
      {{.name = "list", .method = "GET", .pattern = "/v1/things"},
       {.name = "make", .method = "POST", .pattern = "/v1/things"},
       {.name = "special", .method = "GET", .pattern = "/v1/things/special"},
       {.name = "get", .method = "GET", .pattern = "/v1/things/{id}"},
       {.name = "note", .method = "POST", .pattern = "/v1/things/{id}/notes/{note}"},
       {.name = "root", .method = "GET", .pattern = "/"}});
  return table;
}

std::string NameOf(const RouteTable::Match& match) {
  return match.route == nullptr ? "" : std::string(match.route->name);
}

TEST(RouteTableTest, FindsARouteByMethodAndPath) {
  const RouteTable& table = Table();
  EXPECT_EQ(NameOf(table.Find("GET", "/v1/things")), "list");
  EXPECT_EQ(NameOf(table.Find("POST", "/v1/things")), "make");
  EXPECT_EQ(NameOf(table.Find("HEAD", "/v1/things")), "list");
  EXPECT_EQ(NameOf(table.Find("GET", "/")), "root");
  EXPECT_EQ(NameOf(table.Find("GET", "/v1/things/special")), "special") << "the first that fits";
}

TEST(RouteTableTest, GivesTheParametersDecoded) {
  const auto match = Table().Find("POST", "/v1/things/a%2Fb%20c/notes/%7b%C3%A9");
  ASSERT_EQ(NameOf(match), "note");
  ASSERT_EQ(match.parameters.size(), 2u);
  EXPECT_EQ(match.parameters[0].name, "id");
  EXPECT_EQ(match.parameters[0].value, "a/b c") << "an encoded slash separates nothing";
  EXPECT_EQ(match.parameters[1].value, "{\xc3\xa9");
}

TEST(RouteTableTest, EncodedLettersOfALiteralAreThoseLetters) {
  EXPECT_EQ(NameOf(Table().Find("GET", "/%76%31/thing%73")), "list");
}

TEST(RouteTableTest, WhatIsNotThereIsNotFound) {
  for (const char* path : {"/v1", "/v1/", "/v1/things/", "/v1/things/a/notes", "//v1/things",
                           "/V1/things", "/v1/things/a/notes/b/c", "/v1/things/a/notes/"}) {
    EXPECT_EQ(Table().Find("GET", path).kind, Kind::kNotFound) << path;
  }
}

TEST(RouteTableTest, AnotherMethodIsToldWhatIsAllowed) {
  const auto match = Table().Find("DELETE", "/v1/things");
  EXPECT_EQ(match.kind, Kind::kMethodNotAllowed);
  EXPECT_EQ(match.allow, "GET, HEAD, OPTIONS, POST");
  EXPECT_EQ(Table().Find("GET", "/v1/things/a/notes/b").allow, "OPTIONS, POST");
  EXPECT_EQ(Table().Find("get", "/v1/things").kind, Kind::kMethodNotAllowed);
  const auto options = Table().Find("OPTIONS", "/v1/things/7");
  EXPECT_EQ(options.kind, Kind::kOptions);
  EXPECT_EQ(options.allow, "GET, HEAD, OPTIONS");
  EXPECT_EQ(Table().AllMethods(), "GET, HEAD, OPTIONS, POST");
}

TEST(RouteTableTest, WrongPercentEncodingIsNoPath) {
  for (const char* path : {"/%", "/%4", "/%zz", "/a%00b", "/%0a", "/%7f", "/v1/%g1", "/v1/%2g"}) {
    EXPECT_EQ(Table().Find("GET", path).kind, Kind::kBadPath) << path;
  }
}

// ---- origins ----

HttpRequest From(std::string origin, std::string host = "localhost:8080") {
  HttpRequest request;
  request.method = "GET";
  request.target = "/v1/things";
  request.fields = {{"Host", std::move(host)}, {"Origin", std::move(origin)}};
  return request;
}

int Refused(const HttpRequest& request) {
  const auto refusal = OriginPolicy({"https://ops.example.com"}).Refuse(request);
  return refusal.has_value() ? refusal->status : 0;
}

TEST(OriginPolicyTest, OnlyListedAndOwnOriginsAreLetIn) {
  EXPECT_EQ(Refused(From("https://ops.example.com")), 0);
  EXPECT_EQ(Refused(From("http://localhost:8080")), 0);
  EXPECT_EQ(Refused(From("http://localhost:9090")), 403);
  EXPECT_EQ(Refused(From("https://ops.example.com.evil.org")), 403);
  EXPECT_EQ(Refused(From("http://ops.example.com")), 403);
  EXPECT_EQ(Refused(From("null")), 403);
  EXPECT_EQ(Refused(From("")), 403);
  HttpRequest none;
  none.fields = {{"Host", "evil.example"}};
  EXPECT_EQ(Refused(none), 0) << "no browser";
  HttpRequest two = From("https://ops.example.com");
  two.fields.push_back({"origin", "https://evil.example.com"});
  EXPECT_EQ(Refused(two), 400);
}

// A page of a name that its owner has made to point here is no page of ours.
TEST(OriginPolicyTest, AnotherNameThatPointsHereIsNoOriginOfOurs) {
  const auto same = [](const std::string& host) { return From("http://" + host, host); };
  EXPECT_EQ(Refused(same("evil.example:8080")), 403);
  EXPECT_EQ(Refused(same("evil.example")), 403);
  EXPECT_EQ(Refused(same("127.0.0.1.evil.example:8080")), 403);
  EXPECT_EQ(Refused(same("127.0.0.1:8080")), 0);
  EXPECT_EQ(Refused(same("[::1]:8080")), 0);
  EXPECT_EQ(Refused(same("LOCALHOST:8080")), 0);
}

std::string FieldOf(const HttpResponse& response, std::string_view name) {
  for (const Field& field : response.fields) {
    if (field.name == name) return field.value;
  }
  return "";
}

TEST(OriginPolicyTest, AllowedPagesMayReadTheAnswer) {
  const OriginPolicy policy({"https://ops.example.com"});
  HttpResponse response;
  policy.AddFields(From("https://ops.example.com"), response);
  EXPECT_EQ(FieldOf(response, "Access-Control-Allow-Origin"), "https://ops.example.com");
  EXPECT_EQ(FieldOf(response, "Vary"), "Origin");
  HttpResponse other;
  policy.AddFields(From("https://evil.example"), other);
  EXPECT_EQ(FieldOf(other, "Access-Control-Allow-Origin"), "");
  EXPECT_EQ(FieldOf(other, "Vary"), "Origin") << "a cache must not hand this to an allowed page";
}

TEST(OriginPolicyTest, APreflightIsAnsweredFromTheTable) {
  const OriginPolicy policy({"https://ops.example.com"});
  HttpRequest request = From("https://ops.example.com");
  EXPECT_FALSE(policy.AnswerPreflight(request, "GET").has_value()) << "plain OPTIONS";
  request.fields.push_back({"Access-Control-Request-Method", "POST"});
  const auto answer = policy.AnswerPreflight(request, "OPTIONS, POST");
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 204);
  EXPECT_EQ(FieldOf(*answer, "Access-Control-Allow-Methods"), "OPTIONS, POST");
  EXPECT_NE(FieldOf(*answer, "Access-Control-Allow-Headers").find("Content-Type"),
            std::string::npos);
}

}  // namespace
}  // namespace tocsin::http
