// Each rule of validation with documents that break it alone. Its errors on thousands of documents
// are compared with those of npm's graphql in tests/clients/test_graphql_language.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/graphql/parser.h"
#include "bridge/graphql/validation/rules.h"
#include "bridge/graphql/validation/validate.h"
#include "core/base/strings.h"

namespace tocsin::bridge::graphql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr size_t kMany = 1'000;

// "line:column, line:column message", of each error.
std::vector<std::string> ErrorsIn(std::string_view text, size_t max_errors = kMany) {
  const auto parsed = Parse(text);
  const auto* document = std::get_if<Document>(&parsed);
  if (document == nullptr) return {"syntax"};
  std::vector<std::string> errors;
  for (const auto& [message, offsets] : Validate(Schema::Tocsin(), *document, max_errors)) {
    std::string places;
    for (const size_t offset : offsets) {
      const Place place = PlaceAt(text, offset);
      absl::StrAppend(&places, places.empty() ? "" : ",", place.line, ":", place.column);
    }
    errors.push_back(absl::StrCat(places, " ", message));
  }
  return errors;
}

std::string Repeated(std::string_view text, size_t times) {
  std::string repeated;
  for (size_t i = 0; i < times; ++i) repeated += text;
  return repeated;
}

TEST(GraphQlValidationTest, AValidDocumentHasNoErrors) {
  EXPECT_THAT(ErrorsIn(R"(
    query Page($filter: IncidentFilter, $n: Int = 10, $more: Boolean!) {
      incidents(filter: $filter, pageSize: $n) {
        items { ...Line timeline @include(if: $more) { description metadata } }
        total
      }
      worst: incidents(filter: {severities: P0, labels: {env: "prod"}}, order: SEVERITY) {
        items { ... on Incident { id __typename } }
      }
      __type(name: "Incident") { fields { name type { kind ofType { name } } } }
    }
    mutation Note($id: UUID!, $text: String!) {
      addComment(id: $id, comment: $text) { incident { ...Line } sequence }
    }
    fragment Line on Incident { id title severity ...Resolved }
    fragment Resolved on Incident { resolution { resolvedBy } }
  )"),
              IsEmpty());
}

TEST(GraphQlValidationTest, OperationNamesAreUnique) {
  EXPECT_THAT(ErrorsIn("query A { health { hub } }\nquery A { health { hub } }"),
              ElementsAre("1:7,2:7 There can be only one operation named \"A\"."));
}

TEST(GraphQlValidationTest, AnAnonymousOperationIsAlone) {
  EXPECT_THAT(ErrorsIn("{ health { hub } } query A { health { hub } }"),
              ElementsAre("1:1 This anonymous operation must be the only defined operation."));
}

TEST(GraphQlValidationTest, ASubscriptionHasOneRootField) {
  EXPECT_THAT(ErrorsIn("subscription A { newIncidents { id } ...More }\n"
                       "fragment More on Subscription { alerts { id } criticalIncidents { id } }"),
              ElementsAre("2:33,2:47 Subscription \"A\" must select only one top level field."));
  EXPECT_THAT(ErrorsIn("subscription { __typename }"),
              ElementsAre("1:16 Anonymous Subscription must not select an introspection top level "
                          "field."));
  EXPECT_THAT(ErrorsIn("subscription { newIncidents { id } newIncidents { title } }"), IsEmpty());
}

TEST(GraphQlValidationTest, ASubscriptionsRootFieldHasNoCondition) {
  const std::string_view message =
      "Anonymous Subscription must not use \"@skip\" on its top level.";
  EXPECT_THAT(ErrorsIn("subscription ($no: Boolean!) { newIncidents @skip(if: $no) { id } }"),
              ElementsAre(absl::StrCat("1:45 ", ToAbsl(message))));
  EXPECT_THAT(ErrorsIn("subscription { ... @skip(if: true) { newIncidents { id } } }"),
              ElementsAre(absl::StrCat("1:20 ", ToAbsl(message))));
  EXPECT_THAT(ErrorsIn("subscription ($no: Boolean!) { newIncidents { id @skip(if: $no) } }"),
              IsEmpty());
}

TEST(GraphQlValidationTest, TypeNamesAreKnown) {
  EXPECT_THAT(ErrorsIn("query ($f: IncidentFilte) { incidents(filter: $f) { total } }"),
              ElementsAre("1:12 Unknown type \"IncidentFilte\". Did you mean "
                          "\"IncidentFilter\"?"));
  EXPECT_THAT(ErrorsIn("{ health { ... on Nothing { a } } }"),
              ElementsAre("1:19 Unknown type \"Nothing\"."));
}

