#include "bridge/graphql/variable_types.h"

#include "absl/strings/str_cat.h"
#include "core/base/strings.h"

namespace tocsin::bridge::graphql {

std::string ToString(const TypeReference& type) {
  switch (type.kind) {
    case TypeReference::Kind::kNamed:
      return std::string(type.name.text);
    case TypeReference::Kind::kList:
      return absl::StrCat("[", ToString(*type.inner), "]");
    case TypeReference::Kind::kNonNull:
      return absl::StrCat(ToString(*type.inner), "!");
  }
  return "";
}

}  // namespace tocsin::bridge::graphql
