// Whether fields that have one name in the answer can be answered by one value: they must be the
// same field with the same arguments, and so must what is selected of them.
//
// A selection set is collected once: its fields by the name that each has in the answer, and the
// fragments that it spreads. Then fields are compared within the set, with those of each fragment,
// and those of the fragments with each other. Pairs that have been compared are remembered, so that
// fragments within fragments are not written out; every comparison spends a step of Findings.
#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "bridge/graphql/validation/rules.h"
#include "core/base/strings.h"
#include "core/base/utf8.h"

namespace tocsin::bridge::graphql {
namespace {

// Fields within each other and fragments within fragments that are compared: past any depth that is
// executed. It bounds the stack.
constexpr size_t kNesting = 256;
// Of the reason that an error gives.
constexpr size_t kReasonBytes = 1'000;
// Of one side of a conflict that an error names.
constexpr size_t kPlacesOfSide = 20;

struct FieldAt {
  const Selection* node = nullptr;
  const NamedType* parent = nullptr;
  const Field* definition = nullptr;

  const TypeUse* type() const { return definition == nullptr ? nullptr : definition->type; }
};

// Fields with one name in the answer.
struct SameName {
  std::string_view name;
  std::vector<FieldAt> fields;
};

struct FieldSet {
  std::vector<SameName> names;
  absl::flat_hash_map<std::string_view, size_t> by_name;
  std::vector<std::string_view> fragments;  // each once
  // Fragments that it was compared with, and whether only as what can never be of one object.
  absl::flat_hash_map<std::string_view, bool> compared;
};

struct Conflict {
  std::string_view name;
  std::string reason;
  std::vector<size_t> first;
  std::vector<size_t> second;
};
using Conflicts = std::vector<Conflict>;

bool SameValue(const Value& a, const Value& b, Findings& findings);

bool SameFields(const std::vector<ObjectField>& a, const std::vector<ObjectField>& b,
                Findings& findings) {
  const auto sorted = [](const std::vector<ObjectField>& fields) {
    std::vector<const ObjectField*> order;
    for (const ObjectField& field : fields) order.push_back(&field);
    std::stable_sort(order.begin(), order.end(),
                     [](const auto* x, const auto* y) { return x->name.text < y->name.text; });
    return order;
  };
  return std::ranges::equal(sorted(a), sorted(b), [&](const auto* x, const auto* y) {
    return x->name.text == y->name.text && SameValue(x->value, y->value, findings);
  });
}

// As they are written: 1 and 1.0 differ, the order of an object's fields does not matter.
bool SameValue(const Value& a, const Value& b, Findings& findings) {
  if (!findings.Spend(1 + a.items.size() + a.fields.size()) || a.kind != b.kind) return false;
  switch (a.kind) {
    case Value::Kind::kString:
      return a.string == b.string && a.text.starts_with("\"\"\"") == b.text.starts_with("\"\"\"");
    case Value::Kind::kNull:
      return true;
    case Value::Kind::kList:
      return std::ranges::equal(a.items, b.items, [&](const Value& x, const Value& y) {
        return SameValue(x, y, findings);
      });
    case Value::Kind::kObject:
      return a.fields.size() == b.fields.size() && SameFields(a.fields, b.fields, findings);
    default:
      return a.text == b.text;
  }
}

bool SameArguments(const std::vector<Argument>& a, const std::vector<Argument>& b,
                   Findings& findings) {
  if (a.size() != b.size() || !findings.Spend(a.size() * b.size())) return false;
  return std::ranges::all_of(a, [&](const Argument& one) {
    const auto other = std::find_if(b.rbegin(), b.rend(), [&](const Argument& candidate) {
      return candidate.name.text == one.name.text;
    });
    return other != b.rend() && SameValue(one.value, other->value, findings);
  });
}

// Whether no value is of both types. Objects are compared by what is selected of them.
bool TypesConflict(const TypeUse& a, const TypeUse& b) {
  if (a.kind != b.kind) return true;
  if (a.kind != TypeUse::Kind::kNamed) return TypesConflict(*a.inner, *b.inner);
  return (a.named->is_leaf() || b.named->is_leaf()) && a.named != b.named;
}

class OverlapSearch {
 public:
  OverlapSearch(const Facts& facts, Findings& findings) : facts_(facts), findings_(findings) {}

  // Of these selections, and of those within.
  void Visit(const std::vector<Selection>& selections, const NamedType* parent,
             bool inline_fragment = false) {
    if (findings_.full()) return;
    const bool may_conflict =
        selections.size() > 1 || selections[0].kind == Selection::Kind::kInlineFragment;
    if (!inline_fragment && may_conflict) Report(Within(Collect(selections, parent)));
    for (const Selection& selection : selections) {
      if (!selection.selections) continue;
      const bool is_inline = selection.kind == Selection::Kind::kInlineFragment;
      Visit(*selection.selections,
            is_inline ? TypeOf(selection, parent) : Inside(selection, parent), is_inline);
    }
  }

