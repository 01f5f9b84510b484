// filter.h: one meaning of a filter for every transport.
//
// Shape:   Compile checks everything once; after that a filter cannot fail.
// Threads: immutable; shared between shards as FilterPtr.
// Errors:  INVALID_FILTER with the field's path and what is allowed. An unknown value is never
//          'match all'.
// Source:  docs/protocol.md, section 2.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/event/facts.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin {

class Filter;
using FilterPtr = std::shared_ptr<const Filter>;

class Filter {
 public:
  struct Term {
    uint64_t hash;
    std::string key;  // labels only
    std::string value;
  };

  // `path` is the filter's own path in the request ("filter", "filters"); errors name fields below
  // it.
  static absl::StatusOr<FilterPtr> Compile(const v1::Filter& filter,
                                           std::string_view path = "filter");
  // The filter that lets everything through.
  static FilterPtr MatchAll();

  // Both allocate nothing. Of an event's texts, without facts made of them: for one look.
  bool Matches(const EventFacts& facts) const noexcept;
  bool Matches(const FactTexts& texts) const noexcept;

  // Equal for filters that mean the same, whatever the order and number of their values.
  const std::string& key() const { return key_; }
  // As understood: values sorted, none twice.
  const v1::Filter& proto() const { return proto_; }
  // What it holds, itself included.
  size_t bytes() const { return bytes_; }

  // For the index: bit n is set when the enum's value n may match; all ones when the field is
  // empty. active_only is folded into the states.
  uint32_t type_mask() const { return type_mask_; }
  uint32_t severity_mask() const { return severity_mask_; }
  uint32_t state_mask() const { return state_mask_; }
  // Sorted by hash. Empty: all match.
  const std::vector<Term>& terms(TermField field) const {
    return terms_[static_cast<size_t>(field)];
  }

 private:
  Filter() = default;
  size_t CountBytes() const;
  bool MatchesEnums(v1::EventType type, v1::Severity severity,
                    v1::IncidentState state) const noexcept;

  v1::Filter proto_;
  std::string key_;
  uint32_t type_mask_ = ~0u;
  uint32_t severity_mask_ = ~0u;
  uint32_t state_mask_ = ~0u;
  std::vector<Term> terms_[4];  // by TermField
  size_t bytes_ = 0;
};

}  // namespace tocsin
