#include "bridge/graphql/operation_size.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "core/base/strings.h"

namespace tocsin::bridge::graphql {
namespace {

// Fragments within fragments may multiply without end.
constexpr size_t kMost = 1'000'000;
size_t Sum(size_t a, size_t b) { return std::min(a + b, kMost); }

struct Size {
  size_t depth = 0;   // fields within each other
  size_t fields = 0;  // in all
  size_t lists = 0;   // within each other, of the lists that introspection can go round in

  void Add(const Size& other) {
    depth = std::max(depth, other.depth);
    fields = Sum(fields, other.fields);
    lists = std::max(lists, other.lists);
  }
};

struct OperationSize {
  Size data;
  Size introspection;  // what is within __schema and __type
  size_t aliases = 0;

  void Add(const OperationSize& other) {
    data.Add(other.data);
    introspection.Add(other.introspection);
    aliases = Sum(aliases, other.aliases);
  }
};

class Measure {
 public:
  explicit Measure(const Document& document) {
    for (const Fragment& fragment : document.fragments) {
      fragments_[fragment.name.text] = {&fragment, std::nullopt};
    }
  }

  OperationSize Of(const std::vector<Selection>& selections) {
    OperationSize size;
    for (const Selection& selection : selections) {
      switch (selection.kind) {
        case Selection::Kind::kField:
          size.Add(OfField(selection));
          break;
        case Selection::Kind::kInlineFragment:
          size.Add(Of(*selection.selections));
          break;
        case Selection::Kind::kFragmentSpread:
          size.Add(OfFragment(selection.name.text));
          break;
      }
    }
    return size;
  }

 private:
  OperationSize OfField(const Selection& field) {
    const std::string_view name = field.name.text;
    OperationSize size;
    if (field.selections) size = Of(*field.selections);
    if (field.alias) size.aliases = Sum(size.aliases, 1);
    if (name == "__typename") return size;
    const bool list = name == "fields" || name == "inputFields" || name == "interfaces" ||
                      name == "possibleTypes";
    size.data.depth = Sum(size.data.depth, 1);
    size.data.fields = Sum(size.data.fields, 1);
    size.data.lists = Sum(size.data.lists, list ? 1 : 0);
    if (name == "__schema" || name == "__type") {
      size.introspection.Add(size.data);
      size.data = {};
    }
    return size;
  }

  const OperationSize& OfFragment(std::string_view name) {
    Known& known = fragments_.at(name);
    if (!known.size) known.size = Of(known.fragment->selections);
    return *known.size;
  }

  struct Known {
    const Fragment* fragment = nullptr;
    std::optional<OperationSize> size;
  };
  absl::flat_hash_map<std::string_view, Known> fragments_;
};

}  // namespace

std::vector<DocumentError> CheckBounds(const Document& document, const Operation& operation,
                                       const RequestBounds& bounds) {
  const OperationSize size = Measure(document).Of(operation.selections);
  std::vector<DocumentError> errors;
  const auto check = [&](std::string_view what, size_t is, size_t bound, std::string_view unit) {
    if (is <= bound) return;
    const std::string amount = is == kMost ? absl::StrCat(kMost, " or more") : absl::StrCat(is);
    errors.push_back({absl::StrCat("The ", ToAbsl(what), " of the operation is ", amount, " ",
                                   ToAbsl(unit), ", but at most ", bound, " are allowed."),
                      {operation.offset}});
  };
  check("depth", size.data.depth, bounds.depth, "fields within each other");
  check("complexity", size.data.fields, bounds.complexity, "fields, with fragments written out");
  check("number of aliases", size.aliases, bounds.aliases, "aliases, with fragments written out");
  check("introspection depth", size.introspection.depth, bounds.introspection_depth,
        "fields within each other");
  check("introspection complexity", size.introspection.fields, bounds.introspection_complexity,
        "fields, with fragments written out");
  check("introspection nesting", size.introspection.lists, bounds.introspection_lists,
        "lists of fields or types within each other");
  return errors;
}

}  // namespace tocsin::bridge::graphql
