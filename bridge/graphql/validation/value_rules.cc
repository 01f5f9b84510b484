#include <algorithm>

#include "absl/strings/str_cat.h"
#include "bridge/graphql/leaf_values.h"
#include "bridge/graphql/suggest.h"
#include "bridge/graphql/validation/rules.h"
#include "bridge/graphql/validation/unique_names.h"
#include "core/base/strings.h"

namespace tocsin::bridge::graphql {
namespace {

// Every literal that does not fit where it stands. Variables are for another rule.
class LiteralCheck {
 public:
  explicit LiteralCheck(Findings& findings) : findings_(findings) {}

  void Check(const Value& literal, const TypeUse* type) {
    if (type == nullptr || findings_.full()) return;
    switch (literal.kind) {
      case Value::Kind::kVariable:
        return;
      case Value::Kind::kNull:
        if (type->non_null()) Wrong(literal, *type);
        return;
      case Value::Kind::kList:
        return type->nullable().kind == TypeUse::Kind::kList ? CheckItems(literal, *type)
                                                             : CheckLeaf(literal, *type);
      case Value::Kind::kObject:
        if (const NamedType* object = InputObjectOf(type)) return CheckFields(literal, *object);
        return CheckLeaf(literal, *type);
      default:
        return CheckLeaf(literal, *type);
    }
  }

 private:
  void CheckItems(const Value& list, const TypeUse& type) {
    for (const Value& item : list.items) Check(item, ItemType(&type));
  }

  void CheckFields(const Value& object, const NamedType& type) {
    for (const InputValue& definition : type.input_fields) {
      const auto has_name = [&](const ObjectField& field) {
        return field.name.text == definition.name;
      };
      if (!definition.required() ||
          std::any_of(object.fields.begin(), object.fields.end(), has_name)) {
        continue;
      }
      findings_.Add(
          absl::StrCat("Field \"", type.name, ".", definition.name, "\" of required type \"",
                       definition.type->ToString(), "\" was not provided."),
          {object.offset});
    }
    for (const ObjectField& field : object.fields) {
      if (findings_.full()) return;
      const InputValue* definition = type.FindInputField(field.name.text);
      if (definition != nullptr) {
        Check(field.value, definition->type);
        continue;
      }
      findings_.Add(
          absl::StrCat("Field \"", ToAbsl(field.name.text), "\" is not defined by type \"",
                       type.name, "\".", Suggest(field.name.text, type.input_fields)),
          {field.name.offset});
    }
  }

  void CheckLeaf(const Value& literal, const TypeUse& type) {
    const NamedType& named = type.innermost();
    if (!named.is_leaf()) return Wrong(literal, type);
    const LeafResult result = CoerceLeaf(named, literal, nullptr);
    if (const auto* error = std::get_if<ValueError>(&result)) {
      findings_.Add(error->message, {literal.offset});
    }
  }

  void Wrong(const Value& literal, const TypeUse& type) {
    findings_.Add(absl::StrCat("Expected value of type \"", type.ToString(), "\", found ",
                               Shown(literal), "."),
                  {literal.offset});
  }

  Findings& findings_;
};

// Of every object within.
void CheckFieldNames(const Value& value, Findings& findings) {
  for (const Value& item : value.items) CheckFieldNames(item, findings);
  if (value.fields.empty()) return;
  std::vector<const Name*> names;
  for (const ObjectField& field : value.fields) names.push_back(&field.name);
  CheckUnique(names, "input field named \"", Told::kEach, findings);
  for (const ObjectField& field : value.fields) CheckFieldNames(field.value, findings);
}

}  // namespace

void ValuesOfCorrectType(const Facts& facts, Findings& findings) {
  LiteralCheck check(findings);
  for (const LiteralUse& use : facts.literals) check.Check(*use.literal, use.type);
}

void UniqueInputFieldNames(const Facts& facts, Findings& findings) {
  for (const LiteralUse& use : facts.literals) CheckFieldNames(*use.literal, findings);
}

}  // namespace tocsin::bridge::graphql
