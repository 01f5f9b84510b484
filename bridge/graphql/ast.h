// ast.h: a GraphQL document as the parser gives it: operations and fragments.
//
// Shape:   values, in the order of the document. Each node has the offset of its first character,
//          for errors. Names are views into the document's text. Descriptions are not kept.
// Threads: values.
// Owns:    its children; not the text.
// Source:  GraphQL specification (September 2025), 2.2 to 2.12
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::bridge::graphql {

struct Name {
  size_t offset = 0;
  std::string_view text;
};

struct ObjectField;

struct Value {
  enum class Kind { kVariable, kInt, kFloat, kString, kBoolean, kNull, kEnum, kList, kObject };

  Kind kind = Kind::kNull;
  size_t offset = 0;
  std::string_view text;     // a variable's name without $, a number, true or false, an enum's name
  std::string string;        // kString
  std::vector<Value> items;  // kList
  std::vector<ObjectField> fields;  // kObject
};

// What a name says where a value stands.
inline Value::Kind KindOfName(std::string_view name) {
  if (name == "true" || name == "false") return Value::Kind::kBoolean;
  return name == "null" ? Value::Kind::kNull : Value::Kind::kEnum;
}

struct ObjectField {
  Name name;
  Value value;
};

struct Argument {
  Name name;
  Value value;
};

struct Directive {
  size_t offset = 0;  // of the @
  Name name;
  std::vector<Argument> arguments;
};

struct Selection {
  enum class Kind { kField, kFragmentSpread, kInlineFragment };

  Kind kind = Kind::kField;
  size_t offset = 0;
  std::optional<Name> alias;           // kField
  Name name;                           // kField, kFragmentSpread
  std::optional<Name> type_condition;  // kInlineFragment
  std::vector<Argument> arguments;     // kField
  std::vector<Directive> directives;
  // Of a field that has one, and of an inline fragment.
  std::optional<std::vector<Selection>> selections;
  size_t selections_offset = 0;  // of their {

  // What a field is called in the answer.
  std::string_view response_name() const { return alias ? alias->text : name.text; }
};

// A type as a variable's definition names it: [Severity!]! is a non-null list of non-null names.
struct TypeReference {
  enum class Kind { kNamed, kList, kNonNull };

  Kind kind = Kind::kNamed;
  size_t offset = 0;
  Name name;                             // kNamed
  std::unique_ptr<TypeReference> inner;  // kList, kNonNull
};

struct VariableDefinition {
  size_t offset = 0;
  Name name;
  TypeReference type;
  std::optional<Value> default_value;
  std::vector<Directive> directives;
};

enum class OperationType { kQuery, kMutation, kSubscription };

struct Operation {
  OperationType type = OperationType::kQuery;
  size_t offset = 0;
  std::optional<Name> name;
  std::vector<VariableDefinition> variables;
  std::vector<Directive> directives;
  std::vector<Selection> selections;
};

struct Fragment {
  size_t offset = 0;
  Name name;
  Name type_condition;
  std::vector<Directive> directives;
  std::vector<Selection> selections;
};

struct Document {
  std::vector<Operation> operations;
  std::vector<Fragment> fragments;
};

}  // namespace tocsin::bridge::graphql
