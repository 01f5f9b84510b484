// explain.h: which field of a filter lets an event through, and which stops it, in words.
//
// Shape:   one finding for each field that a filter sets. It looks at the event's facts by itself,
//          so that it can tell why; that its verdict is always Filter::Matches' is tested.
// Threads: immutable once compiled.
// Errors:  of Compile, as of Filter::Compile, with the paths `filter` and `require[0]`; more than
//          limits::kRequiredFilters.
// Source:  docs/protocol.md, sections 2 and 4.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/event/facts.h"
#include "core/event/filter.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin {

class Explainer {
 public:
  // Of an event and of a filter, so many values are told; the event's that the filter names first.
  static constexpr int kMaxValues = 20;
  // A longer value is cut.
  static constexpr size_t kMaxValueBytes = 256;

  using Filters = google::protobuf::RepeatedPtrField<v1::Filter>;
  static absl::StatusOr<Explainer> Compile(const v1::Filter& filter, const Filters& require);

  // What the caller's permission lets through: an event must pass it too. Its fields are told as
  // `permission.severities`.
  void Require(const Filter& permission);

  v1::Explanation Explain(const v1::Event& event) const;

 private:
  struct Part {
    std::string path;     // before a field's name: "", "require[0]." or "permission."
    std::string subject;  // in a sentence: "the filter", "require[0]" or "the permission"
    v1::Filter filter;    // as understood
  };
  std::vector<Part> parts_;
};

}  // namespace tocsin
