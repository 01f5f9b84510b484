#include "bridge/graphql/selection_plan.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/graphql/coercion.h"
#include "bridge/graphql/object_fields.h"
#include "core/base/strings.h"

namespace tocsin::bridge::graphql {
namespace {

namespace json = boost::json;

json::string_view ToJson(std::string_view text) { return {text.data(), text.size()}; }

class Planner {
 public:
  Planner(const Schema& schema, const Prepared& prepared) : schema_(schema), prepared_(prepared) {}

  std::unique_ptr<const SelectionPlan> Plan(const NamedType& type,
                                            const std::vector<const Selection*>& parents) {
    Groups groups;
    for (const Selection* const parent : parents) {
      Collect(type, *parent->selections, groups);
    }
    return PlanGroups(type, groups);
  }

  std::unique_ptr<const SelectionPlan> PlanRoot() {
    const NamedType& type = *schema_.Root(prepared_.type());
    Groups groups;
    Collect(type, prepared_.operation->selections, groups);
    return PlanGroups(type, groups);
  }

  Errors TakeErrors() { return std::move(errors_); }

 private:
  // The fields with one response name.
  struct Group {
    std::string_view name;
    std::vector<const Selection*> selections;
  };
  struct Groups {
    std::vector<Group> groups;
    std::vector<std::string_view> fragments;  // those that have been taken in

    void Add(const Selection& selection) {
      const std::string_view name = selection.response_name();
      auto found = std::ranges::find(groups, name, &Group::name);
      if (found == groups.end()) {
        groups.push_back({name, {}});
        found = groups.end() - 1;
      }
      found->selections.push_back(&selection);
    }
    bool AddFragment(std::string_view name) {
      if (std::ranges::find(fragments, name) != fragments.end()) return false;
      fragments.push_back(name);
      return true;
    }
  };

  // There are no interfaces and no unions: a fragment is for exactly one type.
  void Collect(const NamedType& type, const std::vector<Selection>& selections, Groups& groups) {
    for (const Selection& selection : selections) {
      if (!IsTakenIn(selection)) continue;
      switch (selection.kind) {
        case Selection::Kind::kField:
          groups.Add(selection);
          break;
        case Selection::Kind::kInlineFragment:
          if (!selection.type_condition || selection.type_condition->text == type.name) {
            Collect(type, *selection.selections, groups);
          }
          break;
        case Selection::Kind::kFragmentSpread:
          CollectFragment(type, selection.name.text, groups);
          break;
      }
    }
  }

  void CollectFragment(const NamedType& type, std::string_view name, Groups& groups) {
    for (const Fragment& fragment : prepared_.document.fragments) {
      if (fragment.name.text == name && fragment.type_condition.text == type.name &&
          groups.AddFragment(name)) {
        Collect(type, fragment.selections, groups);
      }
    }
  }

  bool IsTakenIn(const Selection& selection) {
    return std::ranges::all_of(selection.directives, [this](const Directive& directive) {
      return directive.name.text == "skip"      ? !Condition(directive)
             : directive.name.text == "include" ? Condition(directive)
                                                : true;
    });
  }

  bool Condition(const Directive& directive) {
    const DirectiveDefinition& definition = *schema_.FindDirective(directive.name.text);
    auto coerced = CoerceArguments(definition.arguments, directive.arguments, prepared_.variables,
                                   prepared_.text);
    if (auto* const error = std::get_if<Error>(&coerced)) {
      errors_.push_back(std::move(*error));
      return false;
    }
    return std::get<json::object>(coerced).at("if").as_bool();
  }

  std::unique_ptr<const SelectionPlan> PlanGroups(const NamedType& type, const Groups& groups) {
    auto plan = std::make_unique<SelectionPlan>();
    plan->type = &type;
    for (const Group& group : groups.groups) {
      plan->fields.push_back(PlanField(type, group));
    }
    plan->fields.shrink_to_fit();
    return plan;
  }

  PlannedField PlanField(const NamedType& type, const Group& group) {
    const Selection& first = *group.selections.front();
    PlannedField field;
    field.key = absl::StrCat("\"", ToAbsl(group.name), "\":");
    for (const Selection* const selection : group.selections) {
      field.places.push_back(PlaceAt(prepared_.text, selection->offset));
    }
    if (first.name.text == schema_.typename_field().name) {
      field.definition = &schema_.typename_field();
      absl::StrAppend(&field.key, "\"", type.name, "\"");
      return field;
    }
    field.definition = FindDefinition(type, first.name.text);
    field.read = FindReader(type.name, first.name.text);
    field.arguments = ArgumentsOf(*field.definition, first);
    const NamedType& answer = field.definition->type->innermost();
    if (!answer.is_leaf()) {
      field.selections = Plan(answer, group.selections);
    }
    return field;
  }

  // The fields of introspection begin at the root of a query and are none of its type's own.
  const Field* FindDefinition(const NamedType& type, std::string_view name) const {
    if (name == schema_.schema_field().name) return &schema_.schema_field();
    if (name == schema_.type_field().name) return &schema_.type_field();
    return type.FindField(name);
  }

  std::unique_ptr<const FieldArguments> ArgumentsOf(const Field& definition,
                                                    const Selection& selection) const {
    if (definition.arguments.empty()) return nullptr;
    auto coerced = CoerceArguments(definition.arguments, selection.arguments, prepared_.variables,
                                   prepared_.text);
    auto arguments = std::make_unique<FieldArguments>();
    if (auto* const error = std::get_if<Error>(&coerced)) {
      arguments->error = std::move(*error);
    } else {
      arguments->values = std::get<json::object>(std::move(coerced));
    }
    return arguments;
  }

  const Schema& schema_;
  const Prepared& prepared_;
  Errors errors_;
};

}  // namespace

std::string_view PlannedField::response_name() const {
  return std::string_view(key).substr(1, key.find('"', 1) - 1);
}

const json::value* PlannedField::Argument(std::string_view name) const {
  const json::value* const value =
      arguments == nullptr ? nullptr : arguments->values.if_contains(ToJson(name));
  return value == nullptr || value->is_null() ? nullptr : value;
}

bool SelectionPlan::Selects(std::string_view field) const {
  return std::ranges::any_of(
      fields, [field](const PlannedField& planned) { return planned.definition->name == field; });
}

void SelectionPlan::AppendForm(std::string& out) const {
  out += '{';
  for (const PlannedField& field : fields) {
    absl::StrAppend(&out, field.key, field.definition->name);
    if (field.arguments != nullptr && !field.arguments->values.empty()) {
      absl::StrAppend(&out, json::serialize(field.arguments->values));
    }
    if (field.selections != nullptr) {
      field.selections->AppendForm(out);
    }
    out += ',';
  }
  out += '}';
}

std::variant<std::unique_ptr<const SelectionPlan>, Errors> PlanSelections(
    const Schema& schema, const Prepared& prepared) {
  Planner planner(schema, prepared);
  auto plan = planner.PlanRoot();
  if (Errors errors = planner.TakeErrors(); !errors.empty()) {
    return errors;
  }
  return plan;
}

}  // namespace tocsin::bridge::graphql
