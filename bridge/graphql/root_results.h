// root_results.h: the results of an operation's root fields, as they come, and the text of all.
//
// Shape:   a field's result is rendered when it comes, so that what it was rendered from need not
//          be kept; the text has them in the order of the plan.
// Threads: one at a time.
// Owns:    plan and texts.
// Bounds:  kMostBytes: a field that would go past it is an error in its place.
// Source:  GraphQL specification (September 2025), 7.1
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "bridge/graphql/result_writer.h"
#include "bridge/graphql/selection_plan.h"
#include "core/event/limits.h"

namespace tocsin::bridge::graphql {

class RootResults {
 public:
  // Four of the largest answers that the hub gives.
  static constexpr size_t kMostBytes = 16 * limits::kMiB;

  explicit RootResults(std::unique_ptr<const SelectionPlan> plan)
      : plan_(std::move(plan)), slots_(plan_->fields.size()) {}

  size_t size() const { return slots_.size(); }
  const PlannedField& field(size_t index) const { return plan_->fields[index]; }

  template <class Value>
  void Set(size_t index, const Value& value) {
    Slot& slot = slots_[index];
    // The text is whole once the writer is gone.
    const bool has_value =
        ResultWriter(slot.json, slot.errors, /*has_history=*/true).Root(field(index), value);
    Settle(index, has_value);
  }
  void Fail(size_t index, Error error);

  // A field that may not be null is.
  bool data_is_null() const { return data_is_null_; }
  // {"data":{…},"errors":[…]}, the errors where there are some.
  std::string Text(absl::Time now) const;

 private:
  struct Slot {
    std::string json;
    Errors errors;
  };

  void Settle(size_t index, bool has_value);

  const std::unique_ptr<const SelectionPlan> plan_;
  std::vector<Slot> slots_;
  size_t bytes_ = 0;
  bool data_is_null_ = false;
};

}  // namespace tocsin::bridge::graphql
