#include "bridge/graphql/validation/validate.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "bridge/graphql/validation/rules.h"

namespace tocsin::bridge::graphql {
namespace {

constexpr Rule kRules[] = {
    {"UniqueOperationNames", UniqueOperationNames},
    {"LoneAnonymousOperation", LoneAnonymousOperation},
    {"SingleFieldSubscriptions", SingleFieldSubscriptions},
    {"KnownTypeNames", KnownTypeNames},
    {"FragmentsOnCompositeTypes", FragmentsOnCompositeTypes},
    {"VariablesAreInputTypes", VariablesAreInputTypes},
    {"ScalarLeafs", ScalarLeafs},
    {"FieldsOnCorrectType", FieldsOnCorrectType},
    {"UniqueFragmentNames", UniqueFragmentNames},
    {"KnownFragmentNames", KnownFragmentNames},
    {"NoUnusedFragments", NoUnusedFragments},
    {"PossibleFragmentSpreads", PossibleFragmentSpreads},
    {"NoFragmentCycles", NoFragmentCycles},
    {"UniqueVariableNames", UniqueVariableNames},
    {"NoUndefinedVariables", NoUndefinedVariables},
    {"NoUnusedVariables", NoUnusedVariables},
    {"KnownDirectives", KnownDirectives},
    {"UniqueDirectivesPerLocation", UniqueDirectivesPerLocation},
    {"KnownArgumentNames", KnownArgumentNames},
    {"UniqueArgumentNames", UniqueArgumentNames},
    {"ValuesOfCorrectType", ValuesOfCorrectType},
    {"ProvidedRequiredArguments", ProvidedRequiredArguments},
    {"VariablesInAllowedPosition", VariablesInAllowedPosition},
    {"OverlappingFieldsCanBeMerged", OverlappingFieldsCanBeMerged},
    {"UniqueInputFieldNames", UniqueInputFieldNames},
};

}  // namespace

std::span<const Rule> Rules() { return kRules; }

std::vector<DocumentError> Validate(const Schema& schema, const Document& document,
                                    size_t max_errors) {
  const Facts facts(schema, document);
  Findings findings(max_errors);
  for (const Rule& rule : Rules()) {
    if (findings.full()) break;
    rule.check(facts, findings);
  }
  if (findings.exhausted()) {
    return {
        {absl::StrCat("The document takes more than ", Findings::kSteps,
                      " steps to validate: it repeats too many fields, fragments or variables."),
         {}}};
  }
  auto errors = findings.Take();
  std::stable_sort(errors.begin(), errors.end(), [](const auto& a, const auto& b) {
    return a.offsets.front() < b.offsets.front();
  });
  return errors;
}

}  // namespace tocsin::bridge::graphql
