// filter.h: which events a subscription is given: one meaning for every transport.
//
// Shape:   one or several clauses; an event must pass every one of them. What a client asks for is
//          one clause; what it may see, and what a request requires besides, are more (AllOf).
//          A filter may also tell leaves: then it follows the set of the incidents that match it
//          (event_types aside), and an event by which an incident leaves that set concerns it too.
// Threads: immutable; shared between shards as FilterPtr.
// Errors:  of Compile, as of Clause::Compile. After that a filter cannot fail.
// Source:  docs/protocol.md, section 2.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "core/event/clause.h"

namespace tocsin {

namespace v1 {
class SubscribeRequest;
}

class Filter;
using FilterPtr = std::shared_ptr<const Filter>;

// What an event is to a filter.
enum class Verdict : uint8_t {
  kNone,     // it does not match
  kMatches,  // it matches
  kLeaves,   // its incident matched before it and does not now; only of a filter that tells leaves
};

class Filter {
 public:
  // `path` is the filter's own path in the request ("filter", "filters"); errors name fields below
  // it.
  static absl::StatusOr<FilterPtr> Compile(const v1::Filter& filter,
                                           std::string_view path = "filter");
  // The filter that lets everything through.
  static FilterPtr MatchAll();
  // The filter that lets through what each of `filters` does. Their order does not matter, and
  // equal clauses count once.
  static FilterPtr AllOf(std::span<const FilterPtr> filters);
  // What `asked` lets through, as far as `permission` does too. Where it tells leaves, it also says
  // whether of an incident that leaves more may be told than its id (ShowsIncident).
  static FilterPtr Narrowed(const FilterPtr& asked, const FilterPtr& permission);
  // The same clauses, telling leaves.
  static FilterPtr TellingLeaves(const FilterPtr& filter);

  bool tells_leaves() const { return tells_leaves_; }

  // None of these allocates. FactTexts serve where an event is looked at once, without hashing it.
  bool Matches(const EventFacts& facts) const noexcept;
  Verdict Judge(const EventFacts& facts) const noexcept;
  Verdict Judge(const FactTexts& texts) const noexcept;
  // True when the event's incident was in the set before it and is not after it.
  bool Leaves(const EventFacts& facts) const noexcept;

  // Whether an incident is in the set that a subscription with this filter follows. event_types
  // choose among its changes and have no say here.
  bool MatchesIncident(const FactTexts& texts) const noexcept;
  // The same of the incident as it stands after an event, or of an event made of it.
  bool MatchesIncident(const EventFacts& facts) const noexcept;
  // Whether events of the type may pass.
  bool MatchesType(v1::EventType type) const noexcept { return masks_.MatchType(type); }
  // False: the event's incident, as it stands after the event, is hidden by the permission.
  bool ShowsIncident(const EventFacts& facts) const noexcept {
    return permission_ == nullptr || permission_->MatchesIncident(facts);
  }

  // Equal for filters of equal clauses that both tell leaves, and then of equal permissions, or both
  // do not.
  const std::string& key() const { return key_; }
  // What it holds, itself included.
  size_t bytes() const { return bytes_; }

  // At least one; sorted by Clause::Key.
  std::span<const Clause> clauses() const { return clauses_; }
  // What the clauses' masks have in common.
  const EnumMasks& masks() const { return masks_; }
  // Sets filter and require of a request, so that the hub lets through what this does. Where this
  // tells leaves, the events by which an incident leaves are asked for too.
  void AskFor(v1::SubscribeRequest& request) const;
  // Adds the clauses to a request's `require`, so that the hub answers it with nothing that this
  // stops. Adds none where this lets everything pass.
  void AddTo(google::protobuf::RepeatedPtrField<v1::Filter>& require) const;

 private:
  explicit Filter(absl::InlinedVector<Clause, 1> clauses, bool tells_leaves = false,
                  FilterPtr permission = nullptr);
  template <class Terms>
  bool MatchesTerms(const Terms& terms) const noexcept;
  // Whether the set has an incident of these values.
  template <class Terms>
  bool Has(v1::Severity severity, v1::IncidentState state, const Terms& terms) const noexcept;
  size_t CountBytes() const;

  const bool tells_leaves_;
  const FilterPtr permission_;  // null: it hides nothing
  absl::InlinedVector<Clause, 1> clauses_;
  EnumMasks masks_;
  std::string key_;
  size_t bytes_ = 0;
};

}  // namespace tocsin