TEST(GraphQlValidationTest, FragmentsAreOnObjects) {
  EXPECT_THAT(ErrorsIn("{ health { ... on Severity { a } } }"),
              ElementsAre("1:19 Fragment cannot condition on non composite type \"Severity\"."));
  EXPECT_THAT(ErrorsIn("{ health { ...F } } fragment F on AlertInput { a }"),
              ElementsAre("1:35 Fragment \"F\" cannot condition on non composite type "
                          "\"AlertInput\"."));
}

TEST(GraphQlValidationTest, VariablesHaveInputTypes) {
  EXPECT_THAT(ErrorsIn("query ($a: [Incident!]) { health @skip(if: $a) { hub } }"),
              ElementsAre("1:8,1:44 Variable \"$a\" of type \"[Incident!]\" used in position "
                          "expecting type \"Boolean!\".",
                          "1:12 Variable \"$a\" cannot be non-input type \"[Incident!]\"."));
}

TEST(GraphQlValidationTest, LeavesHaveNoSelectionAndObjectsHaveOne) {
  EXPECT_THAT(ErrorsIn("{ health { hub { a } } }"),
              ElementsAre("1:16 Field \"hub\" must not have a selection since type \"String!\" "
                          "has no subfields."));
  EXPECT_THAT(ErrorsIn("{ health }"),
              ElementsAre("1:3 Field \"health\" of type \"Health!\" must have a selection of "
                          "subfields. Did you mean \"health { ... }\"?"));
}

TEST(GraphQlValidationTest, FieldsAreThoseOfTheirType) {
  EXPECT_THAT(ErrorsIn("{ health { hubb } }"),
              ElementsAre("1:12 Cannot query field \"hubb\" on type \"Health\". Did you mean "
                          "\"hub\"?"));
  EXPECT_THAT(ErrorsIn("subscription { newIncidents { __schema { types { name } } } }"),
              ElementsAre("1:31 Cannot query field \"__schema\" on type \"Incident\"."));
}

TEST(GraphQlValidationTest, FragmentsAreUniqueKnownAndUsed) {
  EXPECT_THAT(ErrorsIn("{ health { ...F } } fragment F on Health { hub } fragment F on Health "
                       "{ hub }"),
              ElementsAre("1:30,1:59 There can be only one fragment named \"F\"."));
  EXPECT_THAT(ErrorsIn("{ health { ...F } }"), ElementsAre("1:15 Unknown fragment \"F\"."));
  EXPECT_THAT(ErrorsIn("{ health { hub } } fragment F on Health { hub ...G } fragment G on Health "
                       "{ hub }"),
              ElementsAre("1:20 Fragment \"F\" is never used.",
                          "1:54 Fragment \"G\" is never "
                          "used."));
}

TEST(GraphQlValidationTest, FragmentsAreSpreadWhereTheirTypeIs) {
  EXPECT_THAT(ErrorsIn("{ health { ... on Incident { id } } }"),
              ElementsAre("1:12 Fragment cannot be spread here as objects of type \"Health\" can "
                          "never be of type \"Incident\"."));
  EXPECT_THAT(ErrorsIn("{ health { ...F } } fragment F on Incident { id }"),
              ElementsAre("1:12 Fragment \"F\" cannot be spread here as objects of type "
                          "\"Health\" can never be of type \"Incident\"."));
}

TEST(GraphQlValidationTest, FragmentsHaveNoCycles) {
  EXPECT_THAT(ErrorsIn("{ health { ...F } } fragment F on Health { hub ...F }"),
              ElementsAre("1:48 Cannot spread fragment \"F\" within itself."));
  EXPECT_THAT(ErrorsIn("{ health { ...F } } fragment F on Health { hub ...G }\n"
                       "fragment G on Health { ...F }"),
              ElementsAre("1:48,2:24 Cannot spread fragment \"F\" within itself via \"G\"."));
}

TEST(GraphQlValidationTest, VariablesAreUniqueDefinedAndUsed) {
  EXPECT_THAT(ErrorsIn("query ($a: Boolean!, $a: Boolean!) { health @skip(if: $a) { hub } }"),
              ElementsAre("1:9,1:23 There can be only one variable named \"$a\"."));
  EXPECT_THAT(ErrorsIn("query Q { health { ...F } }\nfragment F on Health { hub @skip(if: $a) }"),
              ElementsAre("2:38,1:1 Variable \"$a\" is not defined by operation \"Q\"."));
  EXPECT_THAT(ErrorsIn("query ($a: Boolean!) { health { hub } }"),
              ElementsAre("1:8 Variable \"$a\" is never used."));
}