 private:
  void Report(const Conflicts& conflicts) {
    for (const auto& [name, reason, first, second] : conflicts) {
      std::vector<size_t> offsets = first;
      offsets.insert(offsets.end(), second.begin(), second.end());
      findings_.Add(absl::StrCat("Fields \"", ToAbsl(name.substr(0, kReasonBytes)),
                                 "\" conflict because ", reason,
                                 ". Use different aliases on the fields to fetch both if this was "
                                 "intentional."),
                    std::move(offsets));
    }
  }

  // One level further down the stack. Past the last one all steps are spent.
  class Deeper {
   public:
    explicit Deeper(OverlapSearch& search) : search_(search) {
      if (++search_.nesting_ > kNesting) search_.findings_.Spend(Findings::kSteps + 1);
    }
    ~Deeper() { --search_.nesting_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;

   private:
    OverlapSearch& search_;
  };

  // ---- collecting ----

  const NamedType* TypeOf(const Selection& inline_fragment, const NamedType* parent) const {
    return inline_fragment.type_condition ? facts_.FindObject(inline_fragment.type_condition->text)
                                          : parent;
  }
  const NamedType* Inside(const Selection& field, const NamedType* parent) const {
    const Field* definition = FieldOf(facts_.schema, parent, field.name.text);
    return definition == nullptr ? nullptr : &definition->type->innermost();
  }

  FieldSet& Collect(const std::vector<Selection>& selections, const NamedType* parent) {
    auto& set = sets_[&selections];
    if (set == nullptr) {
      set = std::make_unique<FieldSet>();
      CollectInto(*set, selections, parent);
    }
    return *set;
  }
  FieldSet& Collect(const Fragment& fragment) {
    return Collect(fragment.selections, facts_.FindObject(fragment.type_condition.text));
  }

  void CollectInto(FieldSet& set, const std::vector<Selection>& selections,
                   const NamedType* parent) {
    for (const Selection& selection : selections) {
      switch (selection.kind) {
        case Selection::Kind::kField: {
          const auto [place, is_new] =
              set.by_name.try_emplace(selection.response_name(), set.names.size());
          if (is_new) set.names.push_back({selection.response_name(), {}});
          set.names[place->second].fields.push_back(
              {&selection, parent, FieldOf(facts_.schema, parent, selection.name.text)});
          break;
        }
        case Selection::Kind::kFragmentSpread: {
          const std::string_view name = selection.name.text;
          if (std::ranges::find(set.fragments, name) == set.fragments.end()) {
            set.fragments.push_back(name);
          }
          findings_.Spend(set.fragments.size());
          break;
        }
        case Selection::Kind::kInlineFragment:
          CollectInto(set, *selection.selections, TypeOf(selection, parent));
          break;
      }
    }
  }

  // ---- comparing sets ----
  // `exclusive`: the two are of objects of different types, of which only one can be there.

  Conflicts Within(FieldSet& set) {
    Conflicts conflicts;
    for (const SameName& same : set.names) {
      for (size_t i = 0; i < same.fields.size(); ++i) {
        for (size_t j = i + 1; j < same.fields.size(); ++j) {
          Compare(same.name, same.fields[i], same.fields[j], false, conflicts);
          if (findings_.exhausted()) return {};
        }
      }
    }
    for (size_t i = 0; i < set.fragments.size(); ++i) {
      WithFragment(set, set.fragments[i], false, conflicts);
      for (size_t j = i + 1; j < set.fragments.size(); ++j) {
        BetweenFragments(set.fragments[i], set.fragments[j], false, conflicts);
      }
    }
    return conflicts;
  }

  void Between(FieldSet& a, FieldSet& b, bool exclusive, Conflicts& conflicts) {
    for (const SameName& same : a.names) {
      if (!findings_.Spend(1)) return;
      const auto other = b.by_name.find(same.name);
      if (other == b.by_name.end()) continue;
      for (const FieldAt& first : same.fields) {
        for (const FieldAt& second : b.names[other->second].fields) {
          Compare(same.name, first, second, exclusive, conflicts);
        }
      }
    }
  }

  void WithFragment(FieldSet& set, std::string_view name, bool exclusive, Conflicts& conflicts) {
    if (!findings_.Spend(1) || set.names.empty()) return;
    // What was compared as not exclusive has been compared as exclusive too.
    const auto [compared, is_new] = set.compared.try_emplace(name, exclusive);
    if (!is_new && (!compared->second || exclusive)) return;
    compared->second = exclusive;
    const FragmentFacts* fragment = facts_.FindFragment(name);
    if (fragment == nullptr) return;
    FieldSet& other = Collect(*fragment->node);
    if (&set == &other) return;
    Between(set, other, exclusive, conflicts);
    const Deeper deeper(*this);
    for (const std::string_view spread : other.fragments) {
      WithFragment(set, spread, exclusive, conflicts);
    }
  }

