// The bridge's own schema as tables, and what is wrong with other SDL.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "bridge/graphql/schema.h"

namespace tocsin::bridge::graphql {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string ErrorOf(std::string_view sdl) {
  const auto schema = Schema::Parse(sdl);
  return schema.ok() ? "no error" : std::string(schema.status().message());
}

TEST(GraphQlSchemaTest, FieldsHaveTheirArgumentsAndTypes) {
  const Schema& schema = Schema::Tocsin();
  const Field* incidents = schema.Root(OperationType::kQuery)->FindField("incidents");
  ASSERT_NE(incidents, nullptr);
  EXPECT_EQ(incidents->type->ToString(), "IncidentPage!");
  EXPECT_EQ(incidents->parent, schema.Root(OperationType::kQuery));
  EXPECT_THAT(incidents->description, HasSubstr("1 to 1,000 incidents"));
  const InputValue* order = incidents->FindArgument("order");
  ASSERT_NE(order, nullptr);
  EXPECT_EQ(&order->type->innermost(), schema.Find("IncidentOrder"));
  EXPECT_EQ(order->default_value->text, "UPDATED_AT");
  EXPECT_FALSE(order->required());
  EXPECT_EQ(incidents->FindArgument("orders"), nullptr);
}

TEST(GraphQlSchemaTest, TypesAreWrappedInListsAndNonNull) {
  const NamedType* filter = Schema::Tocsin().Find("IncidentFilter");
  ASSERT_NE(filter, nullptr);
  EXPECT_EQ(filter->kind, NamedType::Kind::kInputObject);
  const TypeUse& severities = *filter->FindInputField("severities")->type;
  EXPECT_EQ(severities.ToString(), "[Severity!]");
  EXPECT_EQ(severities.kind, TypeUse::Kind::kList);
  EXPECT_TRUE(severities.inner->non_null());
  EXPECT_EQ(severities.innermost().enum_values.size(), 5u);
  EXPECT_NE(severities.innermost().FindEnumValue("P4"), nullptr);
}

TEST(GraphQlSchemaTest, IntrospectionHasItsTypesAndFields) {
  const Schema& schema = Schema::Tocsin();
  EXPECT_EQ(schema.schema_field().type->ToString(), "__Schema!");
  EXPECT_EQ(schema.type_field().FindArgument("name")->type->ToString(), "String!");
  EXPECT_EQ(schema.typename_field().type->ToString(), "String!");
  const Field* types = schema.Find("__Schema")->FindField("types");
  EXPECT_EQ(types->type->ToString(), "[__Type!]!");
  EXPECT_EQ(schema.Find("__DirectiveLocation")->enum_values.size(), 20u);
}

TEST(GraphQlSchemaTest, DirectivesAreThoseOfTheSpecification) {
  const Schema& schema = Schema::Tocsin();
  std::vector<std::string> names;
  for (const DirectiveDefinition& directive : schema.directives()) names.push_back(directive.name);
  EXPECT_THAT(names, ElementsAre("include", "skip", "deprecated", "specifiedBy"));
  const DirectiveDefinition* skip = schema.FindDirective("skip");
  EXPECT_THAT(skip->locations, ElementsAre("FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"));
  EXPECT_TRUE(skip->arguments.at(0).required());
  EXPECT_FALSE(skip->repeatable);
}

TEST(GraphQlSchemaTest, BuiltInScalarsAreThereWhereTheyAreUsed) {
  std::vector<std::string> names;
  for (const NamedType* type : Schema::Tocsin().types()) names.push_back(type->name);
  EXPECT_EQ(names.front(), "UUID");
  EXPECT_THAT(names, Contains("Float"));
  EXPECT_THAT(names, Not(Contains("ID")));
  EXPECT_EQ(Schema::Tocsin().Find("ID"), nullptr);
  const auto with_id = Schema::Parse("type Query { a(b: [ID] = [1, \"x\"]): Query }");
  ASSERT_TRUE(with_id.ok()) << with_id.status();
  EXPECT_NE(with_id->Find("ID"), nullptr);
  EXPECT_EQ(with_id->Find("Float"), nullptr);
}

TEST(GraphQlSchemaTest, WhatIsWrongIsSaidWithItsLine) {
  EXPECT_EQ(ErrorOf("type Query {\n  a: Int\n  a: Int\n}"), "line 3: a is defined twice");
  EXPECT_EQ(ErrorOf("type Query { a: Int }\ntype Query { a: Int }"),
            "line 2: Query is defined twice");
  EXPECT_EQ(ErrorOf("enum A { B C B } type Query { a: A }"), "line 1: B is defined twice");
  EXPECT_EQ(ErrorOf("type Query { a(b: Int, b: Int): Int }"), "line 1: b is defined twice");
  EXPECT_EQ(ErrorOf("type Query {\n a: Thing }"), "line 2: Thing is not defined");
  EXPECT_EQ(ErrorOf("scalar Colour type Query { a: Colour }"),
            "line 1: the scalar Colour has no coercion");
  EXPECT_EQ(ErrorOf("type Query { a(b: Query): Int }"), "line 1: Query is no input type");
  EXPECT_EQ(ErrorOf("input A { b: Int } type Query { a: A }"),
            "line 1: A is an input type, and no field's");
  EXPECT_EQ(ErrorOf("enum Query { A }"), "there is no type Query");
  EXPECT_EQ(ErrorOf("scalar UUID"), "there is no type Query");
  EXPECT_EQ(ErrorOf("type Query { }"), "line 1: expected a name, but found }");
  EXPECT_EQ(ErrorOf("type Query { a: Int"), "line 1: expected a name, but found the end");
  EXPECT_EQ(ErrorOf("union A = B"),
            "line 1: expected scalar, type, enum, input or directive, but found union");
  EXPECT_EQ(ErrorOf("type Query { a(b: Int = {}): Int }"),
            "line 1: expected a default, but found {");
}

}  // namespace
}  // namespace tocsin::bridge::graphql
