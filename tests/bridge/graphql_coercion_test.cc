// Values of clients as the schema's types want them, by way of Prepare and CoerceArguments.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <string>
#include <string_view>
#include <variant>

#include "absl/strings/str_cat.h"
#include "bridge/graphql/coercion.h"
#include "bridge/graphql/request.h"
#include "core/base/strings.h"

namespace tocsin::bridge::graphql {
namespace {

namespace json = boost::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const Schema& TestSchema() {
  static const auto* const schema = new absl::StatusOr<Schema>(Schema::Parse(R"(
    scalar UUID scalar DateTime scalar Map scalar UInt53
    enum Level { P0 P1 }
    input Inner { level: Level = P1, must: Int!, numbers: [Int!] }
    type Query {
      all(
        int: Int, float: Float, string: String, boolean: Boolean, id: ID, uuid: UUID
        time: DateTime, map: Map, large: UInt53, level: Level, inner: Inner, levels: [Level!]
        maybes: [Level], lists: [[Int]], must: Int! = 7, inners: [Inner!]
      ): Int
    }
  )"));
  return **schema;
}

// The variable $x of that type when a client gives that JSON, or the first error.
std::string Variable(std::string_view type, std::string_view given) {
  json::object variables;
  if (!given.empty()) variables["x"] = json::parse({given.data(), given.size()});
  const auto text = absl::StrCat("query ($x: ", ToAbsl(type), ") { all }");
  const auto document = std::get<Document>(Parse(text));
  const auto coerced = CoerceVariables(TestSchema(), document.operations[0], variables, text);
  if (const auto* errors = std::get_if<Errors>(&coerced)) return errors->at(0).message;
  const auto& object = std::get<json::object>(coerced);
  return object.contains("x") ? json::serialize(object.at("x")) : "absent";
}

std::variant<json::object, Error> Arguments(std::string_view arguments,
                                            const json::object& variables = {}) {
  const auto text = absl::StrCat("{ all(", ToAbsl(arguments), ") }");
  const auto document = std::get<Document>(Parse(text));
  const Field& all = TestSchema().Root(OperationType::kQuery)->fields[0];
  return CoerceArguments(all.arguments, document.operations[0].selections[0].arguments, variables,
                         text);
}

// The argument of that name.
std::string Argument(std::string_view name, std::string_view value,
                     const json::object& variables = {}) {
  const auto coerced = Arguments(absl::StrCat(ToAbsl(name), ": ", ToAbsl(value)), variables);
  if (const auto* error = std::get_if<Error>(&coerced)) return error->message;
  const auto& object = std::get<json::object>(coerced);
  const auto* found = object.if_contains({name.data(), name.size()});
  return found ? json::serialize(*found) : "absent";
}

TEST(GraphQlCoercionTest, NumbersHaveTheirBounds) {
  EXPECT_EQ(Variable("Int", "2147483647"), "2147483647");
  EXPECT_EQ(Variable("Int", "-2147483648"), "-2147483648");
  EXPECT_EQ(Variable("Int", "3.0"), "3");
  EXPECT_THAT(Variable("Int", "2147483648"), HasSubstr("a whole number from -2147483648"));
  EXPECT_THAT(Variable("Int", "3.5"), HasSubstr("found 3.5."));
  EXPECT_THAT(Variable("Int", "\"3\""), HasSubstr("found \"3\""));
  EXPECT_THAT(Variable("Int", "true"), HasSubstr("found true"));
  EXPECT_EQ(Variable("Float", "3"), "3E0");
  EXPECT_EQ(Variable("Float", "-0.5"), "-5E-1");
  EXPECT_THAT(Variable("Float", "\"1\""), HasSubstr("a finite number"));
  EXPECT_EQ(Variable("UInt53", "9007199254740991"), "9007199254740991");
  EXPECT_EQ(Variable("UInt53", "0"), "0");
  EXPECT_THAT(Variable("UInt53", "9007199254740992"), HasSubstr("from 0 to 9007199254740991"));
  EXPECT_THAT(Variable("UInt53", "18446744073709551615"), HasSubstr("UInt53"));
  EXPECT_THAT(Variable("UInt53", "-1"), HasSubstr("found -1"));
  EXPECT_EQ(Argument("int", "-3"), "-3");
  EXPECT_THAT(Argument("int", "3.0"), HasSubstr("found 3.0"));
  EXPECT_THAT(Argument("int", "123456789012345678901"), HasSubstr("found 1234567890"));
  EXPECT_EQ(Argument("float", "3"), "3E0");
  EXPECT_THAT(Argument("float", "1e400"), HasSubstr("a finite number"));
  EXPECT_EQ(Argument("large", "9007199254740991"), "9007199254740991");
  EXPECT_THAT(Argument("large", "9007199254740992"), HasSubstr("UInt53"));
}

TEST(GraphQlCoercionTest, TextsAndBooleansAreThemselves) {
  EXPECT_EQ(Variable("String", "\"a\""), "\"a\"");
  EXPECT_THAT(Variable("String", "1"), HasSubstr("(a text), found 1"));
  EXPECT_THAT(Argument("string", "P0"), HasSubstr("(a text), found P0"));
  EXPECT_EQ(Variable("Boolean", "false"), "false");
  EXPECT_THAT(Variable("Boolean", "0"), HasSubstr("true or false"));
  EXPECT_EQ(Argument("boolean", "true"), "true");
  EXPECT_EQ(Variable("ID", "7"), "\"7\"");
  EXPECT_EQ(Argument("id", "7"), "\"7\"");
  EXPECT_THAT(Variable("ID", "1.5"), HasSubstr("a text or a whole number"));
}

TEST(GraphQlCoercionTest, UuidsAreWrittenInLowerCase) {
  EXPECT_EQ(Variable("UUID", "\"0190A1B2-C3D4-7E5F-8A9B-0C1D2E3F4A5B\""),
            "\"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\"");
  EXPECT_THAT(Variable("UUID", "\"0190a1b2c3d47e5f8a9b0c1d2e3f4a5b\""),
              HasSubstr("8-4-4-4-12 hexadecimal digits"));
  EXPECT_EQ(Argument("uuid", "\"0190A1B2-C3D4-7E5F-8A9B-0C1D2E3F4A5B\""),
            "\"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\"");
}

TEST(GraphQlCoercionTest, TimesAreWrittenInUtc) {
  EXPECT_EQ(Variable("DateTime", "\"2026-01-02T03:04:05.5+02:00\""),
            "\"2026-01-02T01:04:05.500000Z\"");
  EXPECT_THAT(Variable("DateTime", "\"2026-02-30T00:00:00Z\""), HasSubstr("RFC 3339"));
  EXPECT_THAT(Variable("DateTime", "1767323045"), HasSubstr("RFC 3339"));
  EXPECT_EQ(Argument("time", "\"2026-01-02T03:04:05Z\""), "\"2026-01-02T03:04:05.000000Z\"");
}

TEST(GraphQlCoercionTest, AMapHasTextsOnly) {
  EXPECT_EQ(Variable("Map", R"({"a":"b"})"), R"({"a":"b"})");
  EXPECT_EQ(Variable("Map", "{}"), "{}");
  EXPECT_THAT(Variable("Map", R"({"a":1})"), HasSubstr("an object whose values are texts"));
  EXPECT_THAT(Variable("Map", "[]"), HasSubstr("found a list"));
  EXPECT_EQ(Argument("map", "{a: \"b\"}"), R"({"a":"b"})");
  EXPECT_THAT(Argument("map", "{a: 1}"), HasSubstr("an object whose values are texts"));
  EXPECT_THAT(Argument("map", "{a: P0}"), HasSubstr("an object whose values are texts"));
}

TEST(GraphQlCoercionTest, VariablesMayStandWithinAMap) {
  EXPECT_EQ(Argument("map", "{a: $v, b: $absent}", {{"v", "x"}}), R"({"a":"x"})");
  EXPECT_THAT(Argument("map", "{a: $v}", {{"v", 1}}), HasSubstr("Map"));
}

TEST(GraphQlCoercionTest, EnumsAreNamedInLiteralsAndTextsInJson) {
  EXPECT_EQ(Variable("Level", "\"P1\""), "\"P1\"");
  EXPECT_THAT(Variable("Level", "\"P2\""),
              HasSubstr("Expected type \"Level\" (one of P0, P1), found \"P2\"."));
  EXPECT_EQ(Argument("level", "P0"), "\"P0\"");
  EXPECT_THAT(Argument("level", "\"P0\""), HasSubstr("found \"P0\""));
  EXPECT_THAT(Argument("level", "true"), HasSubstr("found true"));
}

TEST(GraphQlCoercionTest, ASingleValueIsAListOfOne) {
  EXPECT_EQ(Variable("[Level!]", "\"P1\""), "[\"P1\"]");
  EXPECT_EQ(Variable("[[Int]]", "1"), "[[1]]");
  EXPECT_EQ(Variable("[[Int]]", "[[1],2,null]"), "[[1],[2],null]");
  EXPECT_EQ(Argument("levels", "P1"), "[\"P1\"]");
  EXPECT_EQ(Argument("lists", "[1, [2]]"), "[[1],[2]]");
  EXPECT_EQ(Variable("[Level!]", "null"), "null");
}

TEST(GraphQlCoercionTest, NonNullTakesNoNull) {
  EXPECT_EQ(Variable("Int", "null"), "null");
  EXPECT_EQ(Variable("Int", ""), "absent");
  EXPECT_EQ(Variable("Int!", ""), "Variable \"$x\" of required type \"Int!\" was not provided.");
  EXPECT_THAT(Variable("Int!", "null"), HasSubstr("Expected type \"Int!\", found null."));
  EXPECT_THAT(Variable("[Level!]", "[\"P0\",null]"), HasSubstr("at \"x[1]\"; Expected"));
  EXPECT_EQ(Variable("[Level]", "[null]"), "[null]");
  EXPECT_THAT(Argument("levels", "[null]"), HasSubstr("Expected type \"Level!\", found null"));
  EXPECT_THAT(Argument("must", "null"), HasSubstr("Expected type \"Int!\", found null"));
}

TEST(GraphQlCoercionTest, InputObjectsHaveTheirFieldsAndDefaults) {
  EXPECT_EQ(Variable("Inner", R"({"must":1})"), R"({"level":"P1","must":1})");
  EXPECT_EQ(Variable("Inner", R"({"level":null,"must":1})"), R"({"level":null,"must":1})");
  EXPECT_THAT(Variable("Inner", "{}"),
              HasSubstr("Field \"must\" of required type \"Int!\" was not provided."));
  EXPECT_THAT(
      Variable("Inner", R"({"must":1,"levle":"P0"})"),
      HasSubstr("Field \"levle\" is not defined by type \"Inner\". Did you mean \"level\"?"));
  EXPECT_THAT(Variable("Inner", "3"), HasSubstr("(an object), found 3"));
  EXPECT_THAT(Variable("[Inner!]", R"([{"must":1},{"must":1,"numbers":[1,"a"]}])"),
              HasSubstr("at \"x[1].numbers[1]\""));
  EXPECT_EQ(Argument("inner", "{must: 1, numbers: 2}"), R"({"level":"P1","must":1,"numbers":[2]})");
  EXPECT_THAT(Argument("inner", "{}"), HasSubstr("Field \"must\" of required type"));
  EXPECT_THAT(Argument("inner", "{must: 1, other: 2}"), HasSubstr("Field \"other\""));
}

TEST(GraphQlCoercionTest, ArgumentsTakeVariablesAndDefaults) {
  EXPECT_EQ(Argument("int", "$v", {{"v", 3}}), "3");
  EXPECT_EQ(Argument("int", "$v"), "absent");
  EXPECT_EQ(Argument("must", "$v"), "7");
  EXPECT_EQ(Argument("levels", "[P0, $v]", {{"v", "P1"}}), "[\"P0\",\"P1\"]");
  EXPECT_EQ(Argument("maybes", "[P0, $v]"), "[\"P0\",null]");
  EXPECT_THAT(Argument("levels", "[$v]"), HasSubstr("the variable $v was not provided"));
  EXPECT_THAT(Argument("must", "$v", {{"v", nullptr}}), HasSubstr("the variable $v is null"));
  EXPECT_EQ(Argument("inner", "{must: 1, level: $v}"), R"({"level":"P1","must":1})");
}

TEST(GraphQlCoercionTest, AnErrorNamesTheArgumentAndItsPlace) {
  const auto coerced = Arguments("inner: {must: 1, numbers: [1, null]}");
  const auto* error = std::get_if<Error>(&coerced);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->field, "inner.numbers[1]");
  EXPECT_EQ(error->code, kBadUserInput);
  EXPECT_THAT(error->locations, ElementsAre(Place{1, 37}));
  EXPECT_THAT(error->message, StartsWith("Argument \"inner\" has invalid value; "));
}

TEST(GraphQlCoercionTest, VariablesHaveDefaults) {
  EXPECT_EQ(Variable("Level = P0", ""), "\"P0\"");
  EXPECT_EQ(Variable("Level = P0", "null"), "null");
  EXPECT_EQ(Variable("[Level!]! = P0", ""), "[\"P0\"]");
  EXPECT_THAT(Variable("Level = P9", ""), HasSubstr("has an invalid default"));
}

TEST(GraphQlCoercionTest, AVariableOfAnUnknownTypeIsRefused) {
  EXPECT_THAT(Variable("Thing!", "1"), HasSubstr("cannot be used as an input type"));
  EXPECT_THAT(Variable("[Query]", "1"), HasSubstr("cannot be used as an input type"));
}

TEST(GraphQlCoercionTest, TheErrorsThatAreToldAreBounded) {
  json::array many;
  for (int i = 0; i < 1'000; ++i) many.push_back("x");
  const std::string text = "query ($x: [Int], $y: Int!) { all }";
  const auto document = std::get<Document>(Parse(text));
  const auto coerced =
      CoerceVariables(TestSchema(), document.operations[0], {{"x", many}}, text, 5);
  const auto& errors = std::get<Errors>(coerced);
  EXPECT_EQ(errors.size(), 5u);
  EXPECT_EQ(errors[4].field, "x[4]");
}

}  // namespace
}  // namespace tocsin::bridge::graphql
