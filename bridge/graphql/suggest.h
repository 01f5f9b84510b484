// suggest.h: the name that a client probably meant, as GraphQL's errors end with it.
//
// Threads: pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/closest.h"

namespace tocsin::bridge::graphql {

// " Did you mean "severity"?", or "" where no name is near.
inline std::string SuggestName(std::string_view typed, const std::vector<std::string>& names) {
  const auto closest = Closest(typed, names);
  return closest ? absl::StrCat(" Did you mean \"", *closest, "\"?") : "";
}

// The same, of things that have names.
template <typename Named>
std::string Suggest(std::string_view typed, const std::vector<Named>& list) {
  std::vector<std::string> names;
  names.reserve(list.size());
  for (const Named& one : list) names.push_back(one.name);
  return SuggestName(typed, names);
}

}  // namespace tocsin::bridge::graphql
