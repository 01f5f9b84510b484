// filter.h: which events a subscription is given: one meaning for every transport.
//
// Shape:   one or several clauses; an event must pass every one of them. What a client asks for is
//          one clause; what it may see, and what a request requires besides, are more (AllOf).
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

  // Both allocate nothing. Of an event's texts, without facts made of them: for one look.
  bool Matches(const EventFacts& facts) const noexcept;
  bool Matches(const FactTexts& texts) const noexcept;

  // Whether an incident is in the set that a subscription with this filter follows. event_types
  // choose among its changes and have no say here.
  bool MatchesIncident(const FactTexts& texts) const noexcept;

  // Equal for filters of equal clauses.
  const std::string& key() const { return key_; }
  // What it holds, itself included.
  size_t bytes() const { return bytes_; }

  // At least one; sorted by Clause::Key.
  std::span<const Clause> clauses() const { return clauses_; }
  // What the clauses' masks have in common.
  const EnumMasks& masks() const { return masks_; }
  // Sets filter and require of a request, so that the hub lets through what this does.
  void AskFor(v1::SubscribeRequest& request) const;

 private:
  explicit Filter(absl::InlinedVector<Clause, 1> clauses);
  size_t CountBytes() const;

  absl::InlinedVector<Clause, 1> clauses_;
  EnumMasks masks_;
  std::string key_;
  size_t bytes_ = 0;
};

}  // namespace tocsin