TEST(GraphQlValidationTest, VariablesFitWhereTheyStand) {
  const auto use = [](std::string_view type) {
    return ErrorsIn(absl::StrCat("query ($a: ", ToAbsl(type), ") { incident(id: $a) { id } }"));
  };
  EXPECT_THAT(use("UUID!"), IsEmpty());
  EXPECT_THAT(use("UUID = \"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\""), IsEmpty());
  EXPECT_THAT(use("UUID"), ElementsAre("1:8,1:33 Variable \"$a\" of type \"UUID\" used in "
                                       "position expecting type \"UUID!\"."));
  EXPECT_THAT(use("UUID = null"), SizeIs(1));
  EXPECT_THAT(use("String!"), SizeIs(1));
  EXPECT_THAT(use("[UUID!]!"), SizeIs(1));
  const auto within = [](std::string_view type) {
    return ErrorsIn(absl::StrCat("query ($a: ", ToAbsl(type),
                                 ") { incidents(filter: {severities: [$a]}) { total } }"));
  };
  EXPECT_THAT(within("Severity!"), IsEmpty());
  EXPECT_THAT(within("Severity"), SizeIs(1));
}

TEST(GraphQlValidationTest, DirectivesAreKnownInTheirPlaceAndOnce) {
  EXPECT_THAT(ErrorsIn("{ health @skp(if: true) { hub } }"),
              ElementsAre("1:10 Unknown directive \"@skp\". Did you mean \"skip\"?"));
  EXPECT_THAT(ErrorsIn("query @skip(if: true) { health { hub } }"),
              ElementsAre("1:7 Directive \"@skip\" may not be used on QUERY."));
  EXPECT_THAT(ErrorsIn("{ health @skip(if: true) @skip(if: false) { hub } }"),
              ElementsAre("1:10,1:26 The directive \"@skip\" can only be used once at this "
                          "location."));
}

TEST(GraphQlValidationTest, ArgumentsAreKnownUniqueAndThereWhereTheyMustBe) {
  EXPECT_THAT(ErrorsIn("{ incidents(pagesize: 1) { total } }"),
              ElementsAre("1:13 Unknown argument \"pagesize\" on field \"Query.incidents\". Did "
                          "you mean \"pageSize\"?"));
  EXPECT_THAT(ErrorsIn("{ health @skip(if: true, unless: false) { hub } }"),
              ElementsAre("1:26 Unknown argument \"unless\" on directive \"@skip\"."));
  EXPECT_THAT(ErrorsIn("{ incidents(page: 1, page: 2) { total } }"),
              ElementsAre("1:13,1:22 There can be only one argument named \"page\"."));
  EXPECT_THAT(ErrorsIn("{ incident { id } }"),
              ElementsAre("1:3 Field \"incident\" argument \"id\" of type \"UUID!\" is required, "
                          "but it was not provided."));
  EXPECT_THAT(ErrorsIn("{ health @include { hub } }"),
              ElementsAre("1:10 Directive \"@include\" argument \"if\" of type \"Boolean!\" is "
                          "required, but it was not provided."));
}

TEST(GraphQlValidationTest, LiteralsFitWhereTheyStand) {
  EXPECT_THAT(ErrorsIn("{ incident(id: 7) { id } }"),
              ElementsAre("1:16 Expected type \"UUID\" (a text of 8-4-4-4-12 hexadecimal digits), "
                          "found 7."));
  EXPECT_THAT(ErrorsIn("{ incidents(filter: {severities: [P0, P9]}) { total } }"),
              ElementsAre("1:39 Expected type \"Severity\" (one of P0, P1, P2, P3, P4), found "
                          "P9."));
  EXPECT_THAT(ErrorsIn("{ incidents(filter: {severities: [null]}) { total } }"),
              ElementsAre("1:35 Expected value of type \"Severity!\", found null."));
  EXPECT_THAT(ErrorsIn("{ incidents(filter: {severitie: P0}) { total } }"),
              ElementsAre("1:22 Field \"severitie\" is not defined by type \"IncidentFilter\". Did "
                          "you mean \"severities\"?"));
  EXPECT_THAT(ErrorsIn("{ incidents(filter: 1) { total } }"),
              ElementsAre("1:21 Expected value of type \"IncidentFilter\", found 1."));
  EXPECT_THAT(ErrorsIn("mutation { submitAlert(input: {source: \"a\"}) { alertId } }"),
              ElementsAre("1:31 Field \"AlertInput.title\" of required type \"String!\" was not "
                          "provided."));
  EXPECT_THAT(ErrorsIn("query ($n: Int = \"x\") { incidents(page: $n) { total } }"),
              ElementsAre(HasSubstr("1:18 Expected type \"Int\"")));
  EXPECT_THAT(ErrorsIn("query ($v: String) { incidents(filter: {labels: {env: $v}}) { total } }"),
              IsEmpty());
}

