// introspection.h: what stands for the objects by which a schema tells of itself.
//
// Shape:   a __Field is a Field, an __InputValue an InputValue, an __EnumValue an EnumValue, a
//          __Directive a DirectiveDefinition; these stand for the two that have no table.
// Threads: values, with pointers into the schema; the bridge's own schema is const.
// Source:  GraphQL specification (September 2025), 4
#pragma once

#include <cstddef>

#include "bridge/graphql/root_results.h"
#include "bridge/graphql/schema.h"

namespace tocsin::bridge::graphql {

// __Schema.
struct SchemaInWords {
  const Schema* schema;
};

// __Type: a named type, or a list or a non-null of another.
struct TypeInWords {
  const NamedType* named = nullptr;
  const TypeUse* wrapped = nullptr;  // kList or kNonNull; then there is no `named`

  static TypeInWords Of(const TypeUse& use) {
    return use.kind == TypeUse::Kind::kNamed ? TypeInWords{use.named, nullptr}
                                             : TypeInWords{nullptr, &use};
  }
};

// Sets the result of __schema and __type, of the bridge's own schema. False for another field.
bool TellOfSchema(RootResults& results, size_t index);

}  // namespace tocsin::bridge::graphql
