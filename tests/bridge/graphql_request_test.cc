// A request from its text to an operation that can be executed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "bridge/graphql/request.h"

namespace tocsin::bridge::graphql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::shared_ptr<const Prepared> Good(Request request, const RequestBounds& bounds = {}) {
  auto prepared = Prepare(Schema::Tocsin(), std::move(request), bounds);
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

TEST(GraphQlRequestTest, AnInvalidDocumentIsRefused) {
  const Errors errors = Bad({.query = "{ health { hubb\n x } }"});
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_EQ(errors[0].code, "GRAPHQL_VALIDATION_FAILED");
  EXPECT_THAT(errors[0].message, HasSubstr("Cannot query field \"hubb\""));
  EXPECT_THAT(errors[1].locations, ElementsAre(Place{2, 2}));
  EXPECT_EQ(Bad({.query = "{ a b c }"}, {.errors = 2}).size(), 2u);
}

// The message of the error where the bound is one less than what the query has; with the bound it
// passes.
std::string Bound(std::string_view query, RequestBounds bounds, size_t RequestBounds::*bound) {
  const auto prepare = [&] {
    return Prepare(Schema::Tocsin(), {.query = std::string(query)}, bounds);
  };
  const auto within = prepare();
  if (const auto* errors = std::get_if<Errors>(&within))
    return "not within: " + errors->at(0).message;
  --(bounds.*bound);
  const auto past = prepare();
  const auto* errors = std::get_if<Errors>(&past);
  if (errors == nullptr) return "no error";
  EXPECT_EQ(errors->at(0).code, "GRAPHQL_VALIDATION_FAILED");
  EXPECT_THAT(errors->at(0).locations, ElementsAre(Place{1, 1}));
  return errors->size() == 1 ? errors->at(0).message : "several errors";
}

TEST(GraphQlRequestTest, DepthIsBounded) {
  EXPECT_EQ(
      Bound("{ incidents { items { ...F } } } fragment F on Incident { ... { notes { id } } }",
            {.depth = 4}, &RequestBounds::depth),
      "The depth of the operation is 4 fields within each other, but at most 3 are allowed.");
}

TEST(GraphQlRequestTest, ComplexityCountsFragmentsWhereverTheyAreSpread) {
  EXPECT_EQ(
      Bound("{ a: incidents { ...F } b: incidents { ...F __typename } health { hub } } "
            "fragment F on IncidentPage { total page }",
            {.complexity = 8}, &RequestBounds::complexity),
      "The complexity of the operation is 8 fields, with fragments written out, but at most 7 "
      "are allowed.");
}

TEST(GraphQlRequestTest, AliasesAreBounded) {
  EXPECT_EQ(Bound("{ a: health { ...F } b: health { ...F } } fragment F on Health { c: hub }",
                  {.aliases = 4}, &RequestBounds::aliases),
            "The number of aliases of the operation is 4 aliases, with fragments written out, but "
            "at most 3 are allowed.");
}

TEST(GraphQlRequestTest, IntrospectionHasBoundsOfItsOwn) {
  const std::string_view query =
      "{ __schema { types { fields { type { fields { name } } } } } __typename }";
  const RequestBounds bounds{
      .depth = 0, .complexity = 0, .introspection_depth = 6, .introspection_complexity = 6};
  EXPECT_EQ(Bound(query, bounds, &RequestBounds::introspection_depth),
            "The introspection depth of the operation is 6 fields within each other, but at most 5 "
            "are allowed.");
  EXPECT_THAT(Bound(query, bounds, &RequestBounds::introspection_complexity),
              HasSubstr("introspection complexity of the operation is 6 fields"));
  EXPECT_EQ(Bound(query, bounds, &RequestBounds::introspection_lists),
            "The introspection nesting of the operation is 2 lists of fields or types within each "
            "other, but at most 1 are allowed.");
}

TEST(GraphQlRequestTest, OnlyTheChosenOperationIsMeasured) {
  const std::string two = "query A { health { hub } } query B { incidents { items { id } } }";
  EXPECT_NE(Good({.query = two, .operation_name = "A"}, {.depth = 2}), nullptr);
  EXPECT_THAT(Bad({.query = two, .operation_name = "B"}, {.depth = 2}).at(0).message,
              HasSubstr("depth"));
}

// An event with all fields of it, its incident and its alert: the most that the schema has for one.
TEST(GraphQlRequestTest, AWholeEventIsWithinTheBounds) {
  std::string query = "subscription { events";
  const auto append = [&query](const auto& self, const NamedType& type) -> void {
    query += " {";
    for (const Field& field : type.fields) {
      query += " " + field.name;
      if (!field.type->innermost().is_leaf()) self(self, field.type->innermost());
    }
    query += " }";
  };
  append(append, *Schema::Tocsin().Find("Event"));
  EXPECT_NE(Good({.query = query + " }"}), nullptr);
}

// Fragments that spread the next one twice: written out, the last field comes 2^40 times.
TEST(GraphQlRequestTest, FragmentsWithinFragmentsAreCountedWithoutWritingThemOut) {
  std::string text = "{ health { ...F0 } }";
  for (int i = 0; i < 40; ++i) {
    const std::string next = "...F" + std::to_string(i + 1);
    text += " fragment F" + std::to_string(i) + " on Health { " + next + " hub " + next + " }";
  }
  EXPECT_THAT(Bad({.query = text + " fragment F40 on Health { hub }"}).at(0).message,
              HasSubstr("is 1000000 or more fields"));
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

// Twenty errors that each name an operation of 60 KiB would be an answer of more than a megabyte.
TEST(GraphQlRequestTest, LongNamesAreCutInErrors) {
  std::string query = "query " + std::string(60'000, 'a') + " {";
  for (int i = 0; i < 20; ++i) query += " a" + std::to_string(i) + ": incident(id: $a) { id }";
  std::string out;
  AppendErrors(out, Bad({.query = query + " }"}), absl::UnixEpoch());
  EXPECT_LT(out.size(), 60'000u);
  EXPECT_THAT(out, HasSubstr("aaa…\""));
}

}  // namespace
}  // namespace tocsin::bridge::graphql
