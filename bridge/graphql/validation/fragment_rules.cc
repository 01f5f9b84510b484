#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/graphql/suggest.h"
#include "bridge/graphql/validation/rules.h"
#include "bridge/graphql/validation/unique_names.h"
#include "core/base/strings.h"

namespace tocsin::bridge::graphql {
namespace {

void CheckTypeName(const Name& name, const Facts& facts, Findings& findings) {
  if (findings.full() || facts.schema.Find(name.text) != nullptr) return;
  std::vector<std::string> names;
  for (const NamedType* type : facts.schema.types()) names.push_back(type->name);
  findings.Add(
      absl::StrCat("Unknown type \"", ToAbsl(name.text), "\".", SuggestName(name.text, names)),
      {name.offset});
}

const Name& NameIn(const TypeReference& type) {
  return type.kind == TypeReference::Kind::kNamed ? type.name : NameIn(*type.inner);
}

void CheckComposite(const Name& condition, std::string_view fragment, const Facts& facts,
                    Findings& findings) {
  const NamedType* type = facts.schema.Find(condition.text);
  if (type == nullptr || type->kind == NamedType::Kind::kObject) return;
  findings.Add(absl::StrCat(ToAbsl(fragment), " cannot condition on non composite type \"",
                            type->name, "\"."),
               {condition.offset});
}

// Follows the spreads of each fragment, depth first. A fragment is followed once: a cycle is told
// where it is first met.
class CycleSearch {
 public:
  CycleSearch(const Facts& facts, Findings& findings) : facts_(facts), findings_(findings) {}

  void From(const FragmentFacts& fragment) {
    const std::string_view name = fragment.node->name.text;
    if (!followed_.insert(name).second || fragment.contents.spreads.empty()) return;
    begun_[name] = path_.size();
    for (const Selection* spread : fragment.contents.spreads) {
      path_.push_back(spread);
      const auto begun = begun_.find(spread->name.text);
      if (begun != begun_.end()) {
        Report(begun->second);
      } else if (const auto* next = facts_.FindFragment(spread->name.text)) {
        From(*next);
      }
      path_.pop_back();
    }
    begun_.erase(name);
  }

 private:
  // The cycle is the path from there on.
  void Report(size_t begin) {
    std::vector<size_t> offsets;
    std::vector<std::string> via;
    for (size_t i = begin; i < path_.size(); ++i) {
      offsets.push_back(path_[i]->offset);
      if (i + 1 < path_.size() && via.size() < Findings::kPlaces) {
        via.push_back(absl::StrCat("\"", ToAbsl(path_[i]->name.text), "\""));
      }
    }
    findings_.Add(
        absl::StrCat("Cannot spread fragment \"", ToAbsl(path_.back()->name.text),
                     "\" within itself", via.empty() ? "" : " via ", absl::StrJoin(via, ", "), "."),
        std::move(offsets));
  }

  const Facts& facts_;
  Findings& findings_;
  absl::flat_hash_set<std::string_view> followed_;
  std::vector<const Selection*> path_;
  absl::flat_hash_map<std::string_view, size_t> begun_;  // where in path_
};

}  // namespace

void KnownTypeNames(const Facts& facts, Findings& findings) {
  for (const Operation& operation : facts.document.operations) {
    for (const auto& variable : operation.variables) {
      CheckTypeName(NameIn(variable.type), facts, findings);
    }
  }
  for (const Fragment& fragment : facts.document.fragments) {
    CheckTypeName(fragment.type_condition, facts, findings);
  }
  for (const FragmentUse& use : facts.fragment_uses) {
    if (use.node->type_condition) CheckTypeName(*use.node->type_condition, facts, findings);
  }
}

void FragmentsOnCompositeTypes(const Facts& facts, Findings& findings) {
  for (const FragmentUse& use : facts.fragment_uses) {
    if (use.node->type_condition) {
      CheckComposite(*use.node->type_condition, "Fragment", facts, findings);
    }
  }
  for (const Fragment& fragment : facts.document.fragments) {
    CheckComposite(fragment.type_condition,
                   absl::StrCat("Fragment \"", ToAbsl(fragment.name.text), "\""), facts, findings);
  }
}

void UniqueFragmentNames(const Facts& facts, Findings& findings) {
  std::vector<const Name*> names;
  for (const Fragment& fragment : facts.document.fragments) names.push_back(&fragment.name);
  CheckUnique(names, "fragment named \"", Told::kEach, findings);
}

void KnownFragmentNames(const Facts& facts, Findings& findings) {
  for (const FragmentUse& use : facts.fragment_uses) {
    if (use.node->kind != Selection::Kind::kFragmentSpread) continue;
    const Name& name = use.node->name;
    if (facts.FindFragment(name.text) != nullptr) continue;
    findings.Add(absl::StrCat("Unknown fragment \"", ToAbsl(name.text), "\"."), {name.offset});
  }
}

void NoUnusedFragments(const Facts& facts, Findings& findings) {
  if (facts.fragments.empty()) return;
  absl::flat_hash_set<std::string_view> used;
  std::vector<const Selection*> to_follow;
  for (const OperationFacts& operation : facts.operations) {
    const auto& spreads = operation.contents.spreads;
    to_follow.insert(to_follow.end(), spreads.begin(), spreads.end());
  }
  while (!to_follow.empty()) {
    const std::string_view name = to_follow.back()->name.text;
    to_follow.pop_back();
    const FragmentFacts* fragment = facts.FindFragment(name);
    if (fragment == nullptr || !used.insert(name).second) continue;
    const auto& spreads = fragment->contents.spreads;
    to_follow.insert(to_follow.end(), spreads.begin(), spreads.end());
  }
  for (const Fragment& fragment : facts.document.fragments) {
    if (used.contains(fragment.name.text)) continue;
    findings.Add(absl::StrCat("Fragment \"", ToAbsl(fragment.name.text), "\" is never used."),
                 {fragment.offset});
  }
}

void PossibleFragmentSpreads(const Facts& facts, Findings& findings) {
  for (const auto& [node, parent, type] : facts.fragment_uses) {
    if (parent == nullptr || type == nullptr || parent == type) continue;
    const std::string fragment = node->kind == Selection::Kind::kInlineFragment
                                     ? "Fragment"
                                     : absl::StrCat("Fragment \"", ToAbsl(node->name.text), "\"");
    findings.Add(absl::StrCat(fragment, " cannot be spread here as objects of type \"",
                              parent->name, "\" can never be of type \"", type->name, "\"."),
                 {node->offset});
  }
}

void NoFragmentCycles(const Facts& facts, Findings& findings) {
  CycleSearch search(facts, findings);
  for (const FragmentFacts& fragment : facts.fragments) search.From(fragment);
}

}  // namespace tocsin::bridge::graphql
