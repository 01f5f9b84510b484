#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "bridge/graphql/request_json.h"

namespace tocsin::bridge::graphql {
namespace {

std::variant<Request, Error> Read(const char* text) {
  return ReadJsonRequest(boost::json::parse(text));
}

TEST(RequestJsonTest, TakesTheFourMembersAndPassesOverTheRest) {
  const auto read = Read(
      R"({"query":"{a}","operationName":"q","variables":{"x":1},"extensions":{"y":2},"id":"7"})");
  const Request* const request = std::get_if<Request>(&read);
  ASSERT_NE(request, nullptr);
  EXPECT_EQ(request->query, "{a}");
  EXPECT_EQ(request->operation_name, "q");
  EXPECT_EQ(boost::json::serialize(request->variables), R"({"x":1})");
  EXPECT_EQ(boost::json::serialize(request->extensions), R"({"y":2})");
}

TEST(RequestJsonTest, NullIsAsGoodAsAbsent) {
  const auto read = Read(R"({"query":"","operationName":null,"variables":null,"extensions":null})");
  const Request* const request = std::get_if<Request>(&read);
  ASSERT_NE(request, nullptr);
  EXPECT_EQ(request->operation_name, std::nullopt);
  EXPECT_TRUE(request->variables.empty());
  EXPECT_TRUE(request->extensions.empty());
}

TEST(RequestJsonTest, AWrongMemberIsNamed) {
  const std::pair<const char*, const char*> rows[] = {
      {R"({})", "query"},
      {R"({"query":null})", "query"},
      {R"({"query":7})", "query"},
      {R"({"query":["{a}"]})", "query"},
      {R"({"query":"{a}","operationName":7})", "operationName"},
      {R"({"query":"{a}","operationName":{}})", "operationName"},
      {R"({"query":"{a}","variables":"{}"})", "variables"},
      {R"({"query":"{a}","variables":[7]})", "variables"},
      {R"({"query":"{a}","variables":false})", "variables"},
      {R"({"query":"{a}","extensions":0})", "extensions"},
      {R"("{a}")", ""},
      {R"(null)", ""},
      {R"([{"query":"{a}"}])", ""},
  };
  for (const auto& [text, field] : rows) {
    const auto read = Read(text);
    const Error* const error = std::get_if<Error>(&read);
    ASSERT_NE(error, nullptr) << text;
    EXPECT_EQ(error->field, field) << text;
    EXPECT_EQ(error->code, kBadUserInput) << text;
    EXPECT_NE(error->message.find(field), std::string::npos) << error->message;
  }
}

}  // namespace
}  // namespace tocsin::bridge::graphql
