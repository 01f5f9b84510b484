// unique_names.h: which names come more than once where each may come once.
//
// Threads: pure.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "bridge/graphql/ast.h"
#include "bridge/graphql/validation/rules.h"
#include "core/base/strings.h"

namespace tocsin::bridge::graphql {

// Whether an error names all places of a name at once, or each that comes again with the first.
enum class Told { kTogether, kEach };

// `names` are those that must differ. `what` begins the name: "argument named \"".
inline void CheckUnique(const std::vector<const Name*>& names, std::string_view what, Told told,
                        Findings& findings) {
  if (names.size() < 2) return;
  absl::flat_hash_map<std::string_view, std::vector<size_t>> places;
  const auto report = [&](std::string_view name, std::vector<size_t> offsets) {
    findings.Add(absl::StrCat("There can be only one ", ToAbsl(what), ToAbsl(name), "\"."),
                 std::move(offsets));
  };
  for (const Name* name : names) {
    std::vector<size_t>& offsets = places[name->text];
    offsets.push_back(name->offset);
    if (told == Told::kEach && offsets.size() > 1) {
      report(name->text, {offsets.front(), name->offset});
    }
  }
  if (told == Told::kEach) return;
  for (const auto& [name, offsets] : places) {
    if (offsets.size() > 1) report(name, offsets);
  }
}

}  // namespace tocsin::bridge::graphql
