#include <algorithm>
#include <set>

#include "bridge/graphql/object_fields.h"
#include "tests/bridge/graphql_fixture.h"

namespace tocsin::bridge::graphql {
namespace {

bool IsRoot(const NamedType* type) {
  const Schema& schema = Schema::Tocsin();
  return type == schema.Root(OperationType::kQuery) ||
         type == schema.Root(OperationType::kMutation) ||
         type == schema.Root(OperationType::kSubscription);
}

TEST(GraphqlObjectsTest, EveryFieldOfTheSchemaIsRead) {
  for (const NamedType* type : Schema::Tocsin().types()) {
    if (type->kind != NamedType::Kind::kObject || IsRoot(type)) continue;
    for (const Field& field : type->fields) {
      EXPECT_NE(FindReader(type->name, field.name), nullptr) << type->name << "." << field.name;
    }
  }
}

TEST(GraphqlObjectsTest, NothingElseIsRead) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const ObjectFields& object : AllObjects()) {
    const NamedType* type = Schema::Tocsin().Find(object.type);
    ASSERT_NE(type, nullptr) << object.type;
    for (const FieldReader& reader : object.readers) {
      EXPECT_NE(type->FindField(reader.name), nullptr) << object.type << "." << reader.name;
      EXPECT_TRUE(seen.emplace(object.type, reader.name).second) << reader.name << " twice";
    }
  }
}

template <class Enum>
void ExpectSameNames(std::string_view type) {
  const NamedType* in_schema = Schema::Tocsin().Find(type);
  ASSERT_NE(in_schema, nullptr) << type;
  std::vector<std::string_view> wanted = {""};
  for (const EnumValue& value : in_schema->enum_values) wanted.push_back(value.name);
  EXPECT_EQ(EnumNames(*google::protobuf::GetEnumDescriptor<Enum>()), wanted) << type;
}

TEST(GraphqlObjectsTest, EnumsHaveTheSchemasNames) {
  ExpectSameNames<v1::Severity>("Severity");
  ExpectSameNames<v1::IncidentState>("IncidentState");
  ExpectSameNames<v1::IncidentType>("IncidentType");
  ExpectSameNames<v1::EventType>("EventType");
  ExpectSameNames<v1::Priority>("Priority");
  ExpectSameNames<v1::AlertStatus>("AlertStatus");
  ExpectSameNames<v1::ResolutionMethod>("ResolutionMethod");
  EXPECT_EQ(EnumName(v1::SEVERITY_UNSPECIFIED), "");
  EXPECT_EQ(EnumName(static_cast<v1::Severity>(99)), "");
}

}  // namespace
}  // namespace tocsin::bridge::graphql
