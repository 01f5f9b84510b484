// A request from its text to an operation that can be executed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "bridge/graphql/request.h"

namespace tocsin::bridge::graphql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::shared_ptr<const Prepared> Good(Request request) {
  auto prepared = Prepare(Schema::Tocsin(), std::move(request));
  if (const auto* errors = std::get_if<Errors>(&prepared)) {
    ADD_FAILURE() << errors->at(0).message;
    return nullptr;
  }
  return std::get<std::shared_ptr<const Prepared>>(prepared);
}

Errors Bad(Request request, const RequestBounds& bounds = {}) {
  auto prepared = Prepare(Schema::Tocsin(), std::move(request), bounds);
  if (auto* errors = std::get_if<Errors>(&prepared)) return std::move(*errors);
  ADD_FAILURE() << "no error";
  return {Error{}};
}

TEST(GraphQlRequestTest, ARequestIsPrepared) {
  const auto prepared = Good({.query = "subscription ($s: [Severity!]) "
                                       "{ newIncidents(severities: $s) { id } }",
                              .variables = {{"s", "P0"}},
                              .extensions = {{"resumeFrom", "earliest"}}});
  ASSERT_NE(prepared, nullptr);
  EXPECT_EQ(prepared->type(), OperationType::kSubscription);
  EXPECT_EQ(prepared->variables.at("s").at(0), "P0");
  EXPECT_EQ(prepared->extensions.at("resumeFrom"), "earliest");
  EXPECT_EQ(prepared->operation->selections.at(0).name.text, "newIncidents");
}

TEST(GraphQlRequestTest, TheOperationIsChosenByName) {
  const std::string two = "query A { health { hub } } query B { health { status } }";
  const auto second = Good({.query = two, .operation_name = "B"});
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->operation->name->text, "B");
  const Errors none = Bad({.query = two});
  EXPECT_EQ(none.at(0).message,
            "Must provide operation name if query contains multiple operations.");
  EXPECT_EQ(none.at(0).code, "BAD_USER_INPUT");
  EXPECT_EQ(Bad({.query = two, .operation_name = "C"}).at(0).message,
            "Unknown operation named \"C\".");
  EXPECT_EQ(Bad({.query = "{ health { hub } }", .operation_name = ""}).at(0).message,
            "Unknown operation named \"\".");
}

TEST(GraphQlRequestTest, AnErrorOfSyntaxSaysWhere) {
  const Errors errors = Bad({.query = "{\n  health {"});
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].message, "Syntax Error: expected a name, but the document ends");
  EXPECT_EQ(errors[0].code, "GRAPHQL_PARSE_FAILED");
  EXPECT_THAT(errors[0].locations, ElementsAre(Place{2, 11}));
}

TEST(GraphQlRequestTest, VariablesAreChecked) {
  const Errors errors = Bad(
      {.query = "query ($id: UUID!) { incident(id: $id) { title } }", .variables = {{"id", "x"}}});
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].code, "BAD_USER_INPUT");
  EXPECT_EQ(errors[0].field, "id");
  EXPECT_THAT(errors[0].message, HasSubstr("found \"x\""));
  EXPECT_THAT(errors[0].locations, ElementsAre(Place{1, 8}));
}

TEST(GraphQlRequestTest, AnErrorIsJson) {
  Error error{.message = "a \"b\"",
              .locations = {{1, 2}, {3, 4}},
              .code = kBadUserInput,
              .field = "id",
              .retry_after = absl::Seconds(2),
              .reason = "CONFLICT"};
  error.path = {"incidents", 0};
  std::string out = "x";
  AppendErrors(out, {error, Error{.message = "c", .code = kParseFailed}}, absl::UnixEpoch());
  EXPECT_EQ(
      out,
      R"(x[{"message":"a \"b\"","locations":[{"line":1,"column":2},{"line":3,"column":4}],)"
      R"("path":["incidents",0],"extensions":{"code":"BAD_USER_INPUT",)"
      R"("timestamp":"1970-01-01T00:00:00.000000Z","field":"id","reason":"CONFLICT","retryAfterMs":2000}},)"
      R"({"message":"c","extensions":{"code":"GRAPHQL_PARSE_FAILED",)"
      R"("timestamp":"1970-01-01T00:00:00.000000Z"}}])");
}

}  // namespace
}  // namespace tocsin::bridge::graphql
