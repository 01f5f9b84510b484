// clause.h: one set of conditions, all of which an event must meet: what a v1::Filter says.
//
// Shape:   Compile checks everything once; after that a clause cannot fail. The values of a field
//          are alternatives; the fields, and each of the labels, are conditions.
// Threads: immutable.
// Errors:  INVALID_FILTER with the field's path and what is allowed. An unknown value is never
//          'match all'.
// Source:  docs/protocol.md, section 2.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/event/facts.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin {

// Bit n is set when the enum's value n may match; all ones where any value may, also none.
struct EnumMasks {
  static constexpr uint32_t kAll = ~0u;

  uint32_t types = kAll;
  uint32_t severities = kAll;
  uint32_t states = kAll;  // active_only is folded in

  bool Match(v1::EventType type, v1::Severity severity, v1::IncidentState state) const noexcept {
    return Has(types, type) && Has(severities, severity) && Has(states, state);
  }
  bool MatchType(v1::EventType type) const noexcept { return Has(types, type); }
  // Of an incident, whatever the types.
  bool MatchIncident(v1::Severity severity, v1::IncidentState state) const noexcept {
    return Has(severities, severity) && Has(states, state);
  }
  // What both let through: an event has one value of each.
  void Narrow(const EnumMasks& other) {
    types &= other.types;
    severities &= other.severities;
    states &= other.states;
  }

 private:
  static bool Has(uint32_t mask, int number) noexcept {
    return mask == kAll || (mask >> number & 1u) != 0;
  }
};

class Clause {
 public:
  struct Term {
    uint64_t hash;
    std::string key;  // labels only
    std::string value;
  };

  // `path` is the filter's own path in the request; errors name fields below it.
  static absl::StatusOr<Clause> Compile(const v1::Filter& filter, std::string_view path);

  // All but the enums, which the masks say. Neither allocates.
  bool MatchesTerms(const TermSet& of_event) const noexcept;
  bool MatchesTerms(const TermTexts& texts) const noexcept;

  const EnumMasks& masks() const { return masks_; }
  // Sorted by hash. Empty: all match.
  const std::vector<Term>& terms(TermField field) const {
    return terms_[static_cast<size_t>(field)];
  }
  // As understood: values sorted, none twice.
  const v1::Filter& proto() const { return proto_; }
  // Equal for clauses that mean the same, whatever the order and number of their values.
  std::string Key() const;
  // What it holds beside its own object.
  size_t HeldBytes() const;

 private:
  Clause() = default;
  absl::Status CompileEnums(std::string_view path);

  v1::Filter proto_;
  EnumMasks masks_;
  std::vector<Term> terms_[4];  // by TermField
};

}  // namespace tocsin