TEST(GraphQlValidationTest, FieldsOfAnInputObjectAreUnique) {
  EXPECT_THAT(ErrorsIn("{ incidents(filter: {labels: {a: \"b\", a: \"c\"}}) { total } }"),
              ElementsAre("1:31,1:39 There can be only one input field named \"a\"."));
}

TEST(GraphQlValidationTest, FieldsOfOneNameCanBeMerged) {
  EXPECT_THAT(ErrorsIn("{ health { a: hub a: version } }"),
              ElementsAre("1:12,1:19 Fields \"a\" conflict because \"hub\" and \"version\" are "
                          "different fields. Use different aliases on the fields to fetch both if "
                          "this was intentional."));
  EXPECT_THAT(ErrorsIn("{ incidents(page: 1) { total } incidents(page: 2) { total } }"),
              ElementsAre(HasSubstr("conflict because they have differing arguments")));
  EXPECT_THAT(ErrorsIn("{ health { a: hub } ...F } fragment F on Query { health { a: version } }"),
              ElementsAre(HasSubstr("1:3,1:12,1:50,1:59 Fields \"health\" conflict because "
                                    "subfields \"a\" conflict because")));
  EXPECT_THAT(ErrorsIn("{ incidents(filter: {activeOnly: true, sources: [\"a\"]}) { total } "
                       "incidents(filter: {sources: [\"a\"], activeOnly: true}) { page } }"),
              IsEmpty());
}

TEST(GraphQlValidationTest, ErrorsAreBoundedAndInOrder) {
  const std::string text = absl::StrCat("{ health {", Repeated(" x", 1'000), " } }");
  EXPECT_THAT(ErrorsIn(text, 20), SizeIs(20));
  EXPECT_THAT(ErrorsIn("{ a health { hub b } }").front(), HasSubstr("1:3 "));
}

// Fragments that spread the next one twice: written out, the last one comes 2^40 times.
TEST(GraphQlValidationTest, FragmentsWithinFragmentsAreNotWrittenOut) {
  std::string text = "{ health { ...F0 } }";
  for (int i = 0; i < 40; ++i) {
    absl::StrAppend(&text, " fragment F", i, " on Health { ...F", i + 1, " hub ...F", i + 1, " }");
  }
  text += " fragment F40 on Health { hub }";
  EXPECT_THAT(ErrorsIn(text), IsEmpty());
}

TEST(GraphQlValidationTest, WorkThatGrowsWithPairsIsBounded) {
  const auto same = absl::StrCat("{ health {", Repeated(" hub", 1'000), " } }");
  EXPECT_THAT(ErrorsIn(same), ElementsAre(HasSubstr("more than 100000 steps to validate")));
  std::string used = absl::StrCat("fragment F on Query { incidents(filter: {severities: [",
                                  Repeated("$v ", 600), "]}) { total } } ");
  for (int i = 0; i < 150; ++i) {
    absl::StrAppend(&used, "query Q", i, "($v: Severity!) { ...F } ");
  }
  EXPECT_THAT(ErrorsIn(used), ElementsAre(HasSubstr("more than 100000 steps to validate")));
}

// The stack holds out whatever the fragments are: each one compares with a chain of 250 others.
TEST(GraphQlValidationTest, ComparingDeeplyNestedFragmentsIsBounded) {
  std::string text = "{ incidents { items { ...F0 } } }";
  for (int i = 0; i < 250; ++i) {
    absl::StrAppend(&text, " fragment F", i, " on Incident { id ...F", i + 1,
                    " timeline { actor } }");
  }
  text +=
      " fragment F250 on Incident { id timeline { ...G } } fragment G on TimelineEntry { actor }";
  EXPECT_THAT(ErrorsIn(text), testing::Not(testing::Contains("syntax")));
}

}  // namespace
}  // namespace tocsin::bridge::graphql