  void BetweenFragments(std::string_view a, std::string_view b, bool exclusive,
                        Conflicts& conflicts) {
    if (a == b || !findings_.Spend(1)) return;
    const auto [compared, is_new] = pairs_.try_emplace(std::minmax(a, b), exclusive);
    if (!is_new && (!compared->second || exclusive)) return;
    compared->second = exclusive;
    const FragmentFacts* first = facts_.FindFragment(a);
    const FragmentFacts* second = facts_.FindFragment(b);
    if (first == nullptr || second == nullptr) return;
    FieldSet& first_set = Collect(*first->node);
    FieldSet& second_set = Collect(*second->node);
    Between(first_set, second_set, exclusive, conflicts);
    const Deeper deeper(*this);
    for (const std::string_view spread : second_set.fragments) {
      BetweenFragments(a, spread, exclusive, conflicts);
    }
    for (const std::string_view spread : first_set.fragments) {
      BetweenFragments(spread, b, exclusive, conflicts);
    }
  }

  Conflicts BetweenSelections(const FieldAt& a, const FieldAt& b, bool exclusive) {
    Conflicts conflicts;
    FieldSet& first = Collect(*a.node->selections, InnermostType(a));
    FieldSet& second = Collect(*b.node->selections, InnermostType(b));
    Between(first, second, exclusive, conflicts);
    for (const std::string_view name : second.fragments) {
      WithFragment(first, name, exclusive, conflicts);
    }
    for (const std::string_view name : first.fragments) {
      WithFragment(second, name, exclusive, conflicts);
    }
    for (const std::string_view one : first.fragments) {
      for (const std::string_view other : second.fragments) {
        BetweenFragments(one, other, exclusive, conflicts);
      }
    }
    return conflicts;
  }

  static const NamedType* InnermostType(const FieldAt& field) {
    return field.type() == nullptr ? nullptr : &field.type()->innermost();
  }

  // ---- comparing two fields ----

  void Compare(std::string_view name, const FieldAt& a, const FieldAt& b, bool parents_exclusive,
               Conflicts& conflicts) {
    if (!findings_.Spend(1)) return;
    const bool exclusive =
        parents_exclusive || (a.parent != b.parent && a.parent != nullptr && b.parent != nullptr);
    if (auto reason = Differ(a, b, exclusive)) {
      conflicts.push_back({name, *std::move(reason), {a.node->offset}, {b.node->offset}});
      return;
    }
    if (!a.node->selections || !b.node->selections) return;
    const Deeper deeper(*this);
    const Conflicts within = BetweenSelections(a, b, exclusive);
    if (!within.empty()) conflicts.push_back(Joined(name, a, b, within));
  }

  std::optional<std::string> Differ(const FieldAt& a, const FieldAt& b, bool exclusive) {
    if (!exclusive) {
      if (a.node->name.text != b.node->name.text) {
        return absl::StrCat("\"", ToAbsl(a.node->name.text.substr(0, kReasonBytes)), "\" and \"",
                            ToAbsl(b.node->name.text.substr(0, kReasonBytes)),
                            "\" are different fields");
      }
      if (!SameArguments(a.node->arguments, b.node->arguments, findings_)) {
        return "they have differing arguments";
      }
    }
    if (a.type() == nullptr || b.type() == nullptr || !TypesConflict(*a.type(), *b.type())) {
      return std::nullopt;
    }
    return absl::StrCat("they return conflicting types \"", a.type()->ToString(), "\" and \"",
                        b.type()->ToString(), "\"");
  }

  // What conflicts within two fields, as a conflict of the fields themselves.
  static Conflict Joined(std::string_view name, const FieldAt& a, const FieldAt& b,
                         const Conflicts& within) {
    Conflict joined{name, "", {a.node->offset}, {b.node->offset}};
    for (const Conflict& one : within) {
      if (joined.reason.size() > kReasonBytes) break;
      absl::StrAppend(&joined.reason, joined.reason.empty() ? "" : " and ", "subfields \"",
                      ToAbsl(one.name.substr(0, kReasonBytes)), "\" conflict because ", one.reason);
    }
    if (joined.reason.size() > kReasonBytes) {
      joined.reason = absl::StrCat(ToAbsl(Utf8Prefix(joined.reason, kReasonBytes)), "...");
    }
    for (const Conflict& one : within) {
      AppendPlaces(joined.first, one.first);
      AppendPlaces(joined.second, one.second);
    }
    return joined;
  }

  // As many of the last as fit.
  static void AppendPlaces(std::vector<size_t>& to, const std::vector<size_t>& from) {
    const size_t room = std::min(kPlacesOfSide - to.size(), from.size());
    to.insert(to.end(), from.end() - static_cast<ptrdiff_t>(room), from.end());
  }

  const Facts& facts_;
  Findings& findings_;
  absl::flat_hash_map<const std::vector<Selection>*, std::unique_ptr<FieldSet>> sets_;
  absl::flat_hash_map<std::pair<std::string_view, std::string_view>, bool> pairs_;
  size_t nesting_ = 0;
};

}  // namespace

void OverlappingFieldsCanBeMerged(const Facts& facts, Findings& findings) {
  OverlapSearch search(facts, findings);
  for (const OperationFacts& operation : facts.operations) {
    search.Visit(operation.node->selections, facts.schema.Root(operation.node->type));
  }
  for (const FragmentFacts& fragment : facts.fragments) {
    search.Visit(fragment.node->selections, facts.FindObject(fragment.node->type_condition.text));
  }
}

}  // namespace tocsin::bridge::graphql
