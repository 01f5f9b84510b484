#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "bridge/graphql/validation/rules.h"
#include "bridge/graphql/validation/unique_names.h"
#include "core/base/strings.h"

namespace tocsin::bridge::graphql {
namespace {

// The root fields of a subscription, by the name that each has in the answer, and the directives
// that would make it unsure which there are.
class RootFields {
 public:
  explicit RootFields(const Facts& facts) : facts_(facts) {}

  void Collect(const std::vector<Selection>& selections, const NamedType* root) {
    for (const Selection& selection : selections) {
      NoteConditions(selection);
      switch (selection.kind) {
        case Selection::Kind::kField:
          Put(selection);
          break;
        case Selection::Kind::kInlineFragment:
          if (!selection.type_condition || selection.type_condition->text == root->name) {
            Collect(*selection.selections, root);
          }
          break;
        case Selection::Kind::kFragmentSpread:
          CollectFragment(selection.name.text, root);
          break;
      }
    }
  }

  struct Group {
    std::string_view response_name;
    std::vector<const Selection*> fields;
  };
  const std::vector<Group>& groups() const { return groups_; }
  const std::vector<const Directive*>& conditions() const { return conditions_; }

 private:
  void NoteConditions(const Selection& selection) {
    for (const Directive& directive : selection.directives) {
      const std::string_view name = directive.name.text;
      if (name == "skip" || name == "include") conditions_.push_back(&directive);
    }
  }

  void Put(const Selection& field) {
    const auto [place, is_new] = index_.try_emplace(field.response_name(), groups_.size());
    if (is_new) groups_.push_back({field.response_name(), {}});
    groups_[place->second].fields.push_back(&field);
  }

  void CollectFragment(std::string_view name, const NamedType* root) {
    if (!visited_.insert(name).second) return;
    const FragmentFacts* fragment = facts_.FindFragment(name);
    if (fragment != nullptr && fragment->node->type_condition.text == root->name) {
      Collect(fragment->node->selections, root);
    }
  }

  const Facts& facts_;
  std::vector<Group> groups_;
  absl::flat_hash_map<std::string_view, size_t> index_;
  absl::flat_hash_set<std::string_view> visited_;
  std::vector<const Directive*> conditions_;
};

std::string Called(const Operation& subscription) {
  if (!subscription.name) return "Anonymous Subscription";
  return absl::StrCat("Subscription \"", ToAbsl(subscription.name->text), "\"");
}

void CheckRootFields(const Operation& operation, const RootFields& root, Findings& findings) {
  std::vector<size_t> extra;
  for (size_t i = 1; i < root.groups().size(); ++i) {
    for (const Selection* field : root.groups()[i].fields) extra.push_back(field->offset);
  }
  if (!extra.empty()) {
    findings.Add(absl::StrCat(Called(operation), " must select only one top level field."),
                 std::move(extra));
  }
  for (const auto& [response_name, fields] : root.groups()) {
    if (!fields.front()->name.text.starts_with("__")) continue;
    std::vector<size_t> offsets;
    for (const Selection* field : fields) offsets.push_back(field->offset);
    findings.Add(
        absl::StrCat(Called(operation), " must not select an introspection top level field."),
        std::move(offsets));
  }
}

}  // namespace

void UniqueOperationNames(const Facts& facts, Findings& findings) {
  std::vector<const Name*> names;
  for (const Operation& operation : facts.document.operations) {
    if (operation.name) names.push_back(&*operation.name);
  }
  CheckUnique(names, "operation named \"", Told::kEach, findings);
}

void LoneAnonymousOperation(const Facts& facts, Findings& findings) {
  if (facts.document.operations.size() < 2) return;
  for (const Operation& operation : facts.document.operations) {
    if (operation.name) continue;
    findings.Add("This anonymous operation must be the only defined operation.",
                 {operation.offset});
  }
}

// The specification wants one root field whatever the variables are, so that @skip and @include
// may not stand there. graphql-js 16 still takes them with constants.
void SingleFieldSubscriptions(const Facts& facts, Findings& findings) {
  const NamedType* type = facts.schema.Root(OperationType::kSubscription);
  if (type == nullptr) return;
  for (const Operation& operation : facts.document.operations) {
    if (operation.type != OperationType::kSubscription) continue;
    RootFields root(facts);
    root.Collect(operation.selections, type);
    for (const Directive* condition : root.conditions()) {
      findings.Add(absl::StrCat(Called(operation), " must not use \"@",
                                ToAbsl(condition->name.text), "\" on its top level."),
                   {condition->offset});
    }
    CheckRootFields(operation, root, findings);
  }
}

}  // namespace tocsin::bridge::graphql
