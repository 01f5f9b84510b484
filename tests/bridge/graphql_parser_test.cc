// What the parser makes of documents. Its verdicts on thousands of them are compared with those of
// npm's graphql in tests/clients/test_graphql_language.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>

#include "absl/strings/str_cat.h"
#include "bridge/graphql/parser.h"
#include "core/base/strings.h"

namespace tocsin::bridge::graphql {
namespace {

using testing::HasSubstr;

Document Good(std::string_view text, const ParseBounds& bounds = {}) {
  auto parsed = Parse(text, bounds);
  if (const auto* error = std::get_if<DocumentError>(&parsed)) {
    ADD_FAILURE() << text << ": " << error->message << " at " << error->offsets.at(0);
    return {};
  }
  return std::get<Document>(std::move(parsed));
}

// "line:column message".
std::string Bad(std::string_view text, const ParseBounds& bounds = {}) {
  const auto parsed = Parse(text, bounds);
  const auto* error = std::get_if<DocumentError>(&parsed);
  if (error == nullptr) return "no error";
  const Place place = PlaceAt(text, error->offsets.at(0));
  return absl::StrCat(place.line, ":", place.column, " ", error->message);
}

std::string StringIn(std::string_view literal) {
  const std::string text = absl::StrCat("{ a(b: ", ToAbsl(literal), ") }");
  const Document document = Good(text);
  if (document.operations.empty()) return "";
  return document.operations[0].selections.at(0).arguments.at(0).value.string;
}

TEST(GraphQlParserTest, AnOperationHasItsParts) {
  const std::string_view text =
      "subscription Watch($levels: [Severity!]! = [P0, P1] @note, $active: Boolean) @live {\n"
      "  updates: incidentUpdates(severities: $levels, activeOnly: $active) @include(if: true) {\n"
      "    id\n"
      "  }\n"
      "}";
  const Document document = Good(text);
  ASSERT_EQ(document.operations.size(), 1u);
  const Operation& operation = document.operations[0];
  EXPECT_EQ(operation.type, OperationType::kSubscription);
  EXPECT_EQ(operation.name->text, "Watch");
  EXPECT_EQ(operation.directives.at(0).name.text, "live");
  ASSERT_EQ(operation.variables.size(), 2u);
  const VariableDefinition& levels = operation.variables[0];
  EXPECT_EQ(levels.type.kind, TypeReference::Kind::kNonNull);
  EXPECT_EQ(levels.type.inner->kind, TypeReference::Kind::kList);
  EXPECT_EQ(levels.type.inner->inner->kind, TypeReference::Kind::kNonNull);
  EXPECT_EQ(levels.type.inner->inner->inner->name.text, "Severity");
  EXPECT_EQ(levels.default_value->items.at(1).text, "P1");
  EXPECT_EQ(levels.directives.at(0).name.text, "note");
  const Selection& updates = operation.selections.at(0);
  EXPECT_EQ(updates.response_name(), "updates");
  EXPECT_EQ(updates.name.text, "incidentUpdates");
  EXPECT_EQ(updates.arguments.at(1).value.kind, Value::Kind::kVariable);
  EXPECT_EQ(updates.arguments.at(1).value.text, "active");
  EXPECT_EQ(updates.directives.at(0).arguments.at(0).value.text, "true");
  EXPECT_EQ(updates.selections->at(0).name.text, "id");
}

TEST(GraphQlParserTest, FragmentsAreSpreadNamedAndInline) {
  const Document document = Good(
      "{ ...Names ... on Incident { id } ... @skip(if: $no) { a } } "
      "fragment Names on Incident @b { title }");
  const auto& selections = document.operations.at(0).selections;
  EXPECT_EQ(selections.at(0).kind, Selection::Kind::kFragmentSpread);
  EXPECT_EQ(selections.at(0).name.text, "Names");
  EXPECT_EQ(selections.at(1).type_condition->text, "Incident");
  EXPECT_FALSE(selections.at(2).type_condition);
  EXPECT_EQ(selections.at(2).directives.at(0).name.text, "skip");
  EXPECT_EQ(document.fragments.at(0).type_condition.text, "Incident");
}

TEST(GraphQlParserTest, EveryKindOfValueIsRead) {
  const Document document =
      Good("{ a(b: {i: -3, f: 1.5e3, s: \"x\", t: true, n: null, e: P0, l: [], o: {}}) }");
  const Value& object = document.operations.at(0).selections.at(0).arguments.at(0).value;
  std::vector<Value::Kind> kinds;
  for (const ObjectField& field : object.fields) kinds.push_back(field.value.kind);
  using enum Value::Kind;
  EXPECT_THAT(kinds,
              testing::ElementsAre(kInt, kFloat, kString, kBoolean, kNull, kEnum, kList, kObject));
  EXPECT_EQ(object.fields[1].value.text, "1.5e3");
}

TEST(GraphQlParserTest, StringsHaveTheirEscapesRead) {
  EXPECT_EQ(StringIn(R"("a\n\t\"\\\/\b\f\r")"), "a\n\t\"\\/\b\f\r");
  EXPECT_EQ(StringIn(R"("\u0041\u00e9\u20AC")"), "A\xc3\xa9\xe2\x82\xac");
  EXPECT_EQ(StringIn(R"("\u{1F600} \uD83D\uDE00")"), "\xf0\x9f\x98\x80 \xf0\x9f\x98\x80");
  EXPECT_EQ(StringIn("\"\""), "");
}

TEST(GraphQlParserTest, BlockStringsLoseTheirIndentation) {
  EXPECT_EQ(StringIn("\"\"\"\n\n    one\n      two\r\n\n    \\\"\"\" three\n\n  \"\"\""),
            "one\n  two\n\n\"\"\" three");
  EXPECT_EQ(StringIn("\"\"\"  first\n    second\"\"\""), "  first\nsecond");
  EXPECT_EQ(StringIn("\"\"\"\"\"\""), "");
  EXPECT_EQ(StringIn("\"\"\" \n \"\"\""), "");
}

TEST(GraphQlParserTest, ErrorsSayWhereAndWhat) {
  EXPECT_EQ(Bad(""),
            "1:1 expected query, mutation, subscription, fragment or {, but the document ends");
  EXPECT_EQ(Bad("{ a"), "1:4 expected a name, but the document ends");
  EXPECT_EQ(Bad("{\n  a(b: ) }"), "2:8 expected a value, but found )");
  EXPECT_EQ(Bad("{ a ~ }"), "1:5 unexpected character '~'");
  EXPECT_EQ(Bad("type A { b: C }"),
            "1:1 expected query, mutation, subscription, fragment or {, but found type");
  EXPECT_EQ(Bad("query ($a: Int = $b) { c }"),
            "1:18 a variable's default may have no variable in it");
  EXPECT_EQ(Bad("{ a(b: 01) }"), "1:9 the number may have no digit after a leading 0, not '1'");
  EXPECT_EQ(Bad("{ a(b: 1.) }"), "1:10 the number needs a digit after its point, not ')'");
  EXPECT_THAT(Bad("{ a(b: \"x) }"), HasSubstr("1:13 the string has no closing quote"));
  EXPECT_THAT(Bad("{ a(b: \"\\x\") }"), HasSubstr("1:9 the string has an escape"));
}

TEST(GraphQlParserTest, ColumnsCountWhatJavaScriptCounts) {
  EXPECT_EQ(PlaceAt("\xc3\xa9\xf0\x9f\x98\x80x", 6), (Place{1, 4}));
  EXPECT_EQ(PlaceAt("a\r\nb\rc\nd", 7), (Place{4, 1}));
  EXPECT_EQ(PlaceAt("", 0), (Place{1, 1}));
}

TEST(GraphQlParserTest, TokensAndNestingAreBounded) {
  EXPECT_EQ(Bad("{ a b c }", {.tokens = 4}), "1:9 the document has more than 4 tokens");
  Good("{ a b c }", {.tokens = 5});
  const auto nested = [](std::string_view open, std::string_view middle, std::string_view close) {
    std::string text = "{ a";
    for (int i = 0; i < 100'000; ++i) text += open;
    text += middle;
    for (int i = 0; i < 100'000; ++i) text += close;
    return text;
  };
  const ParseBounds bounds{.tokens = 1'000'000};
  EXPECT_THAT(Bad(nested("{a", "", "}"), bounds), HasSubstr("nested deeper than 64"));
  EXPECT_THAT(Bad(absl::StrCat("{ a(b: ", std::string(100'000, '[')), bounds),
              HasSubstr("nested deeper than 64"));
  EXPECT_THAT(Bad(absl::StrCat("query ($a: ", std::string(100'000, '[')), bounds),
              HasSubstr("nested deeper than 64"));
}

}  // namespace
}  // namespace tocsin::bridge::graphql
