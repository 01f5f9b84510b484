// rules.h: the rules of validation, one function each.
//
// Shape:   a rule looks at the facts of a document and adds what it finds wrong. The rules do not
//          rest on each other: each passes over what another one reports.
// Threads: pure.
// Errors:  in the words that GraphQL's tools use, at the places where graphql-js says them.
// Source:  GraphQL specification (September 2025), 5. "Executable definitions" is the parser's:
//          it reads no others.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/graphql/place.h"
#include "bridge/graphql/validation/facts.h"

namespace tocsin::bridge::graphql {

// What has been found wrong, and how much more work may be spent.
class Findings {
 public:
  // Comparing fields with each other, and following fragments from every operation, can take
  // quadratic work. An introspection query with everything takes some hundred steps; so many take
  // a few milliseconds.
  static constexpr size_t kSteps = 100'000;

  // An error names at most so many places: a thousand would be of no use.
  static constexpr size_t kPlaces = 40;

  explicit Findings(size_t max_errors) : max_errors_(max_errors) {}

  // No more errors are kept: a rule may as well stop.
  bool full() const { return exhausted_ || errors_.size() >= max_errors_; }
  void Add(std::string message, std::vector<size_t> offsets) {
    if (full()) return;
    if (offsets.size() > kPlaces) offsets.resize(kPlaces);
    errors_.push_back({std::move(message), std::move(offsets)});
  }
  // False once all steps are spent; then the document is refused for that alone.
  bool Spend(size_t steps) {
    exhausted_ = exhausted_ || steps > steps_;
    steps_ -= exhausted_ ? 0 : steps;
    return !exhausted_;
  }
  bool exhausted() const { return exhausted_; }

  std::vector<DocumentError> Take() { return std::move(errors_); }

 private:
  const size_t max_errors_;
  std::vector<DocumentError> errors_;
  size_t steps_ = kSteps;
  bool exhausted_ = false;
};

struct Rule {
  std::string_view name;  // graphql-js has it with "Rule" at its end
  void (*check)(const Facts& facts, Findings& findings);
};

// In the order of the specification.
std::span<const Rule> Rules();

// operation_rules.cc
void UniqueOperationNames(const Facts& facts, Findings& findings);
void LoneAnonymousOperation(const Facts& facts, Findings& findings);
void SingleFieldSubscriptions(const Facts& facts, Findings& findings);
// field_rules.cc
void FieldsOnCorrectType(const Facts& facts, Findings& findings);
void ScalarLeafs(const Facts& facts, Findings& findings);
// overlapping_fields.cc
void OverlappingFieldsCanBeMerged(const Facts& facts, Findings& findings);
// argument_rules.cc
void KnownArgumentNames(const Facts& facts, Findings& findings);
void UniqueArgumentNames(const Facts& facts, Findings& findings);
void ProvidedRequiredArguments(const Facts& facts, Findings& findings);
// fragment_rules.cc
void KnownTypeNames(const Facts& facts, Findings& findings);
void FragmentsOnCompositeTypes(const Facts& facts, Findings& findings);
void UniqueFragmentNames(const Facts& facts, Findings& findings);
void KnownFragmentNames(const Facts& facts, Findings& findings);
void NoUnusedFragments(const Facts& facts, Findings& findings);
void PossibleFragmentSpreads(const Facts& facts, Findings& findings);
void NoFragmentCycles(const Facts& facts, Findings& findings);
// value_rules.cc
void ValuesOfCorrectType(const Facts& facts, Findings& findings);
void UniqueInputFieldNames(const Facts& facts, Findings& findings);
// directive_rules.cc
void KnownDirectives(const Facts& facts, Findings& findings);
void UniqueDirectivesPerLocation(const Facts& facts, Findings& findings);
// variable_rules.cc
void UniqueVariableNames(const Facts& facts, Findings& findings);
void VariablesAreInputTypes(const Facts& facts, Findings& findings);
void NoUndefinedVariables(const Facts& facts, Findings& findings);
void NoUnusedVariables(const Facts& facts, Findings& findings);
void VariablesInAllowedPosition(const Facts& facts, Findings& findings);

}  // namespace tocsin::bridge::graphql
