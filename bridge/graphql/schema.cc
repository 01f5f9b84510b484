#include "bridge/graphql/schema.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "bridge/graphql/embedded.h"
#include "core/base/check.h"

namespace tocsin::bridge::graphql {
namespace {

// By a loop: the longest of these lists has some thirty entries.
template <typename Named>
const Named* FindByName(const std::vector<Named>& list, std::string_view name) {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const Named& one) { return one.name == name; });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

std::string TypeUse::ToString() const {
  switch (kind) {
    case Kind::kNamed:
      return named->name;
    case Kind::kList:
      return absl::StrCat("[", inner->ToString(), "]");
    case Kind::kNonNull:
      return absl::StrCat(inner->ToString(), "!");
  }
  return "";
}

const InputValue* Field::FindArgument(std::string_view argument) const {
  return FindByName(arguments, argument);
}

const Field* NamedType::FindField(std::string_view field) const {
  return FindByName(fields, field);
}

const InputValue* NamedType::FindInputField(std::string_view field) const {
  return FindByName(input_fields, field);
}

const EnumValue* NamedType::FindEnumValue(std::string_view value) const {
  return FindByName(enum_values, value);
}

const Schema& Schema::Tocsin() {
  static const auto* const schema = new absl::StatusOr<Schema>(Parse(TocsinSdl()));
  TOCSIN_CHECK(schema->ok());
  return **schema;
}

std::string_view Schema::TocsinSdl() { return kSchemaSdl; }

const NamedType* Schema::Find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

const NamedType* Schema::Root(OperationType type) const {
  switch (type) {
    case OperationType::kQuery:
      return Find("Query");
    case OperationType::kMutation:
      return Find("Mutation");
    case OperationType::kSubscription:
      return Find("Subscription");
  }
  return nullptr;
}

const DirectiveDefinition* Schema::FindDirective(std::string_view name) const {
  return FindByName(directives_, name);
}

}  // namespace tocsin::bridge::graphql
