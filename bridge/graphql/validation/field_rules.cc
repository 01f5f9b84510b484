#include "absl/strings/str_cat.h"
#include "bridge/graphql/suggest.h"
#include "bridge/graphql/validation/rules.h"
#include "core/base/strings.h"

namespace tocsin::bridge::graphql {

void FieldsOnCorrectType(const Facts& facts, Findings& findings) {
  for (const auto& [node, parent, definition] : facts.fields) {
    if (findings.full()) return;
    if (parent == nullptr || definition != nullptr) continue;
    findings.Add(absl::StrCat("Cannot query field \"", ToAbsl(node->name.text), "\" on type \"",
                              parent->name, "\".", Suggest(node->name.text, parent->fields)),
                 {node->offset});
  }
}

void ScalarLeafs(const Facts& facts, Findings& findings) {
  for (const auto& [node, parent, definition] : facts.fields) {
    if (findings.full()) return;
    if (definition == nullptr) continue;
    const absl::string_view name = ToAbsl(node->name.text);
    const bool leaf = definition->type->innermost().is_leaf();
    if (leaf && node->selections) {
      findings.Add(absl::StrCat("Field \"", name, "\" must not have a selection since type \"",
                                definition->type->ToString(), "\" has no subfields."),
                   {node->selections_offset});
    } else if (!leaf && !node->selections) {
      findings.Add(absl::StrCat("Field \"", name, "\" of type \"", definition->type->ToString(),
                                "\" must have a selection of subfields. Did you mean \"", name,
                                " { ... }\"?"),
                   {node->offset});
    }
  }
}

}  // namespace tocsin::bridge::graphql
