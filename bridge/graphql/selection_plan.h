// selection_plan.h: what an operation selects, as it is rendered: the fields of an object in their
// order, each with the fields below it.
//
// Shape:   made once an operation: fragments are written out, @skip and @include are decided, fields
//          with one response name are merged, arguments are coerced. A plan has no pointers into the
//          document, so that it may outlive it.
// Threads: const once it has been made.
// Owns:    all but the schema, whose types it points to.
// Errors:  of a directive whose argument is wrong, of the whole operation; of an argument, with its
//          field, for when the field is executed.
// Source:  GraphQL specification (September 2025), 6.3 (Collecting Fields)
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "bridge/graphql/field_reader.h"
#include "bridge/graphql/request.h"
#include "bridge/graphql/schema.h"

namespace tocsin::bridge::graphql {

struct SelectionPlan;

struct FieldArguments {
  boost::json::object values;
  std::optional<Error> error;  // then the values mean nothing
};

struct PlannedField {
  // As JSON has it: `"title":`. Of __typename with its value: `"__typename":"Incident"`.
  std::string key;
  const Field* definition = nullptr;
  ReadField read = nullptr;  // null for __typename, and for the fields of the root types
  std::unique_ptr<const FieldArguments> arguments;  // null where the field takes none
  std::unique_ptr<const SelectionPlan> selections;  // of an object
  absl::InlinedVector<Place, 1> places;

  std::string_view response_name() const;
  bool is_typename() const { return key.back() != ':'; }
  // An argument that is given and not null; else null.
  const boost::json::value* Argument(std::string_view name) const;
};

struct SelectionPlan {
  const NamedType* type = nullptr;
  std::vector<PlannedField> fields;

  // Whether one of the fields has that name; not of those below them.
  bool Selects(std::string_view field) const;
  // A text that is equal for plans that render alike: aliases and order count, how the document was
  // written does not.
  void AppendForm(std::string& out) const;
};

std::variant<std::unique_ptr<const SelectionPlan>, Errors> PlanSelections(const Schema& schema,
                                                                          const Prepared& prepared);

}  // namespace tocsin::bridge::graphql
