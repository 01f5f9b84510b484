#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "bridge/graphql/validation/rules.h"
#include "bridge/graphql/validation/unique_names.h"
#include "core/base/strings.h"

namespace tocsin::bridge::graphql {
namespace {

// Runs `look` for every use of a variable in an operation and in the fragments that it spreads,
// directly or by others. Ends early when the steps are spent.
template <typename Look>
void ForEachUse(const Facts& facts, const OperationFacts& operation, Findings& findings,
                Look look) {
  absl::flat_hash_set<std::string_view> followed;
  std::vector<const Contents*> to_look = {&operation.contents};
  while (!to_look.empty()) {
    const Contents& contents = *to_look.back();
    to_look.pop_back();
    if (!findings.Spend(contents.variables.size() + contents.spreads.size())) return;
    for (const VariableUse& use : contents.variables) look(use);
    for (const Selection* spread : contents.spreads) {
      const FragmentFacts* fragment = facts.FindFragment(spread->name.text);
      if (fragment == nullptr || !followed.insert(spread->name.text).second) continue;
      to_look.push_back(&fragment->contents);
    }
  }
}

// ` by operation "Watch"`, or nothing where it has no name.
std::string Of(const Operation& operation, std::string_view preposition) {
  if (!operation.name) return "";
  return absl::StrCat(" ", ToAbsl(preposition), " operation \"", ToAbsl(operation.name->text),
                      "\"");
}

// Whether a value of the type `given` may stand where `wanted` is.
bool IsSubtype(const TypeUse& given, const TypeUse& wanted) {
  using Kind = TypeUse::Kind;
  if (wanted.non_null()) return given.non_null() && IsSubtype(*given.inner, *wanted.inner);
  if (given.non_null()) return IsSubtype(*given.inner, wanted);
  if (given.kind != wanted.kind) return false;
  return given.kind == Kind::kNamed ? given.named == wanted.named
                                    : IsSubtype(*given.inner, *wanted.inner);
}

// A default, of the variable or of the place where it stands, makes up for a nullable type.
bool IsAllowed(const VariableDefinition& variable, const TypeUse& type, const VariableUse& use) {
  if (!use.type->non_null() || type.non_null()) return IsSubtype(type, *use.type);
  const bool variable_default =
      variable.default_value && variable.default_value->kind != Value::Kind::kNull;
  return (variable_default || use.has_default) && IsSubtype(type, *use.type->inner);
}

}  // namespace

void UniqueVariableNames(const Facts& facts, Findings& findings) {
  for (const Operation& operation : facts.document.operations) {
    if (operation.variables.size() < 2) continue;
    std::vector<const Name*> names;
    for (const VariableDefinition& variable : operation.variables) names.push_back(&variable.name);
    CheckUnique(names, "variable named \"$", Told::kTogether, findings);
  }
}

void VariablesAreInputTypes(const Facts& facts, Findings& findings) {
  for (const OperationFacts& operation : facts.operations) {
    for (size_t i = 0; i < operation.variable_types.size(); ++i) {
      const TypeUse* type = operation.variable_types[i];
      if (type == nullptr || type->innermost().is_input()) continue;
      const VariableDefinition& variable = operation.node->variables[i];
      findings.Add(absl::StrCat("Variable \"$", ToAbsl(variable.name.text),
                                "\" cannot be non-input type \"", type->ToString(), "\"."),
                   {variable.type.offset});
    }
  }
}

void NoUndefinedVariables(const Facts& facts, Findings& findings) {
  for (const OperationFacts& operation : facts.operations) {
    absl::flat_hash_set<std::string_view> defined;
    for (const auto& variable : operation.node->variables) defined.insert(variable.name.text);
    ForEachUse(facts, operation, findings, [&](const VariableUse& use) {
      if (defined.contains(use.node->text)) return;
      findings.Add(absl::StrCat("Variable \"$", ToAbsl(use.node->text), "\" is not defined",
                                Of(*operation.node, "by"), "."),
                   {use.node->offset, operation.node->offset});
    });
  }
}

void NoUnusedVariables(const Facts& facts, Findings& findings) {
  for (const OperationFacts& operation : facts.operations) {
    if (operation.node->variables.empty()) continue;
    absl::flat_hash_set<std::string_view> used;
    ForEachUse(facts, operation, findings,
               [&](const VariableUse& use) { used.insert(use.node->text); });
    for (const VariableDefinition& variable : operation.node->variables) {
      if (used.contains(variable.name.text)) continue;
      findings.Add(absl::StrCat("Variable \"$", ToAbsl(variable.name.text), "\" is never used",
                                Of(*operation.node, "in"), "."),
                   {variable.offset});
    }
  }
}

void VariablesInAllowedPosition(const Facts& facts, Findings& findings) {
  for (const OperationFacts& operation : facts.operations) {
    const auto& variables = operation.node->variables;
    if (variables.empty()) continue;
    absl::flat_hash_map<std::string_view, size_t> by_name;
    for (size_t i = 0; i < variables.size(); ++i) by_name[variables[i].name.text] = i;
    ForEachUse(facts, operation, findings, [&](const VariableUse& use) {
      const auto found = by_name.find(use.node->text);
      if (found == by_name.end() || use.type == nullptr) return;
      const VariableDefinition& variable = variables[found->second];
      const TypeUse* type = operation.variable_types[found->second];
      if (type == nullptr || IsAllowed(variable, *type, use)) return;
      findings.Add(
          absl::StrCat("Variable \"$", ToAbsl(use.node->text), "\" of type \"", type->ToString(),
                       "\" used in position expecting type \"", use.type->ToString(), "\"."),
          {variable.offset, use.node->offset});
    });
  }
}

}  // namespace tocsin::bridge::graphql
