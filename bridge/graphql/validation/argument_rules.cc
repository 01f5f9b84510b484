#include <algorithm>

#include "absl/strings/str_cat.h"
#include "bridge/graphql/suggest.h"
#include "bridge/graphql/validation/rules.h"
#include "bridge/graphql/validation/unique_names.h"
#include "core/base/strings.h"

namespace tocsin::bridge::graphql {
namespace {

// `field "Query.incident"` or `directive "@skip"`.
std::string Owner(const ArgumentList& list) {
  if (list.field == nullptr) return absl::StrCat("directive \"@", list.directive->name, "\"");
  const NamedType* parent = list.field->parent;
  return absl::StrCat("field \"", parent == nullptr ? "" : absl::StrCat(parent->name, "."),
                      list.field->name, "\"");
}

bool Has(const std::vector<InputValue>& definitions, std::string_view name) {
  return std::any_of(definitions.begin(), definitions.end(),
                     [&](const InputValue& definition) { return definition.name == name; });
}

bool Has(const std::vector<Argument>& arguments, std::string_view name) {
  return std::any_of(arguments.begin(), arguments.end(),
                     [&](const Argument& argument) { return argument.name.text == name; });
}

}  // namespace

void KnownArgumentNames(const Facts& facts, Findings& findings) {
  for (const ArgumentList& list : facts.argument_lists) {
    if (list.definitions() == nullptr) continue;
    for (const Argument& argument : *list.arguments) {
      if (findings.full()) return;
      const std::string_view name = argument.name.text;
      if (Has(*list.definitions(), name)) continue;
      findings.Add(absl::StrCat("Unknown argument \"", ToAbsl(name), "\" on ", Owner(list), ".",
                                Suggest(name, *list.definitions())),
                   {argument.name.offset});
    }
  }
}

void UniqueArgumentNames(const Facts& facts, Findings& findings) {
  for (const ArgumentList& list : facts.argument_lists) {
    if (list.arguments->size() < 2) continue;
    std::vector<const Name*> names;
    for (const Argument& argument : *list.arguments) names.push_back(&argument.name);
    CheckUnique(names, "argument named \"", Told::kTogether, findings);
  }
}

void ProvidedRequiredArguments(const Facts& facts, Findings& findings) {
  for (const ArgumentList& list : facts.argument_lists) {
    if (list.definitions() == nullptr) continue;
    for (const InputValue& definition : *list.definitions()) {
      if (findings.full()) return;
      if (!definition.required() || Has(*list.arguments, definition.name)) continue;
      const std::string owner = list.field != nullptr
                                    ? absl::StrCat("Field \"", list.field->name)
                                    : absl::StrCat("Directive \"@", list.directive->name);
      findings.Add(
          absl::StrCat(owner, "\" argument \"", definition.name, "\" of type \"",
                       definition.type->ToString(), "\" is required, but it was not provided."),
          {list.offset});
    }
  }
}

}  // namespace tocsin::bridge::graphql
