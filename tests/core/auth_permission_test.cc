#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/value.hpp>

#include "core/auth/permission.h"
#include "core/event/error.h"
#include "core/event/json_reader.h"

namespace tocsin {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

absl::StatusOr<Permission> Parse(std::string_view text) {
  boost::json::value value;
  EXPECT_TRUE(ParseJson(text, value).ok()) << text;
  return Permission::Parse(value, "tocsin");
}

void ExpectWrong(std::string_view text, std::string_view field, std::string_view allowed) {
  const auto permission = Parse(text);
  ASSERT_FALSE(permission.ok()) << text;
  const ErrorDetails details = ErrorDetailsOf(permission.status());
  EXPECT_EQ(details.field, field) << permission.status();
  EXPECT_THAT(details.allowed, Contains(HasSubstr(std::string(allowed)))) << permission.status();
}

TEST(PermissionTest, WhatIsNotGivenIsNotAllowed) {
  for (const char* text :
       {"{}", R"({"publish":false,"subscribe":false,"admin":false})", R"({"publish":[]})"}) {
    const auto permission = Parse(text);
    ASSERT_TRUE(permission.ok()) << permission.status();
    EXPECT_FALSE(permission->MayPublishAny());
    EXPECT_FALSE(permission->MayPublish(v1::EVENT_TYPE_INCIDENT_CREATED));
    EXPECT_FALSE(permission->MaySubscribe());
    EXPECT_EQ(permission->filter(), nullptr);
    EXPECT_FALSE(permission->MayAdminister());
    EXPECT_EQ(permission->Words(), "nothing");
  }
}

TEST(PermissionTest, TrueIsEverything) {
  const auto permission = Parse(R"({"publish":true,"subscribe":true,"admin":true})");
  for (int type = 1; type < v1::EventType_ARRAYSIZE; ++type) {
    EXPECT_TRUE(permission->MayPublish(static_cast<v1::EventType>(type)));
  }
  EXPECT_EQ(permission->filter(), Filter::MatchAll());
  EXPECT_TRUE(permission->MayAdminister());
  EXPECT_EQ(permission->Words(),
            "publish events of all types; subscribe to and query everything; administer");
}

TEST(PermissionTest, SomeTypesAndAFilter) {
  const auto permission = Parse(
      R"({"publish":["comment_added","Incident_Created"],"subscribe":{"severities":["P0","p1"]}})");
  ASSERT_TRUE(permission.ok()) << permission.status();
  EXPECT_TRUE(permission->MayPublish(v1::EVENT_TYPE_COMMENT_ADDED));
  EXPECT_TRUE(permission->MayPublish(v1::EVENT_TYPE_INCIDENT_CREATED));
  EXPECT_FALSE(permission->MayPublish(v1::EVENT_TYPE_INCIDENT_CLOSED));
  EXPECT_FALSE(permission->MayPublish(v1::EVENT_TYPE_UNSPECIFIED));
  EXPECT_FALSE(permission->MayPublish(static_cast<v1::EventType>(1'000)));
  EXPECT_EQ(permission->filter()->clauses().front().proto().severities_size(), 2);
  EXPECT_EQ(permission->Words(),
            "publish incident_created, comment_added; subscribe to and query what its filter lets "
            "pass");
}

TEST(PermissionTest, ErrorsNameTheField) {
  ExpectWrong("7", "tocsin", "an object");
  ExpectWrong(R"({"Publish":true})", "tocsin.Publish", "publish");
  ExpectWrong(R"({"publish":1})", "tocsin.publish", "true, false or a list");
  ExpectWrong(R"({"publish":["comment_added","x"]})", "tocsin.publish[1]", "comment_added");
  ExpectWrong(R"({"subscribe":[]})", "tocsin.subscribe", "true, false or a filter");
  ExpectWrong(R"({"subscribe":{"severity":["P0"]}})", "tocsin.subscribe.severity", "severities");
  ExpectWrong(R"({"subscribe":{"severities":["P7"]}})", "tocsin.subscribe.severities[0]", "P0");
  ExpectWrong(R"({"subscribe":{"incident_ids":["x"]}})", "tocsin.subscribe.incident_ids[0]",
              "UUID");
  ExpectWrong(R"({"admin":"yes"})", "tocsin.admin", "true or false");
}

// In a client's filter these mean all; in a permission they are most likely a template that had
// nothing to fill in.
TEST(PermissionTest, WhatLetsEverythingPassByAccidentIsAnError) {
  ExpectWrong(R"({"subscribe":{}})", "tocsin.subscribe", "true");
  ExpectWrong(R"({"subscribe":{"sources":[]}})", "tocsin.subscribe.sources", "at least one");
  ExpectWrong(R"({"subscribe":{"sources":null}})", "tocsin.subscribe.sources", "at least one");
  ExpectWrong(R"({"subscribe":{"labels":{}}})", "tocsin.subscribe.labels", "at least one");
  EXPECT_FALSE(Parse(R"({"subscribe":null})").ok());
  EXPECT_FALSE(Parse(R"({"publish":null})").ok());
  EXPECT_FALSE(Parse(R"({"admin":null})").ok());
}

}  // namespace
}  // namespace tocsin
