#include "bridge/graphql/validation/facts.h"

namespace tocsin::bridge::graphql {

// The walk over the document. `contents_` is of the operation or fragment that it is in.
class FactsWalk {
 public:
  explicit FactsWalk(Facts& facts) : facts_(facts) {}

  void Walk(const Operation& operation) {
    OperationFacts& made = facts_.operations.emplace_back();
    made.node = &operation;
    contents_ = &made.contents;
    for (const VariableDefinition& variable : operation.variables) {
      const TypeUse* type = facts_.types_.Of(variable.type);
      made.variable_types.push_back(type);
      if (variable.default_value) {
        const bool input = type != nullptr && type->innermost().is_input();
        facts_.literals.push_back({&*variable.default_value, input ? type : nullptr});
      }
      WalkDirectives(variable.directives, "VARIABLE_DEFINITION");
    }
    WalkDirectives(operation.directives, LocationOf(operation.type));
    WalkSelections(operation.selections, facts_.schema.Root(operation.type));
  }

  void Walk(const Fragment& fragment) {
    FragmentFacts& made = facts_.fragments.emplace_back();
    made.node = &fragment;
    contents_ = &made.contents;
    facts_.fragment_by_name_[fragment.name.text] = facts_.fragments.size() - 1;
    WalkDirectives(fragment.directives, "FRAGMENT_DEFINITION");
    WalkSelections(fragment.selections, facts_.FindObject(fragment.type_condition.text));
  }

 private:
  static std::string_view LocationOf(OperationType type) {
    switch (type) {
      case OperationType::kQuery:
        return "QUERY";
      case OperationType::kMutation:
        return "MUTATION";
      case OperationType::kSubscription:
        return "SUBSCRIPTION";
    }
    return "";
  }

  void WalkSelections(const std::vector<Selection>& selections, const NamedType* parent) {
    for (const Selection& selection : selections) {
      switch (selection.kind) {
        case Selection::Kind::kField:
          WalkField(selection, parent);
          break;
        case Selection::Kind::kFragmentSpread:
          contents_->spreads.push_back(&selection);
          // Its type is known once all fragments have been seen.
          facts_.fragment_uses.push_back({&selection, parent, nullptr});
          WalkDirectives(selection.directives, "FRAGMENT_SPREAD");
          break;
        case Selection::Kind::kInlineFragment:
          WalkInlineFragment(selection, parent);
          break;
      }
    }
  }

  void WalkField(const Selection& field, const NamedType* parent) {
    const Field* definition = FieldOf(facts_.schema, parent, field.name.text);
    facts_.fields.push_back({&field, parent, definition});
    WalkArguments({&field.arguments, definition, nullptr, field.offset});
    WalkDirectives(field.directives, "FIELD");
    if (!field.selections) return;
    const NamedType* type = definition == nullptr ? nullptr : &definition->type->innermost();
    const bool is_object = type != nullptr && type->kind == NamedType::Kind::kObject;
    WalkSelections(*field.selections, is_object ? type : nullptr);
  }

  void WalkInlineFragment(const Selection& inline_fragment, const NamedType* parent) {
    const auto& condition = inline_fragment.type_condition;
    const NamedType* type = condition ? facts_.FindObject(condition->text) : parent;
    facts_.fragment_uses.push_back({&inline_fragment, parent, type});
    WalkDirectives(inline_fragment.directives, "INLINE_FRAGMENT");
    WalkSelections(*inline_fragment.selections, type);
  }

  void WalkDirectives(const std::vector<Directive>& directives, std::string_view location) {
    if (directives.empty()) return;
    facts_.directives.push_back({&directives, location});
    for (const Directive& directive : directives) {
      WalkArguments({&directive.arguments, nullptr,
                     facts_.schema.FindDirective(directive.name.text), directive.offset});
    }
  }

  void WalkArguments(const ArgumentList& list) {
    facts_.argument_lists.push_back(list);
    for (const Argument& argument : *list.arguments) {
      const InputValue* definition = FindArgument(list, argument.name.text);
      const TypeUse* type = definition == nullptr ? nullptr : definition->type;
      facts_.literals.push_back({&argument.value, type});
      WalkVariables(argument.value, type,
                    definition != nullptr && definition->default_value.has_value());
    }
  }

  static const InputValue* FindArgument(const ArgumentList& list, std::string_view name) {
    if (list.definitions() == nullptr) return nullptr;
    for (const InputValue& definition : *list.definitions()) {
      if (definition.name == name) return &definition;
    }
    return nullptr;
  }

  void WalkVariables(const Value& value, const TypeUse* type, bool has_default) {
    if (value.kind == Value::Kind::kVariable) {
      contents_->variables.push_back({&value, type, has_default});
    }
    for (const Value& item : value.items) WalkVariables(item, ItemType(type), false);
    const NamedType* object = value.fields.empty() ? nullptr : InputObjectOf(type);
    for (const ObjectField& field : value.fields) {
      const InputValue* definition =
          object == nullptr ? nullptr : object->FindInputField(field.name.text);
      WalkVariables(field.value, definition == nullptr ? nullptr : definition->type,
                    definition != nullptr && definition->default_value.has_value());
    }
  }

  Facts& facts_;
  Contents* contents_ = nullptr;
};

Facts::Facts(const Schema& with_schema, const Document& of_document)
    : schema(with_schema), document(of_document), types_(with_schema) {
  FactsWalk walk(*this);
  operations.reserve(document.operations.size());
  fragments.reserve(document.fragments.size());
  for (const Operation& operation : document.operations) walk.Walk(operation);
  for (const Fragment& fragment : document.fragments) walk.Walk(fragment);
  for (FragmentUse& use : fragment_uses) {
    if (use.node->kind != Selection::Kind::kFragmentSpread) continue;
    const FragmentFacts* fragment = FindFragment(use.node->name.text);
    if (fragment != nullptr) use.type = FindObject(fragment->node->type_condition.text);
  }
}

const FragmentFacts* Facts::FindFragment(std::string_view name) const {
  const auto found = fragment_by_name_.find(name);
  return found == fragment_by_name_.end() ? nullptr : &fragments[found->second];
}

const NamedType* Facts::FindObject(std::string_view name) const {
  const NamedType* type = schema.Find(name);
  return type != nullptr && type->kind == NamedType::Kind::kObject ? type : nullptr;
}

const TypeUse* ItemType(const TypeUse* type) {
  if (type == nullptr) return nullptr;
  const TypeUse& nullable = type->nullable();
  return nullable.kind == TypeUse::Kind::kList ? nullable.inner : &nullable;
}

const NamedType* InputObjectOf(const TypeUse* type) {
  if (type == nullptr) return nullptr;
  const NamedType& named = type->innermost();
  return named.kind == NamedType::Kind::kInputObject ? &named : nullptr;
}

const Field* FieldOf(const Schema& schema, const NamedType* parent, std::string_view name) {
  if (parent == nullptr) return nullptr;
  if (name.starts_with("__")) {
    if (name == schema.typename_field().name) return &schema.typename_field();
    if (parent == schema.Root(OperationType::kQuery)) {
      if (name == schema.schema_field().name) return &schema.schema_field();
      if (name == schema.type_field().name) return &schema.type_field();
    }
  }
  return parent->FindField(name);
}

}  // namespace tocsin::bridge::graphql
