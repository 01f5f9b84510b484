// schema.h: the types of a GraphQL schema, as tables that validation, execution and introspection
// read.
//
// Shape:   made once from SDL (schema.graphql) and the introspection's own types. Scalars, enums,
//          objects and input objects; no interfaces, no unions, no directives of our own.
// Threads: const once it has been made.
// Owns:    everything that it points to; addresses are stable.
// Errors:  Parse says what is wrong with the SDL, and in which line.
// Source:  GraphQL specification (September 2025), 3 and 4
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "bridge/graphql/ast.h"

namespace tocsin::bridge::graphql {

struct NamedType;

// A type as a field or an argument has it: [Severity!]! is non-null of a list of non-null names.
struct TypeUse {
  enum class Kind { kNamed, kList, kNonNull };

  Kind kind = Kind::kNamed;
  const NamedType* named = nullptr;  // kNamed
  const TypeUse* inner = nullptr;    // kList, kNonNull

  bool non_null() const { return kind == Kind::kNonNull; }
  // Without an outer !.
  const TypeUse& nullable() const { return non_null() ? *inner : *this; }
  // The name within all lists and !.
  const NamedType& innermost() const { return kind == Kind::kNamed ? *named : inner->innermost(); }
  std::string ToString() const;  // "[Severity!]!"
};

// An argument, or a field of an input object.
struct InputValue {
  std::string name;
  std::string description;
  const TypeUse* type = nullptr;
  std::optional<Value> default_value;  // its texts live as long as the schema

  bool required() const { return type->non_null() && !default_value.has_value(); }
};

struct Field {
  std::string name;
  std::string description;
  std::vector<InputValue> arguments;
  const TypeUse* type = nullptr;
  const NamedType* parent = nullptr;

  const InputValue* FindArgument(std::string_view argument) const;
};

struct EnumValue {
  std::string name;
  std::string description;
};

struct NamedType {
  enum class Kind { kScalar, kObject, kEnum, kInputObject };

  Kind kind = Kind::kScalar;
  std::string name;
  std::string description;
  std::vector<Field> fields;             // kObject
  std::vector<InputValue> input_fields;  // kInputObject
  std::vector<EnumValue> enum_values;    // kEnum

  bool is_leaf() const { return kind == Kind::kScalar || kind == Kind::kEnum; }
  bool is_input() const { return kind != Kind::kObject; }
  const Field* FindField(std::string_view field) const;
  const InputValue* FindInputField(std::string_view field) const;
  const EnumValue* FindEnumValue(std::string_view value) const;
};

// @include, @skip, @deprecated, @specifiedBy.
struct DirectiveDefinition {
  std::string name;
  std::string description;
  std::vector<std::string> locations;  // "FIELD", …
  std::vector<InputValue> arguments;
  bool repeatable = false;
};

class Schema {
 public:
  static absl::StatusOr<Schema> Parse(std::string_view sdl);
  // The bridge's own: schema.graphql, which is built in.
  static const Schema& Tocsin();
  // The text of schema.graphql.
  static std::string_view TocsinSdl();

  Schema(Schema&&) = default;

  const NamedType* Find(std::string_view name) const;
  // Query, Mutation, Subscription; null where the schema has none.
  const NamedType* Root(OperationType type) const;
  const DirectiveDefinition* FindDirective(std::string_view name) const;
  // In the order of the SDL, then the built-in scalars and the introspection's types.
  const std::vector<const NamedType*>& types() const { return types_; }
  const std::vector<DirectiveDefinition>& directives() const { return directives_; }

  // __schema, __type and __typename, which no type lists among its fields.
  const Field& schema_field() const { return *schema_field_; }
  const Field& type_field() const { return *type_field_; }
  const Field& typename_field() const { return *typename_field_; }

 private:
  friend class SchemaReader;
  Schema() = default;

  std::deque<NamedType> named_;
  std::deque<TypeUse> uses_;
  std::deque<std::string> texts_;
  std::deque<Field> meta_fields_;
  std::vector<const NamedType*> types_;
  std::vector<DirectiveDefinition> directives_;
  absl::flat_hash_map<std::string_view, const NamedType*> by_name_;
  const Field* schema_field_ = nullptr;
  const Field* type_field_ = nullptr;
  const Field* typename_field_ = nullptr;
};

}  // namespace tocsin::bridge::graphql
