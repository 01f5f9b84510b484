#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "absl/strings/str_cat.h"
#include "bridge/graphql/http/http_request.h"

namespace tocsin::bridge::graphql {
namespace {

http::HttpRequest With(std::vector<http::Field> fields, std::string target = "/graphql") {
  http::HttpRequest request;
  request.target = std::move(target);
  request.fields = std::move(fields);
  return request;
}

// "graphql", "json" or "none", with "+parts" where a subscription may be answered.
std::string Wants(const char* accept) {
  const auto wanted =
      WantedAnswer(With(accept == nullptr ? std::vector<http::Field>{}
                                          : std::vector<http::Field>{{"Accept", accept}}));
  if (!wanted.has_value()) return "refused";
  const std::string type = !wanted->answer.has_value()                       ? "none"
                           : *wanted->answer == AnswerType::kGraphqlResponse ? "graphql"
                                                                             : "json";
  return type + (wanted->multipart ? "+parts" : "");
}

TEST(GraphqlAcceptTest, TheAnswerIsWhatTheClientWouldRatherHave) {
  const std::pair<const char*, const char*> rows[] = {
      {nullptr, "json"},
      {"*/*", "json"},
      {"application/*", "json"},
      {"application/json", "json"},
      {"application/json; charset=utf-8", "json"},
      {"APPLICATION/GraphQL-Response+JSON", "graphql"},
      {"application/graphql-response+json, application/json;q=0.9", "graphql"},
      {"application/json;q=0.9, application/graphql-response+json", "graphql"},
      {"application/graphql-response+json, application/json", "graphql"},
      {"application/graphql-response+json;q=0.5, application/json", "json"},
      {"application/graphql-response+json;q=0, */*", "json"},
      {"application/json;q=0, */*", "graphql"},
      {"application/graphql-response+json, */*;q=0.1", "graphql"},
      {"text/html, application/xhtml+xml, */*;q=0.8", "json"},
      {"text/html", "refused"},
      {"application/json;q=0", "refused"},
      {R"(multipart/mixed;subscriptionSpec="1.0")", "none+parts"},
      {"multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json", "json+parts"},
      {"multipart/mixed;deferSpec=20220824,application/json", "json"},
      {"multipart/mixed", "refused"},
      {"multipart/mixed;subscriptionSpec=\"1.0\";q=0", "refused"},
  };
  for (const auto& [accept, expected] : rows) {
    EXPECT_EQ(Wants(accept), expected) << (accept == nullptr ? "nothing" : accept);
  }
}

TEST(GraphqlMediaTypeTest, TheBodyIsJsonInUtf8) {
  const std::pair<const char*, int> rows[] = {
      {"application/json", 0},
      {"Application/JSON ; Charset=\"UTF-8\"", 0},
      {"application/json; charset=utf8", 0},
      {"application/json; charset=iso-8859-1", 415},
      {"application/json; charset=utf-16", 415},
      {"application/graphql", 415},
      {"text/plain", 415},
      {"application/x-www-form-urlencoded", 415},
      {"multipart/form-data; boundary=x", 415},
      {"", 415},
  };
  for (const auto& [type, status] : rows) {
    const auto refusal = RefuseMediaType(With({{"Content-Type", type}}));
    EXPECT_EQ(refusal.has_value() ? refusal->status : 0, status) << type;
  }
  EXPECT_EQ(RefuseMediaType(With({}))->status, 415);
}

TEST(GraphqlCrossSiteTest, AQueryThatAPageOfAnotherSiteSendsIsRefused) {
  for (const char* site : {"cross-site", "same-site", "nonsense"}) {
    const auto refusal = RefuseCrossSite(With({{"Sec-Fetch-Site", site}}));
    ASSERT_TRUE(refusal.has_value()) << site;
    EXPECT_EQ(refusal->status, 403);
  }
  EXPECT_FALSE(RefuseCrossSite(With({})).has_value()) << "no browser, or one that does not say";
  EXPECT_FALSE(RefuseCrossSite(With({{"Sec-Fetch-Site", "same-origin"}})).has_value());
  EXPECT_FALSE(RefuseCrossSite(With({{"Sec-Fetch-Site", "none"}})).has_value()) << "typed in";
  EXPECT_FALSE(RefuseCrossSite(With({{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://a.b"}}))
                   .has_value())
      << "an origin that is not listed was refused before";
}

// The request as JSON, or the field that is wrong and why.
std::string ReadTarget(const std::string& query) {
  auto read = ReadQuery(With({}, "/graphql?" + query));
  if (const Error* const error = std::get_if<Error>(&read)) {
    return absl::StrCat(error->field, ": ", error->message);
  }
  const Request& request = std::get<Request>(read);
  return absl::StrCat(request.query, " ", request.operation_name.value_or("-"), " ",
                      boost::json::serialize(request.variables), " ",
                      boost::json::serialize(request.extensions));
}

TEST(GraphqlQueryTest, TheRequestIsReadFromTheTarget) {
  EXPECT_EQ(ReadTarget("query=%7Ba%7D"), "{a} - {} {}");
  EXPECT_EQ(
      ReadTarget(
          "query=query+q+%7Ba%7D&operationName=q&variables=%7B%22x%22%3A1%7D&extensions=%7B%7D"),
      R"(query q {a} q {"x":1} {})");
  EXPECT_EQ(ReadTarget("query={a}&operationName=&variables=&extensions="), "{a} - {} {}");
  EXPECT_EQ(ReadTarget("query={a}&variables=null"), "{a} - {} {}");
  EXPECT_EQ(ReadTarget("query={a}&version=7"), "{a} - {} {}") << "others are passed over";
}

TEST(GraphqlQueryTest, AWrongParameterIsNamed) {
  const std::pair<const char*, const char*> rows[] = {
      {"", "query: "},
      {"Query={a}", "query: "},
      {"query={a}&query={b}", "query: query is given twice"},
      {"query={a}&variables={&variables={}", "variables: "},
      {"query={a}&variables=[]", "variables: variables must be an object"},
      {"query={a}&variables=%22x%22", "variables: variables must be an object"},
      {"query={a}&extensions=7", "extensions: extensions must be an object"},
      {"query=%ff", "query: query is not percent-encoded UTF-8"},
  };
  for (const auto& [query, expected] : rows) {
    EXPECT_TRUE(ReadTarget(query).starts_with(expected)) << query << " " << ReadTarget(query);
  }
}

TEST(GraphqlBodyTest, WhatIsNoJsonIsAnInputError) {
  for (const char* body : {"", "{", "{\"query\":\"a\"", "{}{}", "{\"query\":\"a\",\"query\":\"b\"}",
                           "query={a}", "{\"query\":\"\xff\"}"}) {
    const auto read = ReadBody(body);
    const Error* const error = std::get_if<Error>(&read);
    ASSERT_NE(error, nullptr) << body;
    EXPECT_EQ(error->code, kBadUserInput);
    EXPECT_NE(error->message, "");
  }
}

}  // namespace
}  // namespace tocsin::bridge::graphql
