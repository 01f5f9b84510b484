// variable_types.h: the types that a document gives its variables, as those of the schema.
//
// Threads: not thread-safe.
// Owns:    the types that it answers; they die with it. The schema outlives it.
#pragma once

#include <forward_list>
#include <string>

#include "bridge/graphql/ast.h"
#include "bridge/graphql/schema.h"

namespace tocsin::bridge::graphql {

class VariableTypes {
 public:
  explicit VariableTypes(const Schema& schema) : schema_(schema) {}

  // Null where the schema has no type of that name.
  const TypeUse* Of(const TypeReference& type) {
    const bool named = type.kind == TypeReference::Kind::kNamed;
    const NamedType* name = named ? schema_.Find(type.name.text) : nullptr;
    const TypeUse* inner = named ? nullptr : Of(*type.inner);
    if (name == nullptr && inner == nullptr) return nullptr;
    return &made_.emplace_front(TypeUse{KindOf(type.kind), name, inner});
  }

 private:
  static TypeUse::Kind KindOf(TypeReference::Kind kind) {
    switch (kind) {
      case TypeReference::Kind::kNamed:
        return TypeUse::Kind::kNamed;
      case TypeReference::Kind::kList:
        return TypeUse::Kind::kList;
      case TypeReference::Kind::kNonNull:
        return TypeUse::Kind::kNonNull;
    }
    return TypeUse::Kind::kNamed;
  }

  const Schema& schema_;
  std::forward_list<TypeUse> made_;
};

// "[Severity!]!", as the document has it.
std::string ToString(const TypeReference& type);

}  // namespace tocsin::bridge::graphql
