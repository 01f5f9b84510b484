// Nothing in the schema is deprecated, so that `includeDeprecated` makes no difference.
#include "bridge/graphql/introspection.h"

#include "bridge/graphql/object_fields.h"
#include "bridge/graphql/result_writer.h"
#include "bridge/graphql/value_text.h"

namespace tocsin::bridge::graphql {
namespace {

using Text = std::string_view;
using Types = std::vector<TypeInWords>;

std::optional<Text> UnlessEmpty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<Text>(text);
}

std::optional<Object<TypeInWords>> Named(const NamedType* type) {
  return type == nullptr ? std::nullopt : std::optional(Object<TypeInWords>{{type}});
}

// ---- __Type ----

bool Is(const TypeInWords& type, NamedType::Kind kind) {
  return type.named != nullptr && type.named->kind == kind;
}

Text KindOf(const TypeInWords& type) {
  if (type.named == nullptr) {
    return type.wrapped->kind == TypeUse::Kind::kList ? "LIST" : "NON_NULL";
  }
  switch (type.named->kind) {
    case NamedType::Kind::kScalar:
      return "SCALAR";
    case NamedType::Kind::kObject:
      return "OBJECT";
    case NamedType::Kind::kEnum:
      return "ENUM";
    case NamedType::Kind::kInputObject:
      return "INPUT_OBJECT";
  }
  return "";
}

constexpr FieldReader kType[] = {
    Reads<TypeInWords>("kind", [](const auto& of) { return EnumText{KindOf(of)}; }),
    Reads<TypeInWords>("name",
                       [](const auto& of) {
                         return of.named == nullptr ? std::nullopt
                                                    : std::optional<Text>(of.named->name);
                       }),
    Reads<TypeInWords>("description",
                       [](const auto& of) {
                         return of.named == nullptr ? std::nullopt
                                                    : UnlessEmpty(of.named->description);
                       }),
    Reads<TypeInWords>("specifiedByURL", [](const auto&) { return std::nullopt; }),
    Reads<TypeInWords>("fields",
                       [](const auto& of) {
                         return Is(of, NamedType::Kind::kObject) ? &of.named->fields : nullptr;
                       }),
    Reads<TypeInWords>("interfaces",
                       [](const auto& of) {
                         return Is(of, NamedType::Kind::kObject) ? std::optional(Types())
                                                                 : std::nullopt;
                       }),
    Reads<TypeInWords>("possibleTypes", [](const auto&) { return std::nullopt; }),
    Reads<TypeInWords>("enumValues",
                       [](const auto& of) {
                         return Is(of, NamedType::Kind::kEnum) ? &of.named->enum_values : nullptr;
                       }),
    Reads<TypeInWords>("inputFields",
                       [](const auto& of) {
                         return Is(of, NamedType::Kind::kInputObject) ? &of.named->input_fields
                                                                      : nullptr;
                       }),
    Reads<TypeInWords>("ofType",
                       [](const auto& of) {
                         return of.wrapped == nullptr ? std::nullopt
                                                      : std::optional(Object<TypeInWords>{
                                                            TypeInWords::Of(*of.wrapped->inner)});
                       }),
    Reads<TypeInWords>("isOneOf",
                       [](const auto& of) {
                         return Is(of, NamedType::Kind::kInputObject) ? std::optional(false)
                                                                      : std::nullopt;
                       }),
};

// ---- what types have ----

constexpr FieldReader kField[] = {
    Reads<Field>("name", [](const auto& of) { return Text(of.name); }),
    Reads<Field>("description", [](const auto& of) { return UnlessEmpty(of.description); }),
    Reads<Field>("args", [](const auto& of) { return &of.arguments; }),
    Reads<Field>("type",
                 [](const auto& of) { return Object<TypeInWords>{TypeInWords::Of(*of.type)}; }),
    Reads<Field>("isDeprecated", [](const auto&) { return false; }),
    Reads<Field>("deprecationReason", [](const auto&) { return std::nullopt; }),
};

constexpr FieldReader kInputValue[] = {
    Reads<InputValue>("name", [](const auto& of) { return Text(of.name); }),
    Reads<InputValue>("description", [](const auto& of) { return UnlessEmpty(of.description); }),
    Reads<InputValue>(
        "type", [](const auto& of) { return Object<TypeInWords>{TypeInWords::Of(*of.type)}; }),
    Reads<InputValue>("defaultValue",
                      [](const auto& of) {
                        return of.default_value.has_value()
                                   ? std::optional(ValueText(*of.default_value))
                                   : std::nullopt;
                      }),
    Reads<InputValue>("isDeprecated", [](const auto&) { return false; }),
    Reads<InputValue>("deprecationReason", [](const auto&) { return std::nullopt; }),
};

constexpr FieldReader kEnumValue[] = {
    Reads<EnumValue>("name", [](const auto& of) { return Text(of.name); }),
    Reads<EnumValue>("description", [](const auto& of) { return UnlessEmpty(of.description); }),
    Reads<EnumValue>("isDeprecated", [](const auto&) { return false; }),
    Reads<EnumValue>("deprecationReason", [](const auto&) { return std::nullopt; }),
};

constexpr FieldReader kDirective[] = {
    Reads<DirectiveDefinition>("name", [](const auto& of) { return Text(of.name); }),
    Reads<DirectiveDefinition>("description",
                               [](const auto& of) { return UnlessEmpty(of.description); }),
    Reads<DirectiveDefinition>("isRepeatable", [](const auto& of) { return of.repeatable; }),
    Reads<DirectiveDefinition>("locations", [](const auto& of) { return &of.locations; }),
    Reads<DirectiveDefinition>("args", [](const auto& of) { return &of.arguments; }),
    Reads<DirectiveDefinition>("isDeprecated", [](const auto&) { return false; }),
    Reads<DirectiveDefinition>("deprecationReason", [](const auto&) { return std::nullopt; }),
};

// ---- __Schema ----

Types AllTypes(const Schema& schema) {
  Types types;
  for (const NamedType* const type : schema.types()) {
    types.push_back({type});
  }
  return types;
}

constexpr FieldReader kSchema[] = {
    Reads<SchemaInWords>("description", [](const auto&) { return std::nullopt; }),
    Reads<SchemaInWords>("types", [](const auto& of) { return AllTypes(*of.schema); }),
    Reads<SchemaInWords>(
        "queryType", [](const auto& of) { return Named(of.schema->Root(OperationType::kQuery)); }),
    Reads<SchemaInWords>(
        "mutationType",
        [](const auto& of) { return Named(of.schema->Root(OperationType::kMutation)); }),
    Reads<SchemaInWords>(
        "subscriptionType",
        [](const auto& of) { return Named(of.schema->Root(OperationType::kSubscription)); }),
    Reads<SchemaInWords>("directives", [](const auto& of) { return &of.schema->directives(); }),
};

constexpr ObjectFields kObjects[] = {{"__Schema", kSchema},       {"__Type", kType},
                                     {"__Field", kField},         {"__InputValue", kInputValue},
                                     {"__EnumValue", kEnumValue}, {"__Directive", kDirective}};

}  // namespace

bool TellOfSchema(RootResults& results, size_t index) {
  const Schema& schema = Schema::Tocsin();
  const PlannedField& field = results.field(index);
  if (field.definition == &schema.schema_field()) {
    results.Set(index, Object<SchemaInWords>{{&schema}});
    return true;
  }
  if (field.definition == &schema.type_field()) {
    results.Set(index, Named(schema.Find(field.Argument("name")->get_string().c_str())));
    return true;
  }
  return false;
}

std::span<const ObjectFields> IntrospectionObjects() { return kObjects; }

}  // namespace tocsin::bridge::graphql
