#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "bridge/graphql/suggest.h"
#include "bridge/graphql/validation/rules.h"
#include "core/base/strings.h"

namespace tocsin::bridge::graphql {

void KnownDirectives(const Facts& facts, Findings& findings) {
  for (const DirectiveList& list : facts.directives) {
    for (const Directive& directive : *list.directives) {
      if (findings.full()) return;
      const std::string_view name = directive.name.text;
      const DirectiveDefinition* definition = facts.schema.FindDirective(name);
      if (definition == nullptr) {
        findings.Add(absl::StrCat("Unknown directive \"@", ToAbsl(name), "\".",
                                  Suggest(name, facts.schema.directives())),
                     {directive.offset});
        continue;
      }
      const auto& locations = definition->locations;
      if (std::find(locations.begin(), locations.end(), list.location) == locations.end()) {
        findings.Add(absl::StrCat("Directive \"@", ToAbsl(name), "\" may not be used on ",
                                  ToAbsl(list.location), "."),
                     {directive.offset});
      }
    }
  }
}

void UniqueDirectivesPerLocation(const Facts& facts, Findings& findings) {
  for (const DirectiveList& list : facts.directives) {
    if (list.directives->size() < 2) continue;
    absl::flat_hash_map<std::string_view, size_t> first;
    for (const Directive& directive : *list.directives) {
      const std::string_view name = directive.name.text;
      const DirectiveDefinition* definition = facts.schema.FindDirective(name);
      if (definition == nullptr || definition->repeatable) continue;
      const auto [place, is_new] = first.try_emplace(name, directive.offset);
      if (is_new) continue;
      findings.Add(absl::StrCat("The directive \"@", ToAbsl(name),
                                "\" can only be used once at this location."),
                   {place->second, directive.offset});
    }
  }
}

}  // namespace tocsin::bridge::graphql
