// field_path.h: where a field is within a message, made into a text only when there is an error to
// tell.
//
// Threads: a value.
// Owns:    nothing: root and names outlive it; they are literals, the schema's names, or the
//          caller's.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"

namespace tocsin {

class FieldPath {
 public:
  FieldPath(std::string_view root) : root_(root) {}
  FieldPath(const char* root) : root_(root) {}

  // The field of that name in the message that this is.
  FieldPath operator/(std::string_view name) const { return With({name, 0}); }
  // The element of the list that this is.
  FieldPath operator[](size_t index) const { return With({{}, index}); }

  // "events[0].incident.id"
  std::string Text() const;

 private:
  struct Step {
    std::string_view name;  // empty: an index
    size_t index;
  };
  FieldPath With(Step step) const {
    FieldPath longer = *this;
    longer.steps_.push_back(step);
    return longer;
  }

  std::string_view root_;
  absl::InlinedVector<Step, 5> steps_;  // as deep as an event is
};

}  // namespace tocsin
