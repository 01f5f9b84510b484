// facts.h: a document beside the schema, laid out for the rules of validation: what stands in it,
// in flat lists, each with what the schema has for it.
//
// Shape:   made in one walk over the document. Where the schema has nothing of that name the
//          pointer is null, and the rules that need it pass over the entry: another rule reports
//          it.
// Threads: const once made.
// Owns:    its lists. Document and schema outlive it.
// Bounds:  linear in the document, which the parser has bounded.
#pragma once

#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "bridge/graphql/ast.h"
#include "bridge/graphql/schema.h"
#include "bridge/graphql/variable_types.h"

namespace tocsin::bridge::graphql {

struct FieldUse {
  const Selection* node = nullptr;
  const NamedType* parent = nullptr;  // the object that it is selected of
  const Field* definition = nullptr;
};

// A spread, or an inline fragment.
struct FragmentUse {
  const Selection* node = nullptr;
  const NamedType* parent = nullptr;
  const NamedType* type = nullptr;  // the object that the fragment is of
};

// The directives at one place.
struct DirectiveList {
  const std::vector<Directive>* directives = nullptr;
  std::string_view location;  // "FIELD", …
};

// The arguments of a field or a directive.
struct ArgumentList {
  const std::vector<Argument>* arguments = nullptr;
  const Field* field = nullptr;                    // of a field that the schema has
  const DirectiveDefinition* directive = nullptr;  // of a directive that it has
  size_t offset = 0;                               // of the field or directive

  const std::vector<InputValue>* definitions() const {
    if (field != nullptr) return &field->arguments;
    return directive != nullptr ? &directive->arguments : nullptr;
  }
};

// A whole literal: an argument's value, or a variable's default.
struct LiteralUse {
  const Value* literal = nullptr;
  const TypeUse* type = nullptr;
};

struct VariableUse {
  const Value* node = nullptr;
  const TypeUse* type = nullptr;  // what is wanted where it stands
  bool has_default = false;       // of the argument or input field
};

// What stands in one operation or fragment, without the fragments that it spreads.
struct Contents {
  std::vector<const Selection*> spreads;
  std::vector<VariableUse> variables;
};

struct OperationFacts {
  const Operation* node = nullptr;
  std::vector<const TypeUse*> variable_types;  // as node->variables
  Contents contents;
};

struct FragmentFacts {
  const Fragment* node = nullptr;
  Contents contents;
};

class Facts {
 public:
  Facts(const Schema& schema, const Document& document);
  Facts(const Facts&) = delete;
  Facts& operator=(const Facts&) = delete;

  // Null where the document has no fragment of that name.
  const FragmentFacts* FindFragment(std::string_view name) const;
  // Null where the schema has no type of that name, or it is no object.
  const NamedType* FindObject(std::string_view name) const;

  const Schema& schema;
  const Document& document;
  std::vector<OperationFacts> operations;
  std::vector<FragmentFacts> fragments;
  std::vector<FieldUse> fields;
  std::vector<FragmentUse> fragment_uses;
  std::vector<DirectiveList> directives;
  std::vector<ArgumentList> argument_lists;
  std::vector<LiteralUse> literals;

 private:
  friend class FactsWalk;

  VariableTypes types_;
  absl::flat_hash_map<std::string_view, size_t> fragment_by_name_;
};

// The type of an item of a list literal where `type` is wanted: a single value stands for a list.
const TypeUse* ItemType(const TypeUse* type);
// The input object that an object literal is where `type` is wanted; null where it is none.
const NamedType* InputObjectOf(const TypeUse* type);
// The field that the schema has for a selection of `parent`: __typename and, of a query, __schema
// and __type as well.
const Field* FieldOf(const Schema& schema, const NamedType* parent, std::string_view name);

}  // namespace tocsin::bridge::graphql
